import { formatBytes } from "../client/format-bytes.ts";
import { nameField, nameFlags } from "./flags/flag-names.ts";
import type { Progress } from "./watch/progress-view.ts";
import type { Copy, CopyProgress, CopySummary, Plan, Timeline } from "../client/ferry.ts";

/** Formats a duration in ms by its two largest units. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const [minutes, hours, days] = [60, 3_600, 86_400].map((each) => Math.floor(seconds / each)) as [
    number,
    number,
    number,
  ];
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

/** The rate and the remaining time: Ferry's forecast at its latest poll. */
export function describeRate({
  bytesPerSecond,
  estimatedCompletion,
  readAt,
}: CopyProgress): string {
  const rate = bytesPerSecond === null ? [] : [`${formatBytes(Math.round(bytesPerSecond))}/s`];
  if (estimatedCompletion === null || readAt === null) return rate.join("");
  const left = Date.parse(estimatedCompletion) - Date.parse(readAt);
  return [...rate, `${formatDuration(left)} left`].join(", ");
}

/** The progress of a running copy. */
export function progressOfCopy({ id, status, progress, warning }: Copy): Progress {
  const line = progress === null ? status : `${status.padEnd(9)}  ${describeBytes(progress)}`;
  const shown = {
    id,
    before: status.padEnd(9),
    line: warning === null ? line : `${line}  (${warning})`,
    warning,
  };
  if (progress === null) {
    const after = `${formatPercent(0)} | -`;
    return { ...shown, done: 0, after, shortAfter: after };
  }
  const { bytesCopied, totalBytes, percent } = progress;
  const bytes = `${formatBytes(bytesCopied)}/${formatBytes(totalBytes)}`;
  const rate = describeRate(progress);
  return {
    ...shown,
    done: bytesCopied / Math.max(1, totalBytes),
    after: [formatPercent(percent), bytes, rate].join(" | "),
    shortAfter: `${formatPercent(percent)} | ${rate}`,
  };
}

/** With a width that does not change. */
export function formatPercent(percent: number): string {
  return `${percent.toFixed(1)} %`.padStart(7);
}

function describeBytes(progress: CopyProgress): string {
  const { percent, bytesCopied, totalBytes } = progress;
  const rate = describeRate(progress);
  const bytes = `${percent.toFixed(1)} %, ${formatBytes(bytesCopied)} of ${formatBytes(totalBytes)}`;
  return rate === "" ? bytes : `${bytes}, ${rate}`;
}

/** The lines for a copy that has ended. */
export function describeEnd(copy: Copy): string[] {
  const { id, status, error, reason, residue, progress, abortRequested } = copy;
  const more: string[] = [];
  if (error !== null) {
    more.push(`Cause: ${error.cause}`, `Fix: ${nameFlags(error.fix)}`);
    if (error.retryable) more.push(`The same request may succeed later: ferry retry ${id}`);
  }
  if (status === "succeeded" && abortRequested) {
    more.push("It finished before Storage received the abort");
  }
  more.push(...residue.map((each) => `Left behind: ${each}`));
  const bytes =
    status === "succeeded" && progress !== null ? formatBytes(progress.totalBytes) : null;
  const detail = error?.message ?? reason ?? bytes;
  return [`Copy ${id} ${status}${detail === null ? "" : `: ${nameFlags(detail)}`}`, ...more];
}

/** The lines of `ferry show`. */
export function describeCopy(copy: Copy): string[] {
  const { progress, error } = copy;
  const fields: [string, string | null][] = [
    ["id", copy.id],
    ["status", copy.status],
    ["source", copy.source],
    ["destination", copy.destination],
    ["retry of", copy.retryOf],
    ["progress", progress === null ? null : describeBytes(progress)],
    ["created", copy.createdAt],
    ["started", copy.startedAt],
    ["completed", copy.completedAt],
    ["next read", copy.nextReadAt],
    ["warning", copy.warning],
    ["reason", copy.reason === null ? null : nameFlags(copy.reason)],
    ["cause", error?.cause ?? null],
    ["message", error === null ? null : nameFlags(error.message)],
    ["fix", error === null ? null : nameFlags(error.fix)],
    ["retryable", error === null ? null : error.retryable ? "yes" : "no"],
    ...copy.residue.map((each): [string, string] => ["left behind", each]),
  ];
  return fields.flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(12)} ${value}`]));
}

export const listHeader = `${"id".padEnd(36)}  ${"status".padEnd(9)}  ${"created".padEnd(20)}  ${"copied".padStart(10)}  destination`;

/** One line of `ferry list`. */
export function describeItem(item: CopySummary): string {
  const { id, status, createdAt, progress, bytes, cause, destination } = item;
  const copied = progress === null ? formatCopied(bytes) : `${progress.percent.toFixed(1)} %`;
  const created = createdAt.replace(/\.\d+Z$/, "Z");
  const line = [id, status.padEnd(9), created.padEnd(20), copied.padStart(10), destination].join(
    "  ",
  );
  return cause === null ? line : `${line}  (${cause})`;
}

function formatCopied(bytes: number | null): string {
  return bytes === null ? "-" : formatBytes(bytes);
}

export function describeTimeline({ entries }: Timeline): string[] {
  return entries.map(({ at, step, until, byRepair }) => {
    const parts = [at.padEnd(24), step, ...(until === null ? [] : [`until ${until}`])];
    return [...parts, ...(byRepair ? ["(by the repair)"] : [])].join("  ");
  });
}

/** The lines of `ferry copy --dry-run`. */
export function describePlan(plan: Plan): string[] {
  const calls = (title: string, list: Plan["reads"]) =>
    list.map(({ operation, url, authorization, when }) => {
      const condition = when === null ? "" : `, ${nameFlags(when)}`;
      return `${title.padEnd(12)} ${operation} ${url} (${authorization}${condition})`;
    });
  return [
    `Nothing was started. The copy would do this:`,
    `${"source".padEnd(12)} ${plan.source}`,
    `${"destination".padEnd(12)} ${plan.destination}`,
    ...calls("reads", plan.reads),
    ...calls("writes", plan.writes),
    ...plan.mints.map(
      ({ url, permissions, validDays }) =>
        `${"signs a SAS".padEnd(12)} ${url} (${permissions}, ${validDays} days)`,
    ),
    ...plan.conditions.map((each) => `${"condition".padEnd(12)} ${nameFlags(each)}`),
    ...plan.notCarried.map(
      ({ what, option }) =>
        `${"not copied".padEnd(12)} ${what}${option === null ? "" : ` (see ${nameField(`/options/${option.replaceAll(".", "/")}`)})`}`,
    ),
  ];
}
