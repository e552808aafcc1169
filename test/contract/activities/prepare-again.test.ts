import { expect, test } from "vitest";
import { pickEndpoints } from "../../../src/copy/contract/activities.ts";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";
import { epochMs } from "../../../src/copy/time.ts";

const slowly = { copies: { bytesPerSecond: 10 } };

test("ifBusy replace: a prepare that runs again late does not abort our own copy", async () => {
  const storage = await startStorage(slowly);
  const steps = createSteps(storage);
  const source = await uploadBlob(storage.service, "x".repeat(1_000));
  const destination = storage.service.getContainerClient("source").getBlobClient("copy.mp4");
  const options = { overwrite: "always", ifBusy: "replace" };
  const body = { source: source.url, destination: destination.url, options };
  const { instanceId, copy } = createCopyInput(storage, body);

  const prepared = await steps.prepareCopy({ instanceId, copy });
  if (prepared.kind !== "planned") throw new Error(prepared.kind);
  expect(await steps.startCopy({ instanceId, copy, plan: prepared.plan })).toMatchObject({
    kind: "started",
  });
  expect(await steps.prepareCopy({ instanceId, copy })).toMatchObject({ kind: "busy" });
  expect(await destination.getProperties()).toMatchObject({ copyStatus: "pending" });
  expect(storage.emulator.requests.some(({ operation }) => operation === "AbortCopyBlob")).toBe(
    false,
  );
});

async function planWithRollback() {
  const storage = await startStorage(slowly);
  const steps = createSteps(storage);
  const source = await uploadBlob(storage.service, "x".repeat(1_000));
  const destination = await uploadBlob(storage.service, "former", { blob: "copy.mp4" });
  const options = { overwrite: "always", rollback: "snapshot" };
  const body = { source: source.url, destination: destination.url, options };
  const { instanceId, copy } = createCopyInput(storage, body);
  const snapshots = async () => {
    const times = [];
    const box = storage.service.getContainerClient("source");
    for await (const { snapshot } of box.listBlobsFlat({ includeSnapshots: true })) {
      if (snapshot !== undefined) times.push(snapshot);
    }
    return times;
  };
  return { storage, steps, copy, instanceId, destination, snapshots };
}

test("a prepare that runs twice takes one snapshot for each state of the destination", async () => {
  const { steps, copy, instanceId, destination, snapshots } = await planWithRollback();
  const first = await steps.prepareCopy({ instanceId, copy });
  expect(await steps.prepareCopy({ instanceId, copy })).toEqual(first);
  expect(first).toMatchObject({ plan: { snapshot: (await snapshots())[0] } });
  expect(await snapshots()).toHaveLength(1);
  await destination.upload("changed", 7);
  expect(await steps.prepareCopy({ instanceId, copy })).not.toEqual(first);
  expect(await snapshots()).toHaveLength(2);
});

test("a prepare that runs while its copy is settled leaves no snapshot behind", async () => {
  const { storage, steps, copy, instanceId, snapshots } = await planWithRollback();
  await steps.prepareCopy({ instanceId, copy });
  const record = { abortRequested: true, startedAt: null, statusReads: 0 };
  const result = { kind: "aborted-before-start" } as const;
  const settlement = { plan: null, copyId: null, result, record };
  const { ledger } = steps;
  const now = epochMs(storage.clock.now());
  await ledger.fenceLock(copy.destination, { instanceId, now, settlement });
  expect(await steps.prepareCopy({ instanceId, copy })).toMatchObject({
    kind: "transient-failure",
  });
  expect(await snapshots()).toEqual([]);
});

test("a prepare that runs after the copy was settled releases the lease of an earlier, crashed prepare", async () => {
  const storage = await startStorage(slowly);
  const steps = createSteps(storage);
  const source = await uploadBlob(storage.service, "x".repeat(1_000));
  const destination = storage.service.getContainerClient("source").getBlobClient("copy.mp4");
  const options = { sourceLease: "hold" };
  const body = { source: source.url, destination: destination.url, options };
  const { instanceId, copy } = createCopyInput(storage, body);
  const record = { abortRequested: true, startedAt: null, statusReads: 0 };
  const result = { kind: "aborted-before-start" } as const;
  const step = { instanceId, copy: pickEndpoints(copy), plan: null, copyId: null, result, record };
  await steps.settleCopy({ ...step, isLastAttempt: false }, { log: () => {} });
  // The state after a prepare that crashed before it could check the lock.
  await source.getBlobLeaseClient(instanceId).acquireLease(-1);
  expect(
    await steps.prepareCopy({ instanceId, copy: { ...copy, ...pickEndpoints(copy) } }),
  ).toMatchObject({
    kind: "ended",
  });
  expect(await source.getProperties()).toMatchObject({ leaseState: "available" });
  expect(await steps.ledger.readLock(copy.destination)).toBeNull();
});

test("prepare plans nothing once an abort is in the ledger, although no event reached its orchestration", async () => {
  const storage = await startStorage(slowly);
  const steps = createSteps(storage);
  const source = await uploadBlob(storage.service, "x");
  const destination = storage.service.getContainerClient("source").getBlobClient("copy.mp4");
  const { instanceId, copy } = createCopyInput(storage, {
    source: source.url,
    destination: destination.url,
  });
  await steps.ledger.addRecord({ instanceId, ...copy });
  await steps.ledger.requestAbort(instanceId);
  expect(await steps.prepareCopy({ instanceId, copy })).toEqual({ kind: "abort-requested" });
});

test("a copy that has to wait for its source after it was planned leaves neither a snapshot nor a lock", async () => {
  const { storage, steps, copy, instanceId, snapshots } = await planWithRollback();
  const prepared = await steps.prepareCopy({ instanceId, copy });
  expect(prepared).toMatchObject({ kind: "planned" });
  expect(await snapshots()).toHaveLength(1);
  // Another client now copies onto the source, and the copy is planned again because its source has changed.
  const original = await uploadBlob(storage.service, "y".repeat(1_000), { blob: "original.mp4" });
  const source = storage.service.getContainerClient("source").getBlobClient(copy.source.path);
  await source.beginCopyFromURL(original.url, { intervalInMs: 3_600_000 });
  const busy = { kind: "busy", endpoint: "source" };
  expect(await steps.prepareCopy({ instanceId, copy })).toMatchObject(busy);
  expect(await snapshots()).toEqual([]);
  expect(await steps.ledger.readLock(copy.destination)).toBeNull();
});

test("a lock that a start may still need is kept while the source is busy", async () => {
  const { storage, steps, copy, instanceId, snapshots } = await planWithRollback();
  const prepared = await steps.prepareCopy({ instanceId, copy });
  if (prepared.kind !== "planned") throw new Error(prepared.kind);
  const now = epochMs(storage.clock.now());
  const attempt = { instanceId, attemptId: "unanswered", now, until: epochMs(now + 60_000) };
  await steps.ledger.registerAttempt(copy.destination, { ...attempt, plan: prepared.plan });
  const original = await uploadBlob(storage.service, "y".repeat(1_000), { blob: "original.mp4" });
  const source = storage.service.getContainerClient("source").getBlobClient(copy.source.path);
  await source.beginCopyFromURL(original.url, { intervalInMs: 3_600_000 });
  expect(await steps.prepareCopy({ instanceId, copy })).toMatchObject({ kind: "busy" });
  expect(await snapshots()).toHaveLength(1);
  expect(await steps.ledger.readLock(copy.destination)).toMatchObject({ instanceId });
});
