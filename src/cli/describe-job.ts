import type { Job, JobSummary } from "../client/ferry.ts";
import { formatBytes } from "../client/format-bytes.ts";
import { formatDuration, formatPercent } from "./describe-copy.ts";
import { nameFlags } from "./flags/flag-names.ts";
import type { Progress } from "./watch/progress-view.ts";

const numbers = new Intl.NumberFormat("en");
const count = (value: number) => numbers.format(value);
const objects = (value: number) => `${count(value)} ${value === 1 ? "object" : "objects"}`;

/** How many names of failed objects are shown of each cause. */
const maxShownNames = 5;

/** What is shown of a job that runs. */
export function progressOfJob(job: Job): Progress {
  const { id, status, bytes, isPlanned } = job;
  const { planned, remaining, pending } = job.objects;
  const final = planned - remaining - pending;
  const done = planned === 0 ? 0 : final / planned;
  const percent = formatPercent(done * 100);
  // More objects follow while pages are planned.
  const total = `${count(planned)}${isPlanned ? "" : "+"}`;
  const some = `${count(final)}/${total}`;
  const rate = describeRate(job);
  const counters = [
    `${percent.trim()}, ${count(final)} of ${total} objects${describeOthers(job)}`,
    `${formatBytes(bytes.copied)} of ${formatBytes(bytes.planned)}`,
    ...(rate === "" ? [] : [rate]),
  ].join(", ");
  const warning = warningOf(job);
  return {
    id,
    done,
    before: status.padEnd(9),
    after: [percent, `${some}${describeOthers(job)}`, rate].join(" | "),
    shortAfter: `${percent} | ${some}`,
    line: `${status.padEnd(9)}  ${counters}${warning === null ? "" : `  (${warning})`}`,
    warning,
  };
}

