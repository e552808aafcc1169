import { second } from "../../copy/durations.ts";
import { plusMs } from "../../copy/time.ts";
import { toOpenPage, withOpenPage } from "../../jobs/decisions/pages.ts";
import { isFinalState } from "../../jobs/contract/page.ts";
import type { PlannedObject } from "../../jobs/contract/page.ts";
import type { UnsealError } from "../../secrets/seal.ts";
import { closePage } from "./close-page.ts";
import { findOurs, fenceOf } from "./support/find-object.ts";
import { callOrder, changeRecord, goOn, notServed } from "./support/job-run.ts";
import type { JobRun, StepEnd } from "./support/job-run.ts";
import { findUnsealError } from "./support/job-sides.ts";
import { destinationOf, observeCopy } from "./support/object-state.ts";
import { openPage } from "./support/page-run.ts";
import type { PageRun } from "./support/page-run.ts";
import { listPending, removeStub } from "./poll-page.ts";
import type { Pending } from "./poll-page.ts";
import { hasGivenUp, waitForKey } from "./support/wait-for-key.ts";

/** The maximum number of concurrent calls of an abort. */
const maxConcurrent = 32;

/**
 * Ends a page of which no further object may be started. With `abortsPending`, aborts the pending copies and removes
 * the empty blobs that they leave. Before that, looks for copies that another run, or a start without a response, may
 * have started, once no such start can arrive any more.
 */
export async function endPage(
  run: JobRun,
  number: number,
  { abortsPending }: { abortsPending: boolean },
): Promise<StepEnd> {
  const { deps } = run;
  const page = await openPage(run, number, { registers: true });
  if (page === null || page.part !== null) return await closePage(run, number, page);
  const fence = fenceOf(page, page.states);
  if (fence !== null && fence > deps.now()) {
    await page.save({ leaves: true });
    return { kind: "wait", until: fence };
  }
  const waits =
    (await findStarted(run, page)) ?? (abortsPending ? await abortPending(run, page) : null);
  await page.save({ leaves: true });
  // If another run has written the part in the meantime, that part is the page's.
  if (page.part !== null) return await closePage(run, number, page);
  const isPending = page.states.some((state) => state?.is === "pending");
  const dueAt = isPending ? plusMs(deps.now(), 5 * second) : null;
  const entry = toOpenPage(page.plan, page.states, dueAt);
  await changeRecord(run, (record) => withOpenPage(record, entry, deps.now()));
  if (waits !== null) return waits;
  // Storage did not abort a copy: the request is repeated until the copy has ended.
  return abortsPending && dueAt !== null ? { kind: "wait", until: dueAt } : goOn;
}

/** Decides for each object without a known state: it was started, or it never will be. */
async function findStarted(run: JobRun, page: PageRun): Promise<StepEnd | null> {
  const { plan, states } = page;
  const unknown = states.flatMap((state, index) =>
    isFinalState(state) || state?.is === "pending" ? [] : [index],
  );
  const mayExist = page.othersUntil() !== null;
  return await inParallel(run, unknown, async (index) => {
    const object = plan.objects[index];
    if (object === undefined) return null;
    if (!mayExist && states[index]?.is !== "uncertain") {
      states[index] = { is: "not-started" };
      return null;
    }
    return await findOne(run, page, { index, object });
  });
}

async function findOne(
  run: JobRun,
  page: PageRun,
  { index, object }: { index: number; object: PlannedObject },
): Promise<StepEnd | null> {
  const error = findUnsealError(run.sides.destination);
  if (error !== null) {
    if (!hasGivenUp(run, error)) return await waitForKey(run, error);
    page.states[index] = lost(error, "Cannot determine whether the copy was started");
    return null;
  }
  const order = { object: destinationOf(run, object), ...callOrder(run) };
  const read = await run.deps.storage.readDestination(order);
  if (read.kind === "throttled" || read.kind === "transient") return await notServed(run, read);
  const seen = read.kind === "found" ? read.state : null;
  const since = run.deps.now();
  const states = [page.states[index] ?? null];
  const found = await findOurs(run, page, { object, states, since }, seen);
  page.states[index] = found ?? { is: "not-started" };
  return null;
}

async function abortPending(run: JobRun, page: PageRun): Promise<StepEnd | null> {
  const pending = listPending(page);
  return await inParallel(run, pending, async (each) => await abortOne(run, page, each));
}

/** Asks Storage to abort the copy; only the destination shows how it ended. */
async function abortOne(run: JobRun, page: PageRun, each: Pending): Promise<StepEnd | null> {
  const { index, object, copyId } = each;
  const { storage } = run.deps;
  const error = findUnsealError(run.sides.destination);
  if (error !== null) {
    if (!hasGivenUp(run, error)) return await waitForKey(run, error);
    const action = "Cannot abort the copy; it may still be running, or may have succeeded";
    page.states[index] = { ...lost(error, action), copyId };
    return null;
  }
  const destination = destinationOf(run, object);
  const aborted = await storage.abort({ object: destination, copyId, ...callOrder(run) });
  if (aborted.kind === "throttled" || aborted.kind === "transient") {
    return await notServed(run, aborted);
  }
  const read = await storage.readDestination({ object: destination, ...callOrder(run) });
  if (read.kind === "throttled" || read.kind === "transient") return await notServed(run, read);
  if (read.kind === "failed") {
    const { cause, message } = read.failure;
    const lost = `Cannot determine how the copy ended: ${message}`;
    page.states[index] = { is: "failed", cause, message: lost, copyId };
    return null;
  }
  const seen = read.kind === "found" ? read.state : null;
  const { state, stubEtag } = observeCopy(run, page.plan, each, seen);
  if (stubEtag !== null) {
    const waits = await removeStub(run, object, stubEtag);
    if (waits !== null) return waits;
  }
  page.states[index] = state;
  return null;
}

/** The state of an object whose destination can no longer be read or changed. */
function lost({ message }: UnsealError, action: string) {
  return { is: "failed", cause: "internal", message: `${action}: ${message}` } as const;
}

/** Works on each item, some at a time, until a call is not served or the run's time is over. */
async function inParallel<Item>(
  run: JobRun,
  items: readonly Item[],
  work: (item: Item) => Promise<StepEnd | null>,
): Promise<StepEnd | null> {
  const size = Math.min(maxConcurrent, run.window.size());
  for (let at = 0; at < items.length && run.deps.now() < run.until; at += size) {
    const ends = await Promise.all(items.slice(at, at + size).map(work));
    const waits = ends.find((end) => end !== null);
    if (waits !== undefined) return waits;
  }
  return null;
}
