import type { PageState } from "../state/page-state.ts";
import { ProblemText } from "./problem.tsx";

/** Above a list that may be out of date, because the last call failed. */
export function LostBanner({ state: { connection } }: { state: PageState }) {
  if (connection.kind !== "lost") return null;
  return (
    <p class="problem banner" role="alert">
      <ProblemText problem={connection} /> The page tries again.
    </p>
  );
}
