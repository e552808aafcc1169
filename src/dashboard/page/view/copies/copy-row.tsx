import { hasEnded } from "../../../../client/ferry.ts";
import { canAct } from "../../api/changes.ts";
import { progressOf } from "../../state/rows.ts";
import type { Row } from "../../state/rows.ts";
import {
  formatAge,
  formatBytes,
  formatDuration,
  formatRate,
  formatTime,
  formatWord,
} from "../../text/format.ts";
import { plainFileName } from "../../text/urls.ts";
import { StatusIcon } from "../icons.tsx";
import { EndpointLine } from "../name.tsx";
import { ProgressBar } from "../progress-bar.tsx";

/** The heights of a row and of the titles above the rows (px), which the styles have too. */
export const rowHeight = 56;
export const headHeight = 30;

export type RowProps = {
  row: Row;
  index: number;
  now: number;
  isSelected: boolean;
  /** The one row that the Tab key reaches; the arrow keys lead to the others. */
  isCurrent: boolean;
  open(): void;
  focused(): void;
  abort(): void;
  retry(): void;
};

/** One copy in the list. */
export function CopyRow(props: RowProps) {
  const { row, index, now, isSelected, isCurrent, open, focused, abort, retry } = props;
  const { id, status, source, destination, createdAt } = row.item;
  const name = plainFileName(destination);
  const tabIndex = isCurrent ? 0 : -1;
  return (
    <div
      role="row"
      class={isSelected ? "row selected" : "row"}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      tabIndex={tabIndex}
      data-id={id}
      data-status={status}
      style={{ transform: `translateY(${index * rowHeight}px)` }}
      onClick={open}
      onFocus={focused}
    >
      <div role="gridcell" class={`cell status ${status}`}>
        <StatusIcon status={status} />
        {formatWord(status)}
      </div>
      <div role="gridcell" class="cell names">
        <span class="line">
          <EndpointLine url={source} />
        </span>
        <span class="line to">
          <span class="arrow" aria-hidden="true">
            →
          </span>
          <span class="hidden">to </span>
          <EndpointLine url={destination} />
        </span>
      </div>
      <div role="gridcell" class="cell amount-cell">
        <Amount row={row} now={now} name={name} />
      </div>
      <div role="gridcell" class="cell number rate">
        {rateText(row)}
      </div>
      <div role="gridcell" class="cell number left">
        {timeText(row, now)}
      </div>
      <div role="gridcell" class="cell number lag">
        {lagText(row, now)}
      </div>
      <div role="gridcell" class="cell number age">
        <time dateTime={createdAt} title={formatTime(createdAt)}>
          {formatAge(now - Date.parse(createdAt))}
        </time>
      </div>
      <div role="gridcell" class="cell actions" onClick={(event) => event.stopPropagation()}>
        {canAct("abort", row) && (
          <button type="button" tabIndex={tabIndex} aria-label={`Abort ${name}`} onClick={abort}>
            Abort
          </button>
        )}
        {hasEnded(row.item) && status !== "succeeded" && (
          <button type="button" tabIndex={tabIndex} aria-label={`Retry ${name}`} onClick={retry}>
            Retry
          </button>
        )}
      </div>
    </div>
  );
}

function Amount({ row, now, name }: { row: Row; now: number; name: string }) {
  const { status, cause, bytes } = row.item;
  const progress = progressOf(row, now);
  if (progress !== null) return <ProgressBar progress={progress} label={`Progress of ${name}`} />;
  if (status === "failed") return <span class="cause">{formatWord(cause ?? "internal")}</span>;
  if (status === "succeeded" && bytes !== null) return <span>{formatBytes(bytes)}</span>;
  return hasEnded(row.item) ? null : <span class="faint">not started</span>;
}

/** The rate that Storage has reported; of a copy that succeeded, the average. */
export function rateText({ item }: Row): string {
  const { status, bytes, createdAt, completedAt, progress } = item;
  if (progress !== null) {
    return progress.bytesPerSecond === null ? "" : formatRate(progress.bytesPerSecond);
  }
  if (status !== "succeeded" || bytes === null || completedAt === null) return "";
  const ms = Date.parse(completedAt) - Date.parse(createdAt);
  return ms < 1_000 ? "" : formatRate((bytes * 1_000) / ms);
}

/** The estimated remaining time; of a copy that has ended, its duration. */
export function timeText({ item }: Row, now: number): string {
  const { createdAt, completedAt, progress } = item;
  if (completedAt !== null) {
    const took = Date.parse(completedAt) - Date.parse(createdAt);
    return took < 1_000 ? "took < 1 s" : `took ${formatDuration(took)}`;
  }
  const estimate = progress?.estimatedCompletion ?? null;
  if (estimate === null) return "";
  const left = Date.parse(estimate) - now;
  return left > 0 ? `${formatDuration(left)} left` : "due now";
}

/**
 * The time since the app's latest poll of a running copy; of a copy that has ended, the time between Storage's
 * completion and the app's record of it.
 */
export function lagText({ item, copy }: Row, now: number): string {
  const readAt = item.progress?.readAt ?? null;
  if (readAt !== null) return formatDuration(now - Date.parse(readAt));
  if (copy === null || copy.completedAt === null || copy.copyCompletedAt === null) return "";
  return formatDuration(Date.parse(copy.lastUpdatedAt) - Date.parse(copy.copyCompletedAt));
}
