import { expect, test } from "vitest";
import { pickEndpoints } from "../../../src/copy/contract/activities.ts";
import type { CopyInput } from "../../../src/copy/contract/activities.ts";
import { newRecord, withAbort } from "../../../src/ledger/record.ts";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

const slowly = { copies: { bytesPerSecond: 10 } };

test("ifBusy replace: a start that runs again late does not abort our own copy", async () => {
  const storage = await startStorage(slowly);
  const steps = createSteps(storage);
  const source = await uploadBlob(storage.service, "x".repeat(1_000));
  const destination = storage.service.getContainerClient("source").getBlobClient("copy.mp4");
  const options = { overwrite: "always", ifBusy: "replace" };
  const body = { source: source.url, destination: destination.url, options };
  const { instanceId, copy } = createCopyInput(storage, body);

  const first = await steps.startCopy({ instanceId, copy });
  if (first.kind !== "started") throw new Error(first.kind);
  const { started } = first;
  expect(await steps.startCopy({ instanceId, copy })).toMatchObject({ kind: "started", started });
  expect(await destination.getProperties()).toMatchObject({ copyStatus: "pending" });
  expect(storage.emulator.requests.some(({ operation }) => operation === "AbortCopyBlob")).toBe(
    false,
  );
});

async function requestWithRollback() {
  const storage = await startStorage(slowly);
  const steps = createSteps(storage);
  const source = await uploadBlob(storage.service, "x".repeat(1_000));
  const destination = await uploadBlob(storage.service, "former", { blob: "copy.mp4" });
  const options = { overwrite: "always", rollback: "snapshot" };
  const body = { source: source.url, destination: destination.url, options };
  const { instanceId, copy: requested } = createCopyInput(storage, body);
  const copy: CopyInput = { ...requested, ...pickEndpoints(requested) };
  const snapshots = async () => {
    const times = [];
    const box = storage.service.getContainerClient("source");
    for await (const { snapshot } of box.listBlobsFlat({ includeSnapshots: true })) {
      if (snapshot !== undefined) times.push(snapshot);
    }
    return times;
  };
  const { faults } = storage.emulator;
  const start = (attempt: number) => steps.startCopy({ instanceId, copy, attempt });
  const refuse = (times: number) =>
    faults.add({
      operation: "CopyBlob",
      times,
      do: { response: { status: 503, code: "ServerBusy" } },
    });
  return { storage, steps, copy, instanceId, destination, snapshots, start, refuse };
}

test("a copy that is planned twice takes one snapshot for each state of the destination", async () => {
  const { steps, instanceId, destination, snapshots, start, refuse } = await requestWithRollback();
  refuse(3);
  await start(1);
  const plan = async () => (await steps.ledger.records.read(instanceId))?.plan;
  const first = await plan();
  await start(2);
  expect(await snapshots()).toHaveLength(1);
  expect(first).toMatchObject({ snapshot: (await snapshots())[0] });
  expect((await plan())?.snapshot).toBe(first?.snapshot);
  await destination.upload("changed", 7);
  await start(3);
  expect(await snapshots()).toHaveLength(2);
});

test("a start that plans while its copy is settled leaves no snapshot behind", async () => {
  const { steps, copy, instanceId, snapshots, start } = await requestWithRollback();
  const record = { abortRequested: true, startedAt: null, statusReads: 0 };
  const result = { kind: "aborted-before-start" } as const;
  const settlement = { plan: null, copyId: null, result, record };
  const { records } = steps.ledger;
  const { write } = records;
  records.write = async (...args) => {
    records.write = write;
    await write(instanceId, { ...newRecord(copy), settlement }, null);
    return write(...args);
  };
  expect(await start(1)).toMatchObject({ kind: "transient-failure" });
  expect(await snapshots()).toEqual([]);
});

test("a start that runs after the copy was settled releases the lease of an earlier, crashed run", async () => {
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
  await steps.settleCopy({ ...step, isLastAttempt: false });
  // The state after a run that crashed before it could register its attempt.
  await source.getBlobLeaseClient(instanceId).acquireLease(-1);
  expect(
    await steps.startCopy({ instanceId, copy: { ...copy, ...pickEndpoints(copy) } }),
  ).toMatchObject({
    kind: "ended",
  });
  expect(await source.getProperties()).toMatchObject({ leaseState: "available" });
  expect(await steps.ledger.readLock(copy.destination)).toBeNull();
});

test("nothing is started once an abort is in the ledger, although no event reached its orchestration", async () => {
  const storage = await startStorage(slowly);
  const steps = createSteps(storage);
  const source = await uploadBlob(storage.service, "x");
  const destination = storage.service.getContainerClient("source").getBlobClient("copy.mp4");
  const { instanceId, copy } = createCopyInput(storage, {
    source: source.url,
    destination: destination.url,
  });
  await steps.ledger.records.change(instanceId, null, (record) => withAbort(record, copy));
  expect(await steps.startCopy({ instanceId, copy })).toEqual({ kind: "abort-requested" });
});

test("a copy that has to wait for its source after it was planned leaves neither a snapshot nor a lock", async () => {
  const { storage, steps, copy, snapshots, start, refuse } = await requestWithRollback();
  refuse(1);
  expect(await start(1)).toMatchObject({ kind: "transient-failure" });
  expect(await snapshots()).toHaveLength(1);
  // Another client now copies onto the source, and the copy is planned again because its source has changed.
  const original = await uploadBlob(storage.service, "y".repeat(1_000), { blob: "original.mp4" });
  const source = storage.service.getContainerClient("source").getBlobClient(copy.source.path);
  await source.beginCopyFromURL(original.url, { intervalInMs: 3_600_000 });
  const busy = { kind: "busy", endpoint: "source" };
  expect(await start(2)).toMatchObject(busy);
  expect(await snapshots()).toEqual([]);
  expect(await steps.ledger.readLock(copy.destination)).toBeNull();
});

test("a lock that a start may still need is kept while the source is busy", async () => {
  const { storage, steps, copy, instanceId, snapshots, start } = await requestWithRollback();
  const { faults, requests } = storage.emulator;
  faults.add({ operation: "CopyBlob", times: 1, do: "reset connection" });
  expect(await start(1)).toMatchObject({ kind: "transient-failure" });
  const original = await uploadBlob(storage.service, "y".repeat(1_000), { blob: "original.mp4" });
  const source = storage.service.getContainerClient("source").getBlobClient(copy.source.path);
  await source.beginCopyFromURL(original.url, { intervalInMs: 3_600_000 });
  expect(await start(2)).toMatchObject({ kind: "transient-failure" });
  await storage.clock.advance(60_000);
  expect(await start(3)).toMatchObject({ kind: "busy" });
  expect(await snapshots()).toHaveLength(1);
  expect(await steps.ledger.readLock(copy.destination)).toMatchObject({ instanceId });
  expect(requests.length).toBeGreaterThan(0);
});
