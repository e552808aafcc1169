import { expect, test } from "vitest";
import type { CopyInput, SettleInput } from "../../../src/copy/contract/activities.ts";
import { failure } from "../../../src/copy/contract/failure.ts";
import { toCopyId } from "../../../src/copy/contract/ids.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { epochMs } from "../../../src/copy/time.ts";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

/*
 * Goal: an activity does nothing for an input that Ferry cannot have written, and believes the ledger, not its input,
 * about what a copy has leased and written. Method: each activity runs with the inputs of a client that has the key of
 * the task hub.
 */

async function start(options: object = {}) {
  const storage = await startStorage();
  const steps = createSteps(storage);
  const source = await uploadBlob(storage.service, "film");
  const containers = ["archive", "private"];
  for (const name of containers) await storage.service.createContainer(name);
  const blob = (path: string) => {
    const [container = "", ...rest] = path.split("/");
    return storage.service.getContainerClient(container).getBlockBlobClient(rest.join("/"));
  };
  const request = { source: source.url, destination: blob("archive/copy.mp4").url, options };
  const { instanceId, copy } = createCopyInput(storage, request);
  const plan = { source: { etag: '"1"', length: 4 }, destinationEtag: null };
  const step = { instanceId, copy, plan, copyId, result, record, isLastAttempt: false };
  const all = { ...step, outcome, targets: null };
  const run = (input: unknown) => runAll(steps, input);
  /** Another client copies the source onto the destination. */
  const copyOver = async () => {
    await storage.clock.advance(60_000);
    const destination = blob("archive/copy.mp4");
    await destination.beginCopyFromURL(source.url);
    await storage.clock.advance(60_000);
    const { etag = "", copyId: id = "", copyStatus } = await destination.getProperties();
    expect(copyStatus).toBe("success");
    return { etag, copyId: toCopyId(id), destination };
  };
  return { storage, steps, source, blob, instanceId, copy, plan, step, all, run, copyOver };
}

type Start = Awaited<ReturnType<typeof start>>;

const copyId = toCopyId("5e1a9a36-22dc-4cbb-a3b2-1e4e3bd4a9f1");
const record = { abortRequested: false, startedAt: null, statusReads: 0 };
const reason = failure("internal", "It failed");
const result = { kind: "not-started", failure: reason } as const;
const outcome = {
  status: "failed",
  failure: reason,
  copyId: null,
  copyStatus: null,
  progress: null,
  ...record,
  completedAt: "2026-11-20T12:00:00.000Z",
  settledAt: "2026-11-20T12:00:00.000Z",
  residue: [],
};

/** Runs every activity with the input, which has the fields of all of them. */
async function runAll(steps: ReturnType<typeof createSteps>, json: unknown) {
  const input = json as never; // a stranger's
  return {
    prepare: await steps.prepareCopy(input),
    start: await steps.startCopy(input),
    read: await steps.readCopy(input),
    abort: await steps.abortCopy(input),
    settle: await steps.settleCopy(input),
    notify: await steps.sendNotifications(input),
  };
}

const failed = { kind: "failed", failure: { cause: "not-allowed" } };
const unobservable = { kind: "unobservable", failure: { cause: "not-allowed" } };
const allRefused = {
  prepare: failed,
  start: failed,
  read: unobservable,
  abort: unobservable,
  settle: { kind: "settled", outcome: { status: "failed", failure: { cause: "not-allowed" } } },
  notify: { kind: "notified" },
};

const uuid = "01a21ba0-496d-7000-8000-000000000001";

