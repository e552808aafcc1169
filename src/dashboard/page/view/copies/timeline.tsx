import { useState } from "preact/hooks";
import type { Timeline } from "../../../../client/ferry.ts";
import { formatDuration, formatTime } from "../../text/format.ts";

type Entry = Timeline["entries"][number];

const labels: Record<Entry["step"], string> = {
  requested: "Requested",
  start: "Start",
  read: "Read",
  wait: "Wait",
  woken: "Woken by an event",
  "abort-requested": "Abort requested",
  abort: "Abort",
  settle: "Clean up",
  notify: "Notify",
  "failed-step": "A step failed",
  suspended: "Suspended",
  resumed: "Resumed",
  terminated: "Terminated",
  ended: "Ended",
};

/** Without "all", the first and the last entries. */
const maxFirst = 8;
const maxLast = 20;

/** The events of a copy with their times. */
export function TimelineView({ timeline }: { timeline: Timeline }) {
  const [isLong, showAll] = useState(false);
  const { entries, source } = timeline;
  const left = entries.length - maxFirst - maxLast;
  const isCut = left > 1 && !isLong;
  const shown = isCut ? [...entries.slice(0, maxFirst), ...entries.slice(-maxLast)] : entries;
  const begun = Date.parse(entries[0]?.at ?? "");
  return (
    <>
      <ol class="timeline">
        {shown.map((entry, index) => (
          <EntryView key={index} entry={entry} begun={begun} />
        ))}
      </ol>
      {isCut && (
        <button type="button" class="quiet" onClick={() => showAll(true)}>
          Show {left} more in between
        </button>
      )}
      {source === "ledger" && (
        <p class="faint">The history of this copy was purged. These dates are from the ledger.</p>
      )}
    </>
  );
}

function EntryView({ entry, begun }: { entry: Entry; begun: number }) {
  const { at, step, until, byRepair } = entry;
  const took = until === null ? null : Date.parse(until) - Date.parse(at);
  const isWait = step === "wait";
  return (
    <li class={`step ${step}`}>
      <span class="what">
        {labels[step]}
        {byRepair && " (repair)"}
      </span>
      <time dateTime={at} title={formatTime(at)}>
        +{formatDuration(Date.parse(at) - begun)}
      </time>
      <span class="took">
        {took !== null && took >= 1_000 && `${isWait ? "at most " : ""}${formatDuration(took)}`}
      </span>
    </li>
  );
}
