import { second } from "../../copy/durations.ts";
import { latest, plusMs, toIso } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import { placeUrl } from "../../jobs/contract/job-input.ts";
import type { PagePlan, PageStart } from "../../jobs/contract/page.ts";
import type { ListedBlob, ListInclude, ListOutcome } from "../../jobs/contract/storage.ts";
import { withPlannedPage } from "../../jobs/decisions/pages.ts";
import { planObjects } from "../../jobs/decisions/plan-objects.ts";
import { createSelector, selectBlobs } from "../../jobs/request/select.ts";
import {
  callOrder,
  changeRecord,
  goOn,
  keepPlan,
  notServed,
  readIntervalMs,
  withStop,
} from "./support/job-run.ts";
import type { JobRun, StepEnd } from "./support/job-run.ts";
import { openSide } from "./support/job-sides.ts";

/** The maximum number of listings of the source for one page, if `select` leaves out most of it. */
const maxSourceCalls = 20;
/**
 * The maximum time for listing the destination of one page (ms). Blobs that are not listed are planned as absent;
 * Storage checks that.
 */
const maxDestinationMs = 20 * second;
/**
 * The minimum time for planning the objects of one page (ms). It applies even if the listings have used up the run's
 * time, because the next run would take as long to list.
 */
const maxPlanningMs = 10 * second;

/**
 * Plans the next page: lists the source, and the destination's blobs between the page's first and last name, and
 * writes the plan. If another run has written a plan, that plan applies.
 */
export async function planPage(run: JobRun, start: PageStart): Promise<StepEnd> {
  const { deps, record, instanceId } = run;
  const plannedAt = toIso(deps.now());
  const source = await listSource(run, start);
  if ("end" in source) return source.end;
  const { selected, leftOut, marker } = source;
  const existing = await listDestination(run, [...selected.keys()]);
  if ("end" in existing) return existing.end;
  const pause = pauseUntil(run, latest(run.until, plusMs(deps.now(), maxPlanningMs)));
  const objects = await planObjects(record.input, selected, { existing: existing.blobs, pause });
  // The next run lists both sides again.
  if (objects === null) return goOn;
  const fresh: PagePlan = {
    version: 1,
    page: record.plannedPages + 1,
    plannedAt,
    scid: deps.newGuid(),
    objects,
    leftOut,
    next: marker === null ? null : { marker },
  };
  const plan =
    objects.length === 0 ? fresh : await deps.ledger.jobs.pages.createPlan(instanceId, fresh);
  await changeRecord(run, (newest) => withPlannedPage(newest, { plan, start }, deps.now()));
  keepPlan(run, { plan, isNew: plan === fresh });
  return goOn;
}

/** The selected blobs by their names below the source, in the order of the listing; `marker`: where it continues. */
type Selected = { selected: Map<string, ListedBlob>; leftOut: number; marker: string | null };

async function listSource(run: JobRun, start: PageStart): Promise<Selected | { end: StepEnd }> {
  const { deps, record } = run;
  const { source, select, options, report } = record.input;
  const selector = createSelector(select);
  const include: ListInclude[] = ["metadata", "copy"];
  if (options.tags === "source") include.push("tags");
  if (report !== null) include.push("immutabilitypolicy", "legalhold");
  const selected = new Map<string, ListedBlob>();
  const { pageSize } = deps.limits;
  let { marker } = start;
  let leftOut = 0;
  let readAt = plusMs(deps.now(), readIntervalMs);
  const pause = pauseUntil(run, run.until);
  for (let calls = 1; ; calls++) {
    const listed = await deps.storage.list({
      side: openSide(run.sides.source),
      role: "source",
      prefix: source.prefix,
      marker,
      startFrom: null,
      maxResults: pageSize - selected.size,
      include,
      ...callOrder(run),
    });
    if (listed.kind !== "page") return { end: await notListed(run, listed, "source") };
    run.window.served();
    const some = await selectBlobs(selector, listed.blobs, { prefix: source.prefix, pause });
    // The next run lists the rest again.
    if (some === null) return calls === 1 ? { end: goOn } : { selected, leftOut, marker };
    for (const [name, blob] of some.selected) selected.set(name, blob);
    leftOut += some.leftOut;
    ({ marker } = listed);
    const isEnough = selected.size >= pageSize / 2 || calls === maxSourceCalls;
    if (marker === null || isEnough || deps.now() >= run.until) {
      return { selected, leftOut, marker };
    }
    if (deps.now() < readAt) continue;
    readAt = plusMs(deps.now(), readIntervalMs);
    if (!(await isWanted(run))) return { end: goOn };
  }
}

/** Returns a function that lets the process do other work, and that returns false after this time (epoch ms). */
function pauseUntil({ deps }: JobRun, until: EpochMs): () => Promise<boolean> {
  return async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return deps.now() < until;
  };
}

/** Reads whether the job still waits for pages of this orchestration. */
async function isWanted({ deps, instanceId, generation }: JobRun): Promise<boolean> {
  const record = await deps.ledger.jobs.read(instanceId);
  return record?.wanted === "run" && record.generation === generation && record.end === null;
}

/** The blobs at the destination, by their names below it. */
async function listDestination(
  run: JobRun,
  names: readonly string[],
): Promise<{ blobs: Map<string, ListedBlob> } | { end: StepEnd }> {
  const { deps, record } = run;
  const { prefix } = record.input.destination;
  const blobs = new Map<string, ListedBlob>();
  const sorted = names.toSorted((one, other) => (one < other ? -1 : 1));
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return { blobs };
  const until = plusMs(deps.now(), maxDestinationMs);
  let marker: string | null = null;
  do {
    const listed: ListOutcome = await deps.storage.list({
      side: openSide(run.sides.destination),
      role: "destination",
      prefix,
      marker,
      startFrom: `${prefix}${first}`,
      maxResults: deps.limits.pageSize,
      include: ["copy"],
      ...callOrder(run),
    });
    if (listed.kind !== "page") return { end: await notListed(run, listed, "destination") };
    run.window.served();
    for (const blob of listed.blobs) blobs.set(blob.name.slice(prefix.length), blob);
    const end = listed.blobs.at(-1)?.name ?? "";
    marker = end > `${prefix}${last}` ? null : listed.marker;
  } while (marker !== null && deps.now() < until);
  return { blobs };
}

/** A container that does not exist, or that the app is not allowed to list, stops the job before it copies anything. */
async function notListed(
  run: JobRun,
  outcome: Exclude<ListOutcome, { kind: "page" }>,
  side: "source" | "destination",
): Promise<StepEnd> {
  if (outcome.kind !== "failed") return await notServed(run, outcome);
  const { deps, record } = run;
  const { failure } = outcome;
  const message = `Cannot plan the job because its ${side} cannot be listed: ${placeUrl(record.input[side])}: ${failure.message}`;
  await changeRecord(run, (newest) => withStop(newest, { ...failure, message }, deps.now()));
  return goOn;
}
