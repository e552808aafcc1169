import { plusMs } from "../../copy/time.ts";
import { second } from "../../copy/durations.ts";
import type { PlannedObject } from "../../jobs/contract/page.ts";
import type { DestinationState, ListedBlob } from "../../jobs/contract/storage.ts";
import { beginPolls, nextPolls, toOpenPage, withOpenPage } from "../../jobs/decisions/pages.ts";
import { closePage } from "./close-page.ts";
import { callOrder, changeRecord, goOn, notServed } from "./support/job-run.ts";
import type { JobRun, StepEnd } from "./support/job-run.ts";
import { findUnsealError, openSide } from "./support/job-sides.ts";
import { asForeignAbort, destinationOf, observeCopy } from "./support/object-state.ts";
import type { ObjectCopy } from "./support/object-state.ts";
import { openPage } from "./support/page-run.ts";
import type { PageRun } from "./support/page-run.ts";
import { waitForKey } from "./support/wait-for-key.ts";

/** The maximum number of pending copies that are read one by one; more are listed. */
const maxReads = 2;
/** The maximum ratio of the blobs in a listing to the plan's names in its range. */
const maxCallsOfListing = 4;

/** A copy of the page that was pending at the last poll. */
export type Pending = ObjectCopy & { index: number };

/** Polls the pending copies of a page, and finishes the page when none is left. */
export async function pollPage(run: JobRun, number: number): Promise<StepEnd> {
  const { deps } = run;
  const page = await openPage(run, number, { registers: false });
  if (page === null || page.part !== null) return await closePage(run, number, page);
  const error = findUnsealError(run.sides.destination);
  if (error !== null && listPending(page).length > 0) return await waitForKey(run, error);
  const waits = await observePending(run, page);
  const now = deps.now();
  const polls = page.polls ?? beginPolls(page.states);
  const next = polls === null ? null : nextPolls(polls, page.plan, page.states, now);
  // Storage did not serve a call, so the remaining copies are polled soon.
  page.polls = next !== null && waits !== null ? { ...next, dueAt: plusMs(now, 5 * second) } : next;
  await page.save({ leaves: true });
  if (page.part !== null) return await closePage(run, number, page);
  const entry = toOpenPage(page.plan, page.states, page.polls?.dueAt ?? now);
  await changeRecord(run, (record) => withOpenPage(record, entry, deps.now()));
  return waits ?? goOn;
}

/** Reads the destinations of all pending copies. Returns a wait if Storage did not serve a call. */
async function observePending(run: JobRun, page: PageRun): Promise<StepEnd | null> {
  const pending = listPending(page);
  const isListed = pending.length > maxReads;
  const listed = isListed ? await listPendingRange(run, pending) : new Map<string, ListedBlob>();
  if ("kind" in listed) return listed;
  for (const each of pending) {
    const blob = listed.get(destinationOf(run, each.object).name);
    const waits =
      blob?.copy?.copyId === each.copyId
        ? await keep(run, page, each, { ...blob, state: blob })
        : await readOne(run, page, each);
    if (waits !== null) return waits;
    if (run.deps.now() >= run.until) return null;
  }
  return null;
}

export function listPending({ plan, states }: PageRun): Pending[] {
  return states.flatMap((state, index): Pending[] => {
    const object = plan.objects[index];
    if (state?.is !== "pending" || object === undefined) return [];
    const { copyId, since, overwrote, found } = state;
    const facts = { ...(overwrote && { overwrote }), ...(found && { found }) };
    return [{ index, object, copyId, since, ...facts }];
  });
}

/** Lists the destination's blobs from the first to the last pending name. */
async function listPendingRange(
  run: JobRun,
  pending: readonly Pending[],
): Promise<Map<string, ListedBlob> | StepEnd> {
  const { storage, limits } = run.deps;
  const names = pending.map(({ object }) => destinationOf(run, object).name).toSorted(byName);
  const [first = "", last = ""] = [names[0], names.at(-1)];
  const found = new Map<string, ListedBlob>();
  let marker: string | null = null;
  for (let calls = 1; calls <= maxCallsOfListing; calls++) {
    const listed = await storage.list({
      side: openSide(run.sides.destination),
      role: "destination",
      prefix: run.record.input.destination.prefix,
      marker,
      startFrom: first,
      maxResults: limits.pageSize,
      include: ["copy"],
      ...callOrder(run),
    });
    if (listed.kind === "throttled" || listed.kind === "transient") {
      return await notServed(run, listed);
    }
    // The credential permits reading each blob, but not listing them.
    if (listed.kind === "failed") return found;
    for (const blob of listed.blobs) found.set(blob.name, blob);
    ({ marker } = listed);
    if (marker === null || (listed.blobs.at(-1)?.name ?? "") >= last) break;
  }
  return found;
}

function byName(one: string, other: string): number {
  return one < other ? -1 : 1;
}

/** Reads the destination of one copy that the listing did not show. */
async function readOne(run: JobRun, page: PageRun, each: Pending): Promise<StepEnd | null> {
  const order = { object: destinationOf(run, each.object), ...callOrder(run) };
  const read = await run.deps.storage.readDestination(order);
  switch (read.kind) {
    case "throttled":
    case "transient":
      return await notServed(run, read);
    case "failed": {
      const { cause, message } = read.failure;
      const lost = `Cannot determine how the copy ended; it may have succeeded: ${message}`;
      page.states[each.index] = { is: "failed", cause, message: lost, copyId: each.copyId };
      return null;
    }
    case "absent":
      return await keep(run, page, each, { state: null });
    case "found":
      return await keep(run, page, each, { state: read.state });
  }
}

/** Stores the state that the destination shows, after removing the empty blob that a failed copy left. */
async function keep(
  run: JobRun,
  page: PageRun,
  each: Pending,
  { state: seen }: { state: DestinationState | null },
): Promise<StepEnd | null> {
  const { state, stubEtag } = observeCopy(run, page.plan, each, seen);
  if (stubEtag !== null) {
    const waits = await removeStub(run, each.object, stubEtag);
    if (waits !== null) return waits;
  }
  page.states[each.index] = asForeignAbort(state);
  return null;
}

/** Removes the empty blob of a copy that failed or was aborted, if no other writer has written it since. */
export async function removeStub(
  run: JobRun,
  object: PlannedObject,
  etag: string,
): Promise<StepEnd | null> {
  const order = { object: destinationOf(run, object), etag, ...callOrder(run) };
  const removed = await run.deps.storage.removeStub(order);
  return removed.kind === "throttled" || removed.kind === "transient"
    ? await notServed(run, removed)
    : null;
}