test.each<[string, unknown]>([
  ["leads to another container", "../../private/victim"],
  ["leads to another container from a waiter", "../../../../private/victim"],
  ["leads to the container itself", ".."],
  ["is followed by a path", `${uuid}/../../../private/victim`],
  ["is after a path", `../../private/${uuid}`],
  ["has backslashes", "..\\..\\private\\victim"],
  ["has encoded slashes", "..%2f..%2fprivate%2fvictim"],
  ["has a query", `${uuid}?comp=lease`],
  ["has a fragment", `${uuid}#`],
  ["ends with a line feed", `${uuid}\n`],
  ["is in upper case", uuid.toUpperCase()],
  ["is that of a repair", `repair-${uuid}`],
  ["is a UUID of another version", "0b1c9e0a-7d1c-4a57-9f6e-0d9d7a6a3c11"],
  ["is empty", ""],
  ["is a number", 1],
  ["is a list with an id", [uuid]],
  ["is an object that prints as an id", { toString: uuid }],
  ["is null", null],
  ["is missing", undefined],
])("no activity does anything for an id that %s", async (_, instanceId) => {
  const { storage, run, all, blob } = await start();
  const victim = blob("private/victim");
  await victim.uploadData(Buffer.from("precious"));
  const requests = storage.emulator.requests.length;
  expect(await run({ ...all, instanceId })).toMatchObject(allRefused);
  expect(storage.emulator.requests).toHaveLength(requests);
  expect(await victim.exists()).toBe(true);
});

type Change = (all: Start["all"]) => object;
const inCopy =
  (change: (copy: CopyInput) => object): Change =>
  ({ copy }) => ({ copy: { ...copy, ...change(copy) } });
const inDestination = (change: object): Change =>
  inCopy(({ destination }) => ({ destination: { ...destination, ...change } }));
const time = "2026-11-20T12:00:00.0000000Z";

test.each<[string, Change]>([
  ["no copy", () => ({ copy: undefined })],
  ["a copy that is a text", () => ({ copy: "copy" })],
  ["an empty snapshot", inDestination({ snapshot: "" })],
  ["an empty version", inDestination({ version: "" })],
  ["a snapshot that is no time", inDestination({ snapshot: "x&comp=lease" })],
  ["a secondary that is no truth value", inDestination({ secondary: "no" })],
  [
    "a source without a service",
    inCopy(({ source }) => ({ source: { ...source, service: null } })),
  ],
  ["a SAS that is no text", inCopy(() => ({ sourceSas: { text: "v1" } }))],
  ["a lease that is no id", inCopy(() => ({ destinationLease: "../x" }))],
  ["a flag that is no truth value", inCopy(() => ({ leasesSource: "yes" }))],
])("no activity does anything for an input with %s", async (_, change) => {
  const { storage, run, all } = await start();
  const requests = storage.emulator.requests.length;
  expect(await run({ ...all, ...change(all) })).toMatchObject({
    ...allRefused,
  });
  expect(storage.emulator.requests).toHaveLength(requests);
});

test.each([null, "text", 7, [], {}, { instanceId: uuid }])(
  "no activity does anything for the input %j",
  async (input) => {
    const { storage, run } = await start();
    const requests = storage.emulator.requests.length;
    expect(await run(input)).toMatchObject(allRefused);
    expect(storage.emulator.requests).toHaveLength(requests);
  },
);

const options = (change: object) => inCopy((copy) => ({ options: { ...copy.options, ...change } }));

test.each<[string, Change]>([
  ["options without their defaults", inCopy(() => ({ options: {} }))],
  ["an option of another type", options({ sealBlob: "no" })],
  ["an unknown value of an option", options({ overwrite: "ALWAYS" })],
  ["metadata with a name that is no name", options({ metadata: { "a b": "x" } })],
  ["metadata with a line feed", options({ metadata: { a: "x\ny: z" } })],
  ["tags that are a list", options({ tags: ["a"] })],
  ["a permission with a line feed", options({ file: { permission: { sddl: "D:\nx: y" } } })],
  ["an unknown version", inCopy(() => ({ version: 2 }))],
  ["a request at no time", inCopy(() => ({ createdAt: "soon" }))],
  ["an event without a route", inCopy(() => ({ event: { etag: "x", at: time } }))],
  ["a route that is no text", inCopy(() => ({ route: ["films"] }))],
])("prepare, start and notify do nothing for a copy with %s", async (_, change) => {
  const { storage, all, steps } = await start();
  const requests = storage.emulator.requests.length;
  const input = { ...all, ...change(all) } as never; // a stranger's
  expect(await steps.prepareCopy(input)).toMatchObject(failed);
  expect(await steps.startCopy(input)).toMatchObject(failed);
  expect(await steps.sendNotifications(input)).toEqual({ kind: "notified" });
  expect(storage.emulator.requests).toHaveLength(requests);
});

