import type { DurableClient } from "durable-functions";
import { expect, test } from "vitest";
import { toInstanceId } from "../../../src/copy/contract/ids.ts";
import { failure } from "../../../src/copy/contract/failure.ts";
import { epochMs } from "../../../src/copy/time.ts";
import { copyView } from "../../../src/instances/copy-view.ts";
import { findInstance } from "../../../src/instances/find-instance.ts";
import { withAbort } from "../../../src/ledger/record.ts";
import { repairInstanceId } from "../../../src/names.ts";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

/** Durable's status of one instance. */
type Status = {
  name?: string;
  runtimeStatus: string;
  input?: unknown;
  customStatus?: unknown;
  output?: unknown;
};

/** A copy that Storage has started, and the ledger's entries of it. `durable`: statuses by instance id. */
async function startedCopy() {
  const storage = await startStorage({ copies: { bytesPerSecond: 10 } });
  const { ledger, ...steps } = createSteps(storage);
  const source = await uploadBlob(storage.service, "x".repeat(1_000));
  const destination = storage.service.getContainerClient("source").getBlobClient("copy.mp4");
  const request = { source: source.url, destination: destination.url };
  const { instanceId, copy } = createCopyInput(storage, request);
  const started = await steps.startCopy({ instanceId, copy });
  if (started.kind !== "started") throw new Error(started.kind);

  const durable = new Map<string, Status>();
  const client = {
    getStatus: async (id: string) => {
      const status = durable.get(id);
      if (status === undefined) throw new Error("the extension replied with HTTP 404");
      const record = { abortRequested: false, startedAt: null, statusReads: 0 };
      const taken = { instanceId, copy, plan: null, copyId: null, settlement: null, record };
      const input = status.input ?? (id === instanceId ? copy : { version: 1, ...taken });
      return { name: "copyOrchestration", input, lastUpdatedTime: storage.clock.now(), ...status };
    },
  } as unknown as DurableClient; // findInstance calls nothing else
  const view = async () => {
    const found = await findInstance(client, ledger, instanceId);
    return found === null ? null : copyView(found, "/api/copies");
  };
  const { copyId } = started.started;
  const startedAt = new Date(storage.clock.now()).toISOString();
  /** Returns the outcome of the copy; null if it has none. */
  const requestAbort = async (id = instanceId) => {
    const record = await ledger.records.change(id, undefined, (found) => withAbort(found, copy));
    return record.outcome;
  };
  const { records } = ledger;
  return {
    ledger,
    records,
    requestAbort,
    durable,
    view,
    instanceId,
    copyId,
    startedAt,
    steps,
    copy,
  };
}

test.each([
  { what: "failed and lost its custom status", runtimeStatus: "Failed" },
  { what: "was terminated before its first status", runtimeStatus: "Terminated" },
  { what: "was purged", runtimeStatus: null },
])("a copy whose instance $what is shown with the ledger's data", async ({ runtimeStatus }) => {
  const { durable, view, instanceId, copyId, startedAt, requestAbort } = await startedCopy();
  if (runtimeStatus !== null) durable.set(instanceId, { runtimeStatus, customStatus: null });
  const known = { copyId, copyStatus: "pending", startedAt, completedAt: null, nextReadAt: null };
  const warning = expect.stringContaining("a repair takes the copy over");
  expect(await view()).toMatchObject({ ...known, status: "copying", warning });
  expect(await requestAbort()).toBeNull();
  expect(await view()).toMatchObject({ ...known, status: "aborting", abortRequested: true });
});

test("a copy whose instance is suspended has a warning and no time of its next poll", async () => {
  const { durable, view, instanceId, copyId, requestAbort } = await startedCopy();
  const nextReadAt = "2026-03-01T12:00:05.000Z";
  const customStatus = { status: "copying", copyId, copyStatus: "pending", nextReadAt };
  durable.set(instanceId, { runtimeStatus: "Suspended", customStatus });
  const warning = expect.stringContaining("is suspended");
  expect(await view()).toMatchObject({ status: "copying", nextReadAt: null, warning });
  await requestAbort();
  expect(await view()).toMatchObject({ status: "aborting", abortRequested: true, warning });
});

test.each([
  {
    when: "after its first status",
    customStatus: { status: "copying", nextReadAt: "2026-03-01T12:00:05.000Z" },
  },
  { when: "before its first status", customStatus: null },
])(
  "a running copy whose abort was recorded $when is shown as aborting",
  async ({ customStatus }) => {
    const { durable, view, instanceId, requestAbort } = await startedCopy();
    durable.set(instanceId, { runtimeStatus: "Running", customStatus });
    expect(await view()).toMatchObject({
      status: customStatus?.status ?? "queued",
      abortRequested: false,
    });
    await requestAbort();
    expect(await view()).toMatchObject({
      status: "aborting",
      abortRequested: true,
      nextReadAt: null,
    });
  },
);

test("a repair that is suspended is shown like any suspended instance", async () => {
  const { durable, view, instanceId, copyId } = await startedCopy();
  durable.set(instanceId, { runtimeStatus: "Failed", customStatus: null });
  durable.set(repairInstanceId(instanceId), {
    name: "repairOrchestration",
    runtimeStatus: "Suspended",
    customStatus: null,
  });
  const warning = expect.stringContaining("is suspended");
  expect(await view()).toMatchObject({ status: "copying", copyId, warning });
});

