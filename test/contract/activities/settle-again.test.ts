import { expect, test } from "vitest";
import type { CopyResult } from "../../../src/copy/contract/outcome.ts";
import type { KeptEtags, SettleInput } from "../../../src/copy/contract/activities.ts";
import { failure } from "../../../src/copy/contract/failure.ts";
import { newRecord } from "../../../src/ledger/record.ts";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

/** A requested copy and its steps. */
async function requested() {
  const storage = await startStorage({ copies: { bytesPerSecond: 10 } });
  const { ledger, ...steps } = createSteps(storage);
  const { emulator, clock, service } = storage;
  const source = await uploadBlob(service, "x".repeat(1_000));
  const destination = service.getContainerClient("source").getBlobClient("copy.mp4");
  const { instanceId, copy } = createCopyInput(storage, {
    source: source.url,
    destination: destination.url,
  });
  const start = (attempt = 1) => steps.startCopy({ instanceId, copy, attempt });
  const started = async () => {
    const result = await start();
    if (result.kind !== "started") throw new Error(result.kind);
    return result;
  };
  const record = { abortRequested: true, startedAt: null, statusReads: 0 };
  const aborted: CopyResult = { kind: "aborted-before-start" };
  const base = { instanceId, copy, plan: null, copyId: null, record, isLastAttempt: false };
  const settle = (input: Partial<SettleInput> = {}) =>
    steps.settleCopy({ ...base, result: aborted, ...input });
  const { requests, faults } = emulator;
  const starts = () => requests.filter(({ operation }) => operation === "CopyBlob").length;
  return {
    steps,
    ledger,
    copy,
    instanceId,
    clock,
    faults,
    start,
    started,
    settle,
    starts,
    requests,
  };
}

test("a start whose response comes after Ferry gave up on it is tracked", async () => {
  const { started, settle } = await requested();
  const { started: copy } = await started();
  expect(await settle()).toEqual({ kind: "found", started: copy });
});

test("a start that runs after settling began starts nothing", async () => {
  const { ledger, copy, instanceId, start, starts } = await requested();
  const settlement = {
    plan: null,
    copyId: null,
    result: { kind: "aborted-before-start" },
    record: { abortRequested: true, startedAt: null, statusReads: 0 },
  } as const;
  // The state after a settle that died in the middle.
  await ledger.records.write(instanceId, { ...newRecord(copy), settlement }, null);
  expect(await start()).toMatchObject({ kind: "transient-failure" });
  expect(starts()).toBe(0);
});

test("a copy is not settled while its start may be in flight", async () => {
  const { clock, faults, start, settle, ledger, instanceId } = await requested();
  const at = clock.now();
  faults.add({ operation: "CopyBlob", times: 1, do: "reset connection" });
  expect(await start()).toMatchObject({ kind: "transient-failure" });
  expect(await settle()).toEqual({ kind: "wait", until: at + 60_000, fence: true });
  // The fence: nothing is started from now on, although nothing is settled yet.
  await clock.advance(60_000);
  expect(await start(2)).toMatchObject({ kind: "transient-failure" });
  expect(await settle()).toMatchObject({ kind: "settled", outcome: { status: "aborted" } });
  expect(await ledger.records.read(instanceId)).toMatchObject({ attempt: null, settlement: null });
});

test("a start that runs after the end releases the lock that it acquired", async () => {
  const { ledger, copy, start, settle, starts } = await requested();
  expect(await settle()).toMatchObject({ kind: "settled" });
  expect(await start()).toMatchObject({ kind: "ended" });
  expect(await ledger.readLock(copy.destination)).toBeNull();
  expect(starts()).toBe(0);
});

test("a copy has one outcome: a second settle returns the first outcome", async () => {
  const { started, settle, ledger, instanceId, requests } = await requested();
  const { kept, started: copy } = await started();
  const progress = { bytesCopied: 1_000, totalBytes: 1_000 };
  const success = { kind: "success", progress, etag: "x", endedAt: null } as const;
  const record = { abortRequested: false, startedAt: null, statusReads: 1 };
  const known = { ...copy, kept: kept ?? null, record };
  const first = await settle({ ...known, result: success });
  expect(first).toMatchObject({ kind: "settled", outcome: { status: "succeeded" } });
  const gone = { kind: "gone", failure: failure("destination-deleted", "It is gone") } as const;
  expect(await settle({ ...known, result: gone })).toEqual(first);
  // It neither cleans up again nor changes the record.
  const ended = await ledger.records.read(instanceId);
  const before = requests.length;
  const failed = { kind: "aborted", progress: null, etag: "x", endedAt: null } as const;
  expect(await settle({ ...known, result: failed })).toEqual(first);
  const calls = requests.slice(before).filter(({ url }) => !url.includes("ferry-ledger"));
  expect(calls).toEqual([]);
  expect(await ledger.records.read(instanceId)).toEqual(ended);
});

test("settle does not release the lock that another copy has acquired since", async () => {
  const { started, settle, ledger, copy } = await requested();
  const { kept, started: first } = await started();
  const record = { abortRequested: false, startedAt: null, statusReads: 1 };
  const gone = { kind: "gone", failure: failure("destination-deleted", "It is gone") } as const;
  const input = { ...first, kept: kept ?? null, record, result: gone };
  expect(await settle(input)).toMatchObject({ kind: "settled" });
  const other = "019cad5e-0000-7000-8000-000000000000" as never;
  const acquired = await ledger.acquireLock(other, copy);
  expect(acquired).toMatchObject({ held: true, isNew: true });
  expect(await settle(input)).toMatchObject({ kind: "settled" });
  expect(await ledger.readLock(copy.destination)).toMatchObject({ instanceId: other });
});

test("an abort that comes before the outcome is part of it, although settle had an older record", async () => {
  const { started, settle, ledger, instanceId } = await requested();
  const { kept, started: copy } = await started();
  await ledger.records.change(instanceId, undefined, (record) => ({
    ...record,
    abortRequested: true,
  }));
  const progress = { bytesCopied: 1_000, totalBytes: 1_000 };
  const result = { kind: "success", progress, etag: "x", endedAt: null } as const;
  const record = { abortRequested: false, startedAt: null, statusReads: 1 };
  const etags: KeptEtags | null = kept ?? null;
  expect(await settle({ ...copy, kept: etags, record, result })).toMatchObject({
    kind: "settled",
    outcome: { status: "succeeded", abortRequested: true },
  });
});