function describeOthers({ objects: { failed, skipped } }: Job): string {
  const parts = [
    ...(failed === 0 ? [] : [`${count(failed)} failed`]),
    ...(skipped === 0 ? [] : [`${count(skipped)} skipped`]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

function describeRate({ rate, estimatedCompletion, lastUpdatedAt }: Job): string {
  const left =
    estimatedCompletion === null
      ? null
      : Math.max(0, Date.parse(estimatedCompletion) - Date.parse(lastUpdatedAt));
  return [
    ...(rate === null
      ? []
      : [
          `${rate.objectsPerSecond.toFixed(1)} objects/s`,
          `${formatBytes(Math.round(rate.bytesPerSecond))}/s`,
        ]),
    ...(left === null ? [] : [`${formatDuration(left)} left`]),
  ].join(", ");
}

function warningOf({ warning, throttling }: Job): string | null {
  if (warning !== null) return nameFlags(warning);
  if (throttling?.pausedUntil == null) return null;
  return `Storage is busy: the job pauses until ${throttling.pausedUntil}`;
}

/** The lines for a job that has ended, or that is planned or paused. */
export function describeJobEnd(job: Job): string[] {
  const { id, status, error, report } = job;
  const more: string[] = [];
  if (error !== null) {
    more.push(`Cause: ${error.cause}`, `Fix: ${nameFlags(error.fix)}`);
    if (error.retryable) more.push("The same job may succeed later");
  }
  more.push(...describeFailures(job));
  if (report !== null && status !== "planned") more.push(`Report: ${report}`);
  if (status === "planned") more.push(`To copy these objects: ferry job run ${id}`);
  if (status === "paused") more.push(`To continue: ferry job resume ${id}`);
  return [`Job ${id} ${status}: ${summaryOf(job)}`, ...more];
}

function summaryOf(job: Job): string {
  const { status, reason, error, bytes } = job;
  if (reason !== null) return reason.replace('"select"', "The selection");
  if (error !== null) return nameFlags(error.message);
  if (status === "planned") {
    return `${objects(job.objects.planned)}, ${formatBytes(bytes.planned)}; nothing was copied`;
  }
  const { copied, skipped, failed, aborted, notStarted, remaining } = job.objects;
  const others = { skipped, failed, aborted, "not started": notStarted, remaining };
  return [
    `${count(copied)} copied, ${formatBytes(bytes.copied)}`,
    ...Object.entries(others).flatMap(([name, value]) =>
      value === 0 ? [] : [`${count(value)} ${name}`],
    ),
  ].join(", ");
}

/** Failures by cause, the most frequent first, with the fix and the first names. */
function describeFailures({ failedByCause, failures }: Job): string[] {
  const causes = Object.entries(failedByCause).toSorted(([, one], [, other]) => other - one);
  return causes.flatMap(([cause, failed]) => {
    const known = failures.filter((each) => each.cause === cause);
    const names = known.slice(0, maxShownNames).map(({ name, message }) => {
      return `    ${name}: ${nameFlags(message)}`;
    });
    const [first] = known;
    return [
      `Failed: ${objects(failed)}, ${cause}`,
      ...(first === undefined ? [] : [`  Fix: ${nameFlags(first.fix)}`]),
      ...names,
      ...(failed > names.length && names.length > 0
        ? [`    and ${count(failed - names.length)} more`]
        : []),
    ];
  });
}

/** The lines of `ferry job show`. */
export function describeJob(job: Job): string[] {
  const { error, select, throttling } = job;
  const counters = Object.entries(job.objects).filter(([name, value]) => {
    return value !== 0 || name === "planned" || name === "copied";
  });
  const selected = Object.entries(select).filter(([, value]) => {
    return value !== null && !(Array.isArray(value) && value.length === 0);
  });
  const rate = describeRate(job);
  const lost = Object.entries(job.notCarried).map(
    ([what, value]) => `${what} of ${objects(value)}`,
  );
  const fields: [string, string | null][] = [
    ["id", job.id],
    ["status", job.status],
    ["source", job.source],
    ["destination", job.destination],
    [
      "selection",
      selected.length === 0
        ? null
        : selected.map(([name, value]) => `${name} ${String(value)}`).join("; "),
    ],
    ["report", job.report],
    ["objects", counters.map(([name, value]) => `${count(value)} ${wordOf(name)}`).join(", ")],
    [
      "bytes",
      `${formatBytes(job.bytes.copied)} of ${formatBytes(job.bytes.planned)}${job.isPlanned ? "" : ", and more is being planned"}`,
    ],
    ["rate", rate === "" ? null : rate],
    [
      "concurrency",
      throttling === null
        ? String(job.concurrency)
        : `${throttling.concurrency} of ${job.concurrency}: Storage was busy ${count(throttling.calls)} times`,
    ],
    ["created", job.createdAt],
    ["started", job.startedAt],
    ["completed", job.completedAt],
    ["warning", warningOf(job)],
    ["reason", job.reason === null ? null : job.reason.replace('"select"', "The selection")],
    ["cause", error?.cause ?? null],
    ["message", error === null ? null : nameFlags(error.message)],
    ["fix", error === null ? null : nameFlags(error.fix)],
    ["not carried", lost.length === 0 ? null : lost.join(", ")],
  ];
  const lines = fields.flatMap(([name, value]) =>
    value === null ? [] : [`${name.padEnd(12)} ${value}`],
  );
  return [...lines, ...describeFailures(job)];
}

function wordOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

export const jobListHeader = `${"id".padEnd(36)}  ${"status".padEnd(9)}  ${"created".padEnd(20)}  ${"copied".padStart(17)}  ${"failed".padStart(7)}  destination`;

/** One line of `ferry job list`. */
export function describeJobItem(item: JobSummary): string {
  const { planned, copied, failed } = item.objects;
  return [
    item.id,
    item.status.padEnd(9),
    item.createdAt.replace(/\.\d+Z$/, "Z").padEnd(20),
    `${count(copied)}/${count(planned)}`.padStart(17),
    count(failed).padStart(7),
    item.destination,
  ].join("  ");
}