const inPlan =
  (change: object): Change =>
  ({ plan }) => ({ plan: { ...plan, ...change } });

test.each<[string, Change]>([
  ["no source", inPlan({ source: undefined })],
  ["a negative length", inPlan({ source: { etag: "x", length: -1 } })],
  ["an ETag with a line feed", inPlan({ destinationEtag: "x\ny: z" })],
  ["a snapshot that is no time", inPlan({ snapshot: "" })],
  ["a pinned snapshot that is no time", inPlan({ source: { etag: "x", length: 1, snapshot: "" } })],
  ["tags that are a list", inPlan({ formerTags: ["x"] })],
  ["a SAS without an end", inPlan({ mintedSas: { scid: "x" } })],
])("start, read, abort and settle do nothing for a plan with %s", async (_, change) => {
  const { storage, all, steps } = await start();
  const requests = storage.emulator.requests.length;
  const input = { ...all, ...change(all) } as never; // a stranger's
  expect(await steps.startCopy(input)).toMatchObject(failed);
  expect(await steps.readCopy(input)).toMatchObject(unobservable);
  expect(await steps.abortCopy(input)).toMatchObject(unobservable);
  expect(await steps.settleCopy(input)).toMatchObject(allRefused.settle);
  expect(storage.emulator.requests).toHaveLength(requests);
});

test.each<[string, object]>([
  ["a copyId with a path", { copyId: "../x" }],
  ["no copyId", { copyId: undefined }],
  ["a result of an unknown kind", { result: { kind: "none" } }],
  ["a failure without a cause", { result: { kind: "not-started", failure: {} } }],
  ["a record that is null", { record: null }],
  ["a start at no time", { record: { ...record, startedAt: "soon" } }],
  ["a copy to notify that is null", { notifies: null }],
  ["a copy to notify that is empty", { notifies: {} }],
  ["a request at no time", { createdAt: "soon" }],
  ["no number of attempts", { isLastAttempt: "yes" }],
])("settle records nothing for an input with %s", async (_, change) => {
  const { storage, step, steps } = await start();
  const requests = storage.emulator.requests.length;
  const input = { ...step, ...change } as never; // a stranger's
  expect(await steps.settleCopy(input)).toMatchObject(allRefused.settle);
  expect(storage.emulator.requests).toHaveLength(requests);
});

test.each<[string, Change]>([
  ["a snapshot", inDestination({ snapshot: time })],
  ["a version", inDestination({ version: time })],
  ["a secondary", inDestination({ secondary: true })],
  ["a container with a query", inDestination({ container: "private?restype=container&z=" })],
  ["a container with a fragment", inDestination({ container: "private/v?comp=metadata#" })],
  ["a container that leads out", inDestination({ container: "archive/../private" })],
  ["a name that leads out", inDestination({ path: "../private/victim" })],
  ["no name", inDestination({ path: "" })],
])("no activity calls a destination with %s, and no lock is named after it", async (_, change) => {
  const { storage, run, all, step } = await start();
  const requests = storage.emulator.requests.length;
  const input = { ...all, ...change(all) };
  expect(await run(input)).toMatchObject({
    prepare: failed,
    start: failed,
    read: unobservable,
    abort: unobservable,
    settle: { kind: "settled" },
  });
  const calls = storage.emulator.requests.slice(requests).filter(({ url }) => !isLedger(url));
  expect(calls).toEqual([]);
  const locks = storage.emulator.requests
    .slice(requests)
    .filter(({ method, url }) => method === "PUT" && url.includes("/locks/"));
  expect(locks).toEqual([]);
  expect(step.instanceId).toBe(input.instanceId);
});

const isLedger = (url: string) => url.includes("ferry-ledger");

