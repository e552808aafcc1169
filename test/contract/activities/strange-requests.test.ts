import { expect, test } from "vitest";
import type { CopyInput } from "../../../src/copy/contract/activities.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { newRecord } from "../../../src/ledger/record.ts";
import { epochMs, toIso } from "../../../src/copy/time.ts";
import { failed, startStrangeSteps as start } from "../../support/access/strange-steps.ts";

/*
 * Goal: start accepts only inputs that a trigger could have written, and only one for each id. Method: start runs with
 * inputs that a client with the key of the task hub, or with the master key, could write.
 */

type Started = Awaited<ReturnType<typeof start>>;

const isWrite = ({ method }: { method: string }) => method !== "GET" && method !== "HEAD";
/** The requests that started a copy. */
const startsOf = ({ storage }: Started) =>
  storage.emulator.requests.filter(({ operation }) => operation === "CopyBlob");

/** Runs start; returns its result and the writes that it made. */
async function startAs(
  { storage, steps, step, instanceId: own }: Started,
  copy: CopyInput,
  instanceId: string = own,
) {
  const requests = storage.emulator.requests.length;
  const result = await steps.startCopy({ ...step, copy, instanceId } as never); // not from Ferry
  return { result, writes: storage.emulator.requests.slice(requests).filter(isWrite) };
}

const denied = (message: RegExp) => ({
  result: { ...failed, failure: { message: expect.stringMatching(message) } },
  writes: [],
});

const options = (change: object) => (copy: CopyInput) => ({
  ...copy,
  options: { ...copy.options, ...change },
});
const ownLease = "01a21ba0-496d-7000-8000-000000000001";
const always = { overwrite: "always" };

test.each<[string, RegExp, (copy: CopyInput) => object]>([
  ["a time before that of its id", /the time in its id/, change({ createdAt: at(-1) })],
  ["a time after that of its id", /the time in its id/, change({ createdAt: at(1) })],
  [
    "its id's time in a different spelling",
    /the time in its id/,
    ({ createdAt, ...copy }) => ({ ...copy, createdAt: createdAt.replace(".000Z", "Z") }),
  ],
  ["the flag of a lease", /flags/, change({ leasesSource: true })],
  ["the flag of a wait", /flags/, change({ mayWait: true })],
  ["the flag of a rollback", /flags/, change({ rollsBack: true })],
  ["the flag of a lease on the destination", /flags/, change({ destinationLease: ownLease })],
  [
    "a lease id that a copy can have",
    /UUID of version 7/,
    options({ ...always, destinationLease: ownLease }),
  ],
  [
    "a lease id that a copy can have, in capitals",
    /UUID of version 7/,
    options({ ...always, destinationLease: ownLease.toUpperCase() }),
  ],
  ["the owner of an event's copy", /an event and a caller/, change({ owner: "event" })],
  ["a replacement that does not overwrite", /options\/ifBusy/, options({ ifBusy: "replace" })],
  ["a rollback that does not overwrite", /options\/rollback/, options({ rollback: "snapshot" })],
  ["an option for files", /options\/file/, options({ file: { ignoreReadOnly: true } })],
  [
    "conditions that contradict each other",
    /contradicts/,
    options({ sourceConditions: { ifMatch: '"x"', ifNoneMatch: '"x"' } }),
  ],
  [
    "itself as the destination, with rollback off",
    /options\/rollback must be "snapshot"/,
    (copy) => ({ ...options(always)(copy), destination: copy.source }),
  ],
  [
    "itself as the destination, without overwriting it",
    /options\/overwrite/,
    (copy) => ({ ...copy, destination: copy.source }),
  ],
])("start denies a copy with %s, and writes nothing", async (_, message, build) => {
  const started = await start();
  const copy = build(started.copy) as CopyInput; // not from Ferry
  expect(await startAs(started, copy)).toMatchObject(denied(message));
});

function change(fields: object) {
  return (copy: CopyInput) => ({ ...copy, ...fields });
}
function at(ms: number) {
  return toIso(epochMs(Date.parse("2026-11-20T12:00:00.000Z") + ms));
}

