import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { hasEnded } from "../../../client/ferry.ts";
import type { FerryError } from "../../../client/ferry.ts";
import { canAct, isForAll, verbs } from "../api/changes.ts";
import type { Action } from "../api/changes.ts";
import type { PageState } from "../state/page-state.ts";
import { progressOf } from "../state/rows.ts";
import type { Row } from "../state/rows.ts";
import { formatBytes, formatTime, formatWord } from "../text/format.ts";
import { plainFileName, urlParts } from "../text/urls.ts";
import { lagText, rateText, timeText } from "./copy-row.tsx";
import { Icon, StatusIcon } from "./icons.tsx";
import { EndpointText, Name } from "./name.tsx";
import { usePage } from "./page-context.ts";
import { ProblemText } from "./problem.tsx";
import { ProgressBar } from "./progress-bar.tsx";
import { TimelineView } from "./timeline.tsx";

/** The selected copy: everything that the app says about it, and what happened to it. */
export function Details({ state }: { state: PageState }) {
  const { loading } = usePage();
  const { selected, rows, details } = state;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus();
  }, [selected]);
  if (selected === null) return null;
  const row = rows.get(selected);
  const close = () => {
    void loading.select(null);
    document.querySelector<HTMLElement>(`[data-id="${CSS.escape(selected)}"]`)?.focus();
  };
  return (
    <aside
      class="details"
      aria-label="Details of the copy"
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <div class="title">
        <h2 ref={heading} tabIndex={-1}>
          <Name text={row === undefined ? "Copy" : fileName(row.item.destination)} />
        </h2>
        <button type="button" class="quiet square" aria-label="Close the details" onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      {row === undefined ? (
        <p class="faint">
          {details.isGone ? "There is no such copy." : <Waiting error={details.error} />}
        </p>
      ) : (
        <CopyDetails row={row} state={state} />
      )}
    </aside>
  );
}

function CopyDetails({ row, state }: { row: Row; state: PageState }) {
  const { now, details, retries } = state;
  const { item, copy } = row;
  const retriedAs = retries.get(item.id) ?? [];
  const progress = progressOf(row, now);
  return (
    <div class="body">
      <p class={`cell status ${item.status}`}>
        <StatusIcon status={item.status} />
        {formatWord(item.status)}
      </p>
      {progress !== null && (
        <ProgressBar progress={progress} label={`Progress of ${plainFileName(item.destination)}`} />
      )}
      {copy?.error != null && (
        <section class="failure" aria-label="Why it failed">
          <h3>{formatWord(copy.error.cause)}</h3>
          <p>
            <Name of="sentence" text={copy.error.message} />
          </p>
          <p class="fix">
            <strong>Fix:</strong> <Name of="sentence" text={copy.error.fix} />.
          </p>
          <p class="faint">
            {copy.error.retryable
              ? "The same request may succeed later without a fix."
              : "A retry sends the same request, and fails again without the fix. If the request must change, use Change and start."}
          </p>
        </section>
      )}
      {copy?.warning != null && (
        <p class="warning">
          <Name of="sentence" text={copy.warning} />
        </p>
      )}
      {copy?.reason != null && (
        <p class="warning">
          <Name of="sentence" text={copy.reason} />
        </p>
      )}
      <Residue residue={copy?.residue ?? []} />
      <div class="buttons">
        <ActionButton action="abort" row={row} />
        <ActionButton action="retry" row={row} />
        {isForAll("retry", row) && <ChangeButton row={row} />}
        <ActionButton action="delete" row={row} />
      </div>
      <dl class="facts">
        <Fact name="Source">
          <EndpointText url={item.source} />
        </Fact>
        <Fact name="Destination">
          <EndpointText url={item.destination} />
        </Fact>
        <Fact name="Copied">{item.bytes === null ? "" : formatBytes(item.bytes)}</Fact>
        <Fact name="Rate">{rateText(row)}</Fact>
        <Fact name="Time">{timeText(row, now)}</Fact>
        <Fact name={hasEnded(item) ? "Recorded after" : "Read ago"}>{lagText(row, now)}</Fact>
        <Fact name="Requested">{formatTime(item.createdAt)}</Fact>
        <Fact name="Started">{copy?.startedAt == null ? "" : formatTime(copy.startedAt)}</Fact>
        <Fact name="Completed">
          {item.completedAt === null ? "" : formatTime(item.completedAt)}
        </Fact>
        <Fact name="Next read">
          {copy?.nextReadAt == null || hasEnded(item) ? "" : formatTime(copy.nextReadAt)}
        </Fact>
        <Fact name="Status reads">{copy === null ? "" : String(copy.statusReads)}</Fact>
        <Fact name="Retry of">{copy?.retryOf == null ? "" : <CopyLink id={copy.retryOf} />}</Fact>
        <Fact name="Retried as">
          {retriedAs.length === 0 ? "" : retriedAs.map((id) => <CopyLink key={id} id={id} />)}
        </Fact>
        <Fact name="Id">
          <span class="id">
            <Name text={item.id} />
          </span>
        </Fact>
        <Fact name="Storage’s id">
          {copy?.copyId == null ? (
            ""
          ) : (
            <span class="id">
              <Name text={copy.copyId} />
            </span>
          )}
        </Fact>
      </dl>
      <h3>Timeline</h3>
      {details.timeline !== null && <TimelineView timeline={details.timeline} />}
      {details.timeline === null && (
        <p class="faint">
          <Waiting error={details.error} />
        </p>
      )}
    </div>
  );
}

/** In the place of what has not arrived. */
function Waiting({ error }: { error: FerryError | null }) {
  return error === null ? <>Loading…</> : <ProblemText problem={error} />;
}

function Residue({ residue }: { residue: readonly string[] }) {
  if (residue.length === 0) return null;
  return (
    <section class="warning" aria-label="What was left behind">
      <p>Ferry could not clean up everything:</p>
      <ul>
        {residue.map((each) => (
          <li key={each}>
            <Name of="sentence" text={each} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function ActionButton({ action, row }: { action: Action; row: Row }) {
  const { store } = usePage();
  if (!canAct(action, row)) return null;
  const ids = [row.item.id];
  return (
    <button
      type="button"
      onClick={() => store.set({ dialog: { kind: "question", action, ids, about: "" } })}
    >
      {verbs[action].now}…
    </button>
  );
}

/** Leads to another copy. */
function CopyLink({ id }: { id: string }) {
  const { loading } = usePage();
  return (
    <button type="button" class="link id" onClick={() => void loading.select(id)}>
      <Name text={id} />
    </button>
  );
}

/** A retry repeats the request, so a fix of the request itself needs a new one. */
function ChangeButton({ row: { item } }: { row: Row }) {
  const { store } = usePage();
  const { source, destination } = item;
  return (
    <button
      type="button"
      onClick={() => store.set({ dialog: { kind: "start", like: { source, destination } } })}
    >
      Change and start…
    </button>
  );
}

/** A fact that is not known is not shown. */
function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === "") return null;
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function fileName(url: string): string {
  const { segments, host } = urlParts(url);
  return segments.at(-1) ?? host;
}
