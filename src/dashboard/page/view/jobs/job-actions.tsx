import type { JobStatus } from "../../../../client/ferry.ts";
import { canOrder } from "../../state/jobs.ts";
import type { JobAction } from "../../state/jobs.ts";
import { usePage } from "../page-context.ts";

export const jobVerbs: Record<JobAction, string> = {
  pause: "Pause",
  resume: "Resume",
  start: "Start",
  abort: "Abort",
  delete: "Forget",
};

/** A pause and a resume can be undone, so the page does not ask before them. */
const asksNot: readonly JobAction[] = ["pause", "resume"];

type Props = {
  id: string;
  status: JobStatus;
  /** The name of the job in labels, if the place of the button does not show the job; or empty. */
  of: string;
  only: readonly JobAction[];
};

/** The buttons of the orders that the app accepts for the job now. */
export function JobActions({ id, status, of, only }: Props) {
  const { store, jobLoading, polling } = usePage();
  const act = async (action: JobAction) => {
    if (!asksNot.includes(action)) {
      store.set({ dialog: { kind: "job-question", action, id } });
      return;
    }
    if (await jobLoading.order(action, id)) polling.hurry();
  };
  return (
    <span class="buttons">
      {only
        .filter((action) => canOrder(action, status))
        .map((action) => (
          <button
            key={action}
            type="button"
            aria-label={of === "" ? undefined : `${jobVerbs[action]} the job to ${of}`}
            onClick={() => void act(action)}
          >
            {jobVerbs[action]}
            {asksNot.includes(action) ? "" : "…"}
          </button>
        ))}
    </span>
  );
}