test("a copy that is not allowed releases no lease of another client", async () => {
  const { steps, blob, step } = await start();
  const leased = blob("private/leased");
  await leased.uploadData(Buffer.from("x"));
  await leased.getBlobLeaseClient(step.instanceId).acquireLease(-1);
  const source = { ...step.copy.source, container: "private", path: "leased" } as const;
  const copy = { ...step.copy, source: source as never, leasesSource: true as const };
  const settled = await steps.settleCopy({ ...step, copy, plan: null, copyId: null });
  expect(settled).toMatchObject({ kind: "settled", outcome: { residue: [] } });
  expect((await leased.getProperties()).leaseState).toBe("leased");
});

test("prepare of an ended copy that is not allowed releases no lease of another client", async () => {
  const { steps, blob, step, storage } = await start();
  const leased = blob("private/leased");
  await leased.uploadData(Buffer.from("x"));
  await leased.getBlobLeaseClient(step.instanceId).acquireLease(-1);
  const source = { ...step.copy.source, container: "private", path: "leased" };
  const strange = {
    ...step.copy,
    source,
    leasesSource: true,
    // Not in a pair, because its account is another one.
    destination: { ...step.copy.destination, account: "devstoreaccount3" },
  };
  await steps.ledger.recordOutcome(step.instanceId, outcome as never);
  const prepared = await steps.prepareCopy({ ...step, copy: strange as never });
  expect(prepared).toMatchObject({ kind: "ended" });
  expect((await leased.getProperties()).leaseState).toBe("leased");
  expect(storage.emulator.requests.map(({ operation }) => operation)).not.toContain("ReleaseLease");
});

test.each(["the lock", "the record"])(
  "settle releases the lease of a copy if %s shows that it leases this source",
  async (entry) => {
    const { steps, source, step, storage } = await start({ sourceLease: "hold" });
    const copy = { ...step.copy, leasesSource: true as const };
    if (entry === "the lock") {
      const prepared = await steps.prepareCopy({ instanceId: step.instanceId, copy });
      expect(prepared).toMatchObject({ kind: "planned" });
    } else {
      await source.getBlobLeaseClient(step.instanceId).acquireLease(-1);
      await steps.ledger.addRecord({ instanceId: step.instanceId, ...copy });
    }
    expect((await source.getProperties()).leaseState).toBe("leased");
    const other = { ...copy.source, path: "another" } as never;
    const settle = { ...step, plan: null, copyId: null, copy };
    const elsewhere = await steps.settleCopy({
      ...settle,
      instanceId: newInstanceId(epochMs(storage.clock.now())),
      copy: { ...copy, source: other },
    });
    expect(elsewhere).toMatchObject({ outcome: { residue: [] } });
    expect((await source.getProperties()).leaseState).toBe("leased");
    expect(await steps.settleCopy(settle)).toMatchObject({ outcome: { residue: [] } });
    expect((await source.getProperties()).leaseState).toBe("available");
  },
);

test("settle leaves content that another copy wrote, although its input claims it", async () => {
  const { steps, step, copy, instanceId, copyOver } = await start({ overwrite: "always" });
  const { destination, etag, copyId: otherId } = await copyOver();
  expect(await steps.prepareCopy({ instanceId, copy })).toMatchObject({ kind: "planned" });
  const input: SettleInput = {
    ...step,
    copyId: otherId,
    result: { kind: "failed", failure: reason, progress: null, etag, endedAt: null },
  };
  expect(await steps.settleCopy(input)).toMatchObject({
    kind: "settled",
    outcome: { residue: [expect.stringContaining("the ledger does not show")] },
  });
  expect(await destination.exists()).toBe(true);
});

test("settle removes only content with the copyId of its lock", async () => {
  const { steps, step, copy, instanceId, copyOver } = await start();
  const prepared = await steps.prepareCopy({ instanceId, copy });
  if (prepared.kind !== "planned") throw new Error(prepared.kind);
  const started = await steps.startCopy({ instanceId, copy, plan: prepared.plan });
  if (started.kind !== "started") throw new Error(started.kind);
  const { destination, etag } = await copyOver();
  const settled = await steps.settleCopy({
    ...step,
    ...started.started,
    result: { kind: "failed", failure: reason, progress: null, etag, endedAt: null },
  });
  expect(settled).toMatchObject({ kind: "settled", outcome: { residue: [] } });
  expect(await destination.exists()).toBe(true);
});
