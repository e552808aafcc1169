import { expect, test } from "vitest";
import { pickEndpoints } from "../../../src/copy/contract/activities.ts";
import type { CopyInput } from "../../../src/copy/contract/activities.ts";
import { toCopyId } from "../../../src/copy/contract/ids.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { newRecord, withAbort, withCopy } from "../../../src/ledger/record.ts";
import { epochMs } from "../../../src/copy/time.ts";
import type { StorageEmulatorOptions } from "../../../src/local/storage/emulator.ts";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

/*
 * Durable runs an activity at least once, so two runs of the same attempt may overlap at any of their requests, and the
 * response to a write may be lost.
 */

async function requested(
  options: Record<string, unknown> = {},
  copies: StorageEmulatorOptions["copies"] = { bytesPerSecond: 10 },
) {
  const storage = await startStorage({ copies });
  const { clock, emulator, service } = storage;
  const steps = createSteps(storage);
  const source = await uploadBlob(service, "x".repeat(1_000));
  const destination = service.getContainerClient("source").getBlobClient("copy.mp4");
  const body = { source: source.url, destination: destination.url, options };
  const { instanceId, copy: posted } = createCopyInput(storage, body);
  const copy: CopyInput = { ...posted, ...pickEndpoints(posted) };
  const { ledger } = steps;
  const { records } = ledger;
  const { write } = records;
  /** Replaces the next write to a record. */
  const atWrite = (work: (real: () => Promise<string | null>) => Promise<string | null>) => {
    records.write = async (...args) => {
      records.write = write;
      return await work(() => write(...args));
    };
  };
  /** Runs a start that is killed at a write to a record, after this work: at the next, or after `passed` writes. */
  const killAtWrite = (
    work: (real: () => Promise<string | null>) => Promise<unknown>,
    passed = 0,
  ) =>
    new Promise<void>((killed, failed) => {
      let left = passed;
      records.write = async (...args) => {
        if (left-- > 0) return await write(...args);
        records.write = write;
        await work(() => write(...args)).then(() => killed(), failed);
        return await new Promise(() => {});
      };
      void start();
    });
  const snapshots = async () => {
    let count = 0;
    const blobs = service.getContainerClient("source").listBlobsFlat({ includeSnapshots: true });
    for await (const { snapshot } of blobs) count += snapshot === undefined ? 0 : 1;
    return count;
  };
  const starts = () =>
    emulator.requests.filter(
      ({ operation, url }) => operation === "CopyBlob" && url.includes("copy.mp4"),
    ).length;
  /** Another client's copy onto the source. */
  const occupySource = async () => {
    const original = await uploadBlob(service, "y".repeat(1_000), { blob: "original.mp4" });
    await source.beginCopyFromURL(original.url, { intervalInMs: 3_600_000 });
    const { copyId = "" } = await source.getProperties();
    /** Ends it. Its empty blob would be refused as a source, so the other client uploads the source again. */
    const free = async () => {
      await source.abortCopyFromURL(copyId);
      await source.upload("z".repeat(1_000), 1_000);
    };
    return { copyId: toCopyId(copyId), free };
  };
  const start = (more: { attempt?: number; awaitedCopyId?: ReturnType<typeof toCopyId> } = {}) =>
    steps.startCopy({ instanceId, copy, ...more });
  return {
    clock,
    steps,
    ledger,
    instanceId,
    copy,
    source,
    service,
    atWrite,
    killAtWrite,
    start,
    starts,
    snapshots,
    occupySource,
  };
}

const settling = {
  plan: null,
  copyId: null,
  result: { kind: "aborted-before-start" },
  record: { abortRequested: true, startedAt: null, statusReads: 0 },
} as const;

test("a run that releases its lock excludes a second run that still holds it", async () => {
  const { start, starts, ledger, copy, atWrite, occupySource } = await requested({
    ifBusy: "wait",
  });
  const { free } = await occupySource();
  atWrite(async (write) => {
    const etag = await write();
    await free(); // the source is free for the second run, which reads the lock before the first releases it
    expect(await start()).toMatchObject({ kind: "transient-failure" });
    return etag;
  });
  expect(await start()).toMatchObject({ kind: "busy", endpoint: "source" });
  expect(starts()).toBe(0);
  expect(await ledger.readLock(copy.destination)).toBeNull();
});

test("a lock that a killed run was releasing is released by the next run", async () => {
  const { start, starts, ledger, copy, killAtWrite, occupySource } = await requested({
    ifBusy: "wait",
  });
  const { free } = await occupySource();
  await killAtWrite((write) => write());
  await free();
  expect(await start({ attempt: 2 })).toMatchObject({ kind: "transient-failure" });
  expect(await ledger.readLock(copy.destination)).toBeNull();
  expect(await start({ attempt: 3 })).toMatchObject({ kind: "started" });
  expect(starts()).toBe(1);
});

test("a copy that waits for its source follows the copy that another run has started", async () => {
  const { start, ledger, instanceId, copy, occupySource } = await requested({ ifBusy: "wait" });
  const { copyId: awaitedCopyId } = await occupySource();
  const plan = { source: { etag: '"1"', length: 1 }, destinationEtag: null };
  const started = { plan, copyId: toCopyId("5e2b1c7a-8d77-4a0c-9c1e-000000000001") };
  await ledger.records.write(instanceId, withCopy(newRecord(copy), started, epochMs(0)), null);
  expect(await start({ attempt: 2, awaitedCopyId })).toMatchObject({ kind: "started", started });
});

