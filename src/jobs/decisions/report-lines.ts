import { endpointUrl } from "../../copy/location/endpoint.ts";
import { second } from "../../copy/durations.ts";
import { formerContentGone } from "../../copy/contract/outcome.ts";
import { causes } from "../../copy/contract/failure.ts";
import { placeUrl } from "../contract/job-input.ts";
import type { JobInput, JobPlace } from "../contract/job-input.ts";
import type {
  ObjectState,
  PagePlan,
  PlannedObject,
  ReportPart,
  Residue,
} from "../contract/page.ts";
import type { Counts, JobEnd } from "../contract/job-record.ts";
import { blobIn } from "../contract/job-input.ts";
import { countFailed } from "./states.ts";

/** The files of a job's report lie in a folder with its id, below the report's URL. */
export function reportFolder(report: JobPlace, instanceId: string): JobPlace {
  return { ...report, prefix: `${report.prefix}${instanceId}/` };
}

export const reportFiles = {
  request: "request.json",
  manifest: "manifest.json",
  part: (page: number) => `part-${String(page).padStart(6, "0")}.jsonl`,
} as const;

/** The first file of a report: the request. It shows, before the first copy, that the report can be written. */
export function requestFile(instanceId: string, job: JobInput): string {
  const { select, options, concurrency, maxFailures, createdAt } = job;
  const [source, destination] = [placeUrl(job.source), placeUrl(job.destination)];
  const written = { job: instanceId, source, destination, createdAt };
  return `${JSON.stringify({ ...written, select, options, concurrency, maxFailures }, null, 2)}\n`;
}

/** The part of the report about a page: one JSON line for each object, in the order of the source. */
export function reportLines(
  job: Pick<JobInput, "source" | "destination">,
  plan: PagePlan,
  states: readonly (ObjectState | null)[],
): string {
  return plan.objects
    .map((object, index) => `${JSON.stringify(reportLine(job, object, states[index] ?? null))}\n`)
    .join("");
}

function reportLine(
  { source, destination }: Pick<JobInput, "source" | "destination">,
  object: PlannedObject,
  state: ObjectState | null,
): object {
  const { name, etag, length, loses = [] } = object;
  const onto = object.do.kind === "copy" ? object.do.onto : null;
  const planned = onto?.kind === "etag" ? { destinationEtagBefore: onto.etag } : {};
  const places = {
    source: endpointUrl(blobIn(source, `${source.prefix}${name}`)),
    destination: endpointUrl(blobIn(destination, `${destination.prefix}${name}`)),
    bytes: length,
    engine: object.do.kind === "copy" ? object.do.engine : null,
    sourceEtag: etag,
    ...planned,
  };
  const lost = loses.length === 0 ? {} : { notCarried: loses };
  switch (state?.is) {
    case "copied": {
      const { copyId, etag: destinationEtag, ms } = state;
      return {
        outcome: "copied",
        ...places,
        copyId,
        destinationEtag,
        seconds: ms / second,
        ...lost,
      };
    }
    case "skipped":
      return { outcome: "skipped", ...places, reason: state.reason };
    case "failed": {
      const { cause, message, copyId } = state;
      const started = copyId === undefined ? {} : { copyId };
      const why = { cause, message, ...causes[cause] };
      return { outcome: "failed", ...places, ...why, ...started, ...residueOf(state) };
    }
    case "aborted":
      return {
        outcome: "aborted",
        ...places,
        ...(state.copyId && { copyId: state.copyId }),
        ...residueOf(state),
      };
    default:
      return { outcome: "not-started", ...places };
  }
}

/** The same field as in the outcome of a single copy. */
function residueOf({ isFormerGone }: Residue): { residue?: string[] } {
  return isFormerGone === true ? { residue: [formerContentGone] } : {};
}

/** The manifest, which is written last: the totals, and each part with its size and hash. */
export function manifestFile(
  instanceId: string,
  job: JobInput,
  {
    end,
    counts,
    parts,
    complete,
  }: {
    end: JobEnd;
    counts: Counts;
    parts: readonly ReportPart[];
    complete: boolean;
  },
): string {
  const { createdAt } = job;
  const [source, destination] = [placeUrl(job.source), placeUrl(job.destination)];
  const { copied, skipped, aborted, notStarted, failed, lost } = counts;
  const totals = {
    objects: copied.objects + skipped + countFailed(counts) + aborted + notStarted,
    copied: copied.objects,
    bytesCopied: copied.bytes,
    skipped,
    failed: countFailed(counts),
    aborted,
    notStarted,
  };
  const written = { job: instanceId, source, destination, createdAt, completedAt: end.at };
  return `${JSON.stringify({ ...written, status: end.status, error: end.error, complete, totals, failedByCause: failed, notCarried: lost, parts }, null, 2)}\n`;
}
