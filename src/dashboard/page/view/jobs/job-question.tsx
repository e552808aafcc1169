import { useState } from "preact/hooks";
import type { JobAction } from "../../state/jobs.ts";
import type { Dialog, PageState } from "../../state/page-state.ts";
import { formatCount } from "../../text/format.ts";
import { Modal } from "../dialogs/modal.tsx";
import { EndpointText } from "../name.tsx";
import { usePage } from "../page-context.ts";
import { ProblemText } from "../problem.tsx";
import { jobVerbs } from "./job-actions.tsx";

const consequences: Record<JobAction, string> = {
  abort:
    "Ferry starts no further object, aborts the pending ones, and removes the empty blobs that they leave. Copied objects stay. This cannot be undone.",
  start: "Ferry copies exactly the planned objects. Those that have changed since fail.",
  delete:
    "Ferry deletes its record of the job and its plan. The copied objects and the report stay.",
  pause: "Ferry starts no further object. Copies that are pending in Storage continue.",
  resume: "Ferry continues with the same plan.",
};

/** Asks before an order, and shows why the app has rejected it. */
export function JobQuestion(props: {
  dialog: Extract<Dialog, { kind: "job-question" }>;
  state: PageState;
  close(): void;
}) {
  const { dialog, state, close } = props;
  const { action, id } = dialog;
  const { jobLoading, polling } = usePage();
  const [isBusy, setBusy] = useState(false);
  const row = state.jobs.rows.get(id);
  const { failure } = state.jobs;
  const isRejected = failure !== null && failure.id === id && failure.action === action;
  const act = async () => {
    setBusy(true);
    const isAccepted = await jobLoading.order(action, id);
    setBusy(false);
    polling.hurry();
    if (isAccepted) close();
  };
  return (
    <Modal title={`${jobVerbs[action]} this job?`} close={close}>
      {row !== undefined && (
        <ul class="named">
          <li>
            <EndpointText url={row.item.destination} />
            <div class="faint">
              {formatCount(row.item.objects.planned, "object", "objects")} planned
            </div>
          </li>
        </ul>
      )}
      <p>{consequences[action]}</p>
      {isRejected && (
        <p class="problem" role="alert">
          <ProblemText problem={failure.error} />
        </p>
      )}
      <div class="buttons end">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button
          type="button"
          class={action === "start" ? "primary" : "danger"}
          disabled={isBusy}
          onClick={() => void act()}
        >
          {jobVerbs[action]} this job
        </button>
      </div>
    </Modal>
  );
}