test("an abort that comes after a registration whose response was lost is kept, and nothing is started", async () => {
  const { clock, start, starts, ledger, instanceId, copy, atWrite } = await requested();
  atWrite(async (write) => {
    await write();
    await ledger.records.change(instanceId, undefined, (record) => withAbort(record, copy));
    return null; // the SDK has repeated the write, and the second one failed
  });
  await start();
  expect(starts()).toBe(0);
  expect(await ledger.records.read(instanceId)).toMatchObject({ abortRequested: true });
  await clock.advance(60_000);
  expect(await start({ attempt: 2 })).toEqual({ kind: "abort-requested" });
  expect(starts()).toBe(0);
});

test("a registration whose response was lost is not repeated, and its copy is started once", async () => {
  const { start, starts, atWrite } = await requested();
  atWrite(async (write) => {
    await write();
    return null;
  });
  expect(await start()).toMatchObject({ kind: "started" });
  expect(starts()).toBe(1);
});

test("a run that leases the source after settle has released it releases it again", async () => {
  const { start, starts, ledger, instanceId, copy, source, atWrite } = await requested({
    sourceLease: "hold",
  });
  atWrite(async (write) => {
    await ledger.records.write(instanceId, { ...newRecord(copy), settlement: settling }, null);
    return await write();
  });
  expect(await start()).toMatchObject({ kind: "transient-failure" });
  expect(starts()).toBe(0);
  expect(await source.getProperties()).toMatchObject({ leaseState: "available" });
});

test("a run after the end of the copy removes the snapshot of a late run that was killed", async () => {
  const { steps, start, service, instanceId, copy, snapshots, killAtWrite } = await requested({
    overwrite: "always",
    rollback: "snapshot",
  });
  await uploadBlob(service, "former", { blob: "copy.mp4" });
  const input = { instanceId, copy: pickEndpoints(copy), ...settling, isLastAttempt: false };
  await steps.settleCopy(input);
  await killAtWrite(async () => {});
  expect(await snapshots()).toBe(1);
  expect(await start()).toMatchObject({ kind: "ended" });
  expect(await snapshots()).toBe(0);
});

test("only a run that holds the destination's lock removes the snapshot of a late run", async () => {
  const { clock, ledger, steps, start, service, instanceId, copy, snapshots, killAtWrite } =
    await requested({ overwrite: "always", rollback: "snapshot" });
  await uploadBlob(service, "former", { blob: "copy.mp4" });
  const input = { instanceId, copy: pickEndpoints(copy), ...settling, isLastAttempt: false };
  await steps.settleCopy(input);
  await killAtWrite(async () => {});
  const { destination } = copy;
  await ledger.releaseLock(destination, instanceId, null);
  const other = newInstanceId(epochMs(clock.now()));
  await ledger.acquireLock(other, copy);
  expect(await start({ attempt: 2 })).toMatchObject({ kind: "ended" });
  expect(await snapshots()).toBe(1);
  await ledger.releaseLock(destination, other, null);
  const awaitedCopyId = toCopyId("01a21ba0-496d-7000-8000-000000000000");
  expect(await start({ attempt: 3, awaitedCopyId })).toMatchObject({ kind: "ended" });
  expect(await snapshots()).toBe(0);
  expect(await ledger.readLock(destination)).toBeNull();
});

test("a run that finds the copy of another run at the destination does not settle it as refused", async () => {
  const { start, starts, ledger, instanceId, killAtWrite } = await requested(
    {},
    { finishOnStart: "always" },
  );
  const { acquireLock } = ledger;
  ledger.acquireLock = async (...args) => {
    ledger.acquireLock = acquireLock;
    const lock = await acquireLock(...args);
    // The other run registers its attempt, starts the copy, and is killed before it records the outcome.
    await killAtWrite(async () => {}, 1);
    return lock;
  };
  expect(await start()).toMatchObject({ kind: "transient-failure" });
  expect(await ledger.records.read(instanceId)).toMatchObject({ outcome: null, settlement: null });
  expect(await start({ attempt: 2 })).toMatchObject({ kind: "started" });
  expect(starts()).toBe(1);
});

test("a waiter that lets an earlier one go first keeps its place in the queue, and starts nothing in a second run", async () => {
  const { clock, steps, starts, ledger, instanceId, copy, atWrite } = await requested({
    ifBusy: "wait",
  });
  const { destination } = copy;
  const wake = async () => "woken" as const;
  const start = () => steps.startCopy({ instanceId, copy }, { wake });
  const earlier = newInstanceId(epochMs(clock.now() - 1_000));
  await ledger.queue.rejoin(destination, earlier);
  atWrite(async (write) => {
    const etag = await write();
    await ledger.queue.rejoin(destination, instanceId);
    await ledger.queue.leave({ destination }, earlier); // so that the second run would be the first in the queue
    expect(await start()).toMatchObject({ kind: "transient-failure" });
    expect(await ledger.readLock(destination)).toBeNull();
    return etag;
  });
  expect(await start()).toMatchObject({ kind: "busy", endpoint: "destination" });
  expect(starts()).toBe(0);
  const now = epochMs(clock.now());
  expect(await ledger.queue.position(destination, instanceId, now)).toMatchObject({
    isQueued: true,
  });
});