test("start denies a copy whose id has a time in the future", async () => {
  const started = await start();
  const { storage, copy, steps, step } = started;
  const soon = epochMs(storage.clock.now() + 14 * 60_000); // another host's clock
  const later = epochMs(storage.clock.now() + 16 * 60_000);
  const instanceId = newInstanceId(later);
  const inFuture = await startAs(started, { ...copy, createdAt: toIso(later) }, instanceId);
  expect(inFuture).toMatchObject(denied(/is in the future/));
  const input = { ...step, instanceId: newInstanceId(soon) };
  const ahead = await steps.startCopy({ ...input, copy: { ...copy, createdAt: toIso(soon) } });
  expect(ahead).toMatchObject({ kind: "started" });
});

test.each<[string, object]>([
  ["a caller", { owner: "a".repeat(64) }],
  ["no owner", {}],
  ["the route of a request", { route: "films" }],
])("start denies a copy with an event and %s", async (_, fields) => {
  const started = await start();
  const { copy } = started;
  const event = { route: "films", etag: "x", at: copy.createdAt };
  // Its route does not exist here, so the settings deny it first.
  const input = { ...started.step, copy: { ...copy, event, ...fields } };
  expect(await started.steps.startCopy(input)).toMatchObject(failed);
});

const others: [string, (copy: CopyInput, blob: Started["blob"]) => object][] = [
  ["other options", options({ overwrite: "always", metadata: { by: "stranger" } })],
  ["another source", (copy) => ({ ...copy, source: { ...copy.source, path: "other.mp4" } })],
  [
    "another destination",
    (copy) => ({ ...copy, destination: { ...copy.destination, path: "other.mp4" } }),
  ],
];

test.each(others)("a copy that waits is not started with %s", async (_, build) => {
  const started = await start();
  const { steps, step, copy, instanceId, storage, blob } = started;
  const { ledger } = steps;
  await ledger.records.write(instanceId, newRecord(copy), null);
  const record = await ledger.records.read(instanceId);
  const input = { ...step, attempt: 2, copy: build(copy, blob) } as never; // not from Ferry
  expect(await steps.startCopy(input)).toMatchObject({
    ...failed,
    failure: { message: expect.stringContaining("something else was requested under its id") },
  });
  expect(startsOf(started)).toEqual([]);
  expect(await ledger.records.read(instanceId)).toEqual(record);
  await storage.clock.advance(1_000);
  // The attacker's run leaves no lock.
  expect(await steps.startCopy({ ...step, attempt: 2 })).toMatchObject({ kind: "started" });
});

test("a copy that holds its lock, and has no record yet, is not started with other options", async () => {
  const started = await start();
  const { steps, step, copy, instanceId } = started;
  await steps.ledger.acquireLock(instanceId, copy);
  const other = options({ overwrite: "always", tier: "Cool" })(copy) as CopyInput;
  expect(await steps.startCopy({ ...step, copy: other })).toMatchObject(failed);
  expect(startsOf(started)).toEqual([]);
  expect(await steps.startCopy(step)).toMatchObject({ kind: "started" });
  expect(startsOf(started)).toHaveLength(1);
});

test("a later release with another option starts the copy that an earlier one has registered", async () => {
  const { steps, step, copy, instanceId } = await start();
  await steps.ledger.records.write(instanceId, newRecord(copy), null);
  const later = { ...copy, options: { ...copy.options, later: null }, laterFlag: true };
  const reordered = Object.fromEntries(Object.entries(later).toReversed());
  const input = { ...step, attempt: 2, copy: reordered } as never; // has a later release's fields
  expect(await steps.startCopy(input)).toMatchObject({ kind: "started" });
});

test("a plan has a snapshot of the source only if the copy is onto itself", async () => {
  const { steps, step, copy, plan, storage } = await start();
  const pinned = { etag: "x", length: 1, snapshot: "2026-11-20T12:00:00.0000000Z" };
  const input = { ...step, copyId: step.instanceId as never, plan: { ...plan, source: pinned } };
  const requests = storage.emulator.requests.length;
  for (const status of [await steps.readCopy(input), await steps.abortCopy(input)]) {
    expect(status).toMatchObject({ kind: "unobservable", failure: { cause: "not-allowed" } });
  }
  expect(await steps.settleCopy(input)).toMatchObject({
    outcome: { failure: { cause: "not-allowed" } },
  });
  expect(storage.emulator.requests).toHaveLength(requests);
  const itself = { ...input, copy: { ...copy, destination: copy.source as never } };
  expect(await steps.readCopy(itself)).toMatchObject({ failure: { cause: "not-allowed" } });
  expect(storage.emulator.requests.length).toBeGreaterThan(requests);
});
