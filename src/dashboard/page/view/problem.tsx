import type { FerryError } from "../../../client/ferry.ts";
import { Name } from "./name.tsx";

/** What went wrong, and what the reader can do about it. */
export type Failure = Pick<FerryError, "message" | "fix">;

/** Shows an error of a call as sentences, with its fix. */
export function ProblemText({ problem: { message, fix } }: { problem: Failure }) {
  return (
    <>
      <Name of="sentence" text={endSentence(message)} />
      {fix !== null && (
        <>
          {" "}
          <strong>Fix:</strong> <Name of="sentence" text={endSentence(fix)} />
        </>
      )}
    </>
  );
}

/** Messages of the app have no full stop at their end. */
function endSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