test("an instance whose orchestrator was named in another letter case is found", async () => {
  const { durable, view, instanceId } = await startedCopy();
  durable.set(instanceId, { name: "COPYorchestration", runtimeStatus: "Running" });
  expect(await view()).toMatchObject({ status: "queued", warning: null });
  durable.set(instanceId, { name: "otherOrchestration", runtimeStatus: "Running" });
  expect(await view()).toMatchObject({ warning: expect.stringContaining("a repair takes") });
});

test("a purged copy that has ended is not shown as one that waits for a repair", async () => {
  const { view, instanceId, steps, copy, ledger, copyId } = await startedCopy();
  const record = { abortRequested: false, startedAt: null, statusReads: 0 };
  const result = { kind: "gone", failure: failure("destination-deleted", "It is gone") } as const;
  const input = { instanceId, copy, plan: null, copyId, result, record, isLastAttempt: true };
  expect(await steps.settleCopy(input, { log: () => {} })).toMatchObject({ kind: "settled" });
  expect(await ledger.readLock(copy.destination)).toBeNull();
  expect(await view()).toBeNull();
});

test("an outcome reports that an abort was requested, even if the orchestration never received it", async () => {
  const { instanceId, steps, copy, requestAbort, copyId } = await startedCopy();
  expect(await requestAbort()).toBeNull();
  const record = { abortRequested: false, startedAt: null, statusReads: 3 };
  const progress = { bytesCopied: 1_000, totalBytes: 1_000 };
  const result = { kind: "success", progress, etag: "x", endedAt: null } as const;
  const input = { instanceId, copy, plan: null, copyId, result, record, isLastAttempt: true };
  const settled = await steps.settleCopy(input, { log: () => {} });
  const outcome = { status: "succeeded", abortRequested: true, statusReads: 3 };
  expect(settled).toMatchObject({ kind: "settled", outcome });
  // From now on the abort changes nothing.
  expect(await requestAbort()).toMatchObject(outcome);
});

test("an abort that comes after the outcome changes neither the record nor the outcome", async () => {
  const { instanceId, records, requestAbort } = await startedCopy();
  const outcome = { status: "succeeded", abortRequested: false } as never;
  await records.recordOutcome(instanceId, outcome);
  const before = await records.read(instanceId);
  expect(await requestAbort()).toEqual(outcome);
  expect(await records.read(instanceId)).toEqual(before);
  expect(before).toMatchObject({ abortRequested: false });
});

test("an abort between settling and recording is part of the outcome", async () => {
  const { instanceId, records, requestAbort } = await startedCopy();
  await requestAbort();
  const outcome = { status: "succeeded", abortRequested: false } as never;
  expect(await records.recordOutcome(instanceId, outcome)).toMatchObject({
    abortRequested: true,
  });
  expect((await records.read(instanceId))?.outcome).toMatchObject({ abortRequested: true });
});

test("an abort of an instance without a record is kept, and its record can be purged", async () => {
  const { ledger, records, requestAbort } = await startedCopy();
  const id = toInstanceId("019cad5e-0000-7000-8000-000000000000");
  expect(await requestAbort(id)).toBeNull();
  expect(await records.read(id)).toMatchObject({ outcome: null, abortRequested: true });
  const due = [];
  for (const day of await ledger.retention.listDays({ day: "2027-01-01" })) {
    due.push(...(await ledger.retention.listRecords(day, { marker: null, limit: 10 })).records);
  }
  expect(due).toContainEqual({ instanceId: id, completedAt: null });
});

test("the first outcome of a copy is final", async () => {
  const { records, instanceId } = await startedCopy();
  const first = { status: "succeeded", abortRequested: false } as never;
  expect(await records.recordOutcome(instanceId, first)).toEqual(first);
  const second = { status: "aborted", abortRequested: true } as never;
  expect(await records.recordOutcome(instanceId, second)).toEqual(first);
  expect((await records.read(instanceId))?.outcome).toEqual(first);
});

test.each(["Running", "Completed", "Failed"])(
  "an instance with another request than its record is not shown (%s)",
  async (runtimeStatus) => {
    const { durable, view, instanceId, copy, records } = await startedCopy();
    const strange = { ...copy, destination: { ...copy.destination, path: "another.mp4" } };
    const at = copy.createdAt;
    const failed = failure("internal", "Cannot copy because of a test");
    const ended = { copyId: null, copyStatus: null, progress: null, residue: [], statusReads: 0 };
    const times = { startedAt: null, completedAt: at, settledAt: at };
    const outcome = { status: "succeeded", abortRequested: false, ...ended, ...times } as const;
    durable.set(instanceId, { runtimeStatus, input: strange, output: outcome });
    // The lock has the copy that was started.
    expect(await view()).toMatchObject({ destination: expect.stringContaining("/copy.mp4") });
    await records.recordOutcome(instanceId, { ...outcome, status: "failed", failure: failed });
    expect(await view()).toBeNull();
  },
);

test("an instance of a deleted copy is not shown", async () => {
  const { durable, view, instanceId, records } = await startedCopy();
  durable.set(instanceId, { runtimeStatus: "Running" });
  expect(await view()).not.toBeNull();
  await records.forget(instanceId, epochMs(0));
  expect(await view()).toBeNull();
});
