import { useEffect, useRef, useState } from "preact/hooks";
import { verbs } from "../../api/changes.ts";
import type { Action, ActionProgress } from "../../api/changes.ts";
import type { Dialog, PageState } from "../../state/page-state.ts";
import type { Row } from "../../state/rows.ts";
import { formatCount, formatWord } from "../../text/format.ts";
import { plainFileName } from "../../text/urls.ts";
import { Modal } from "./modal.tsx";
import { EndpointText, Name } from "../name.tsx";
import { usePage } from "../page-context.ts";
import { ProblemText } from "../problem.tsx";

const consequences: Record<Action, string> = {
  abort:
    "Storage stops copying. Ferry removes the incomplete blob, or restores what it overwrote if the copy has a rollback. This cannot be undone.",
  retry: "A new copy starts with the same source, destination and options.",
  delete: "Ferry deletes its record of the copy and the history. The copied blob or file stays.",
};

/** Why a copy has failed: a retry without the fix would fail again. */
function WhyFailed({ row }: { row: Row | undefined }) {
  const cause = row?.item.cause ?? null;
  return cause === null ? null : <div class="faint">It failed: {formatWord(cause)}</div>;
}

/** How many of the copies the question names. */
const maxNamed = 3;

/** Asks before an action, then shows how far it is, and what failed. */
export function Question(props: {
  dialog: Extract<Dialog, { kind: "question" }>;
  state: PageState;
  close(): void;
}) {
  const { dialog, state, close } = props;
  const { action, ids, about } = dialog;
  const { changes, polling } = usePage();
  const [progress, setProgress] = useState<ActionProgress | null>(null);
  const ended = useRef(new AbortController());
  useEffect(() => () => ended.current.abort(), []);
  const isDone = progress !== null && progress.done === progress.total;
  const what = ids.length === 1 ? "this copy" : formatCount(ids.length);
  const act = async () => {
    setProgress({ done: 0, total: ids.length, failed: [] });
    const { signal } = ended.current;
    const result = await changes.act(action, ids, { signal, changed: setProgress });
    polling.hurry();
    if (!signal.aborted && result.failed.length === 0) close();
  };
  return (
    <Modal title={`${verbs[action].now} ${what}?`} close={close}>
      {progress === null && (
        <>
          {about !== "" && (
            <p>
              <Name of="sentence" text={about} />.
            </p>
          )}
          <ul class="named">
            {ids.slice(0, maxNamed).map((id) => (
              <li key={id}>
                <EndpointText url={state.rows.get(id)?.item.destination ?? ""} />
                <WhyFailed row={state.rows.get(id)} />
              </li>
            ))}
            {ids.length > maxNamed && <li>and {ids.length - maxNamed} more</li>}
          </ul>
          <p>{consequences[action]}</p>
          <div class="buttons end">
            <button type="button" onClick={close}>
              Cancel
            </button>
            <button
              type="button"
              class={action === "retry" ? "primary" : "danger"}
              onClick={() => void act()}
            >
              {verbs[action].now} {what}
            </button>
          </div>
        </>
      )}
      {progress !== null && (
        <>
          <p role="status">
            {progress.done} of {formatCount(progress.total)} done
          </p>
          <progress max={progress.total} value={progress.done} aria-label="Progress" />
          {progress.failed.length > 0 && (
            <ul class="problems">
              {progress.failed.map(({ id, problem }) => (
                <li key={id}>
                  <strong>{plainFileName(state.rows.get(id)?.item.destination ?? "")}</strong>:{" "}
                  <ProblemText problem={problem} />
                </li>
              ))}
            </ul>
          )}
          <div class="buttons end">
            <button type="button" onClick={close}>
              {isDone ? "Close" : "Stop"}
            </button>
          </div>
        </>
      )}
    </Modal>
  );
}
