import { expect, test } from "vitest";
import type { SettleInput } from "../../../src/copy/contract/activities.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { newRecord } from "../../../src/ledger/record.ts";
import { epochMs } from "../../../src/copy/time.ts";
import { outcome, reason, startStrangeSteps as start } from "../../support/access/strange-steps.ts";

/*
 * Goal: an activity trusts the ledger, not its input, about the lease and the content of a copy. Method: activities run
 * with the inputs of a client that has the key of the task hub.
 */

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

test("start of an ended copy that is not allowed releases no lease of another client", async () => {
  const { steps, blob, step, storage } = await start();
  const leased = blob("private/leased");
  await leased.uploadData(Buffer.from("x"));
  await leased.getBlobLeaseClient(step.instanceId).acquireLease(-1);
  const source = { ...step.copy.source, container: "private", path: "leased" };
  const strange = {
    ...step.copy,
    source,
    leasesSource: true,
    // In no pair, because it is in another account.
    destination: { ...step.copy.destination, account: "devstoreaccount3" },
  };
  await steps.ledger.records.recordOutcome(step.instanceId, outcome as never);
  const started = await steps.startCopy({ ...step, copy: strange as never });
  expect(started).toMatchObject({ kind: "ended" });
  expect((await leased.getProperties()).leaseState).toBe("leased");
  expect(storage.emulator.requests.map(({ operation }) => operation)).not.toContain("ReleaseLease");
});

test.each(["the lock", "the record"])(
  "settle releases the lease of a copy if %s shows that it leases this source",
  async (entry) => {
    const { steps, source, step, storage } = await start({ sourceLease: "hold" });
    const copy = { ...step.copy, leasesSource: true as const };
    if (entry === "the lock") {
      await source.getBlobLeaseClient(step.instanceId).acquireLease(-1);
      await steps.ledger.acquireLock(step.instanceId, copy);
    } else {
      await source.getBlobLeaseClient(step.instanceId).acquireLease(-1);
      await steps.ledger.records.write(
        step.instanceId,
        { ...newRecord(copy), leasesSource: true },
        null,
      );
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
  await steps.ledger.acquireLock(instanceId, copy);
  const input: SettleInput = {
    ...step,
    copyId: otherId,
    kept: null,
    result: { kind: "failed", failure: reason, progress: null, etag, endedAt: null },
  };
  expect(await steps.settleCopy(input)).toMatchObject({
    kind: "settled",
    outcome: { residue: [expect.stringContaining("the ledger does not show")] },
  });
  expect(await destination.exists()).toBe(true);
});

test("settle removes only content with the copyId of its record", async () => {
  const { steps, step, copy, instanceId, copyOver } = await start();
  const started = await steps.startCopy({ instanceId, copy });
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

test.each<[string, (lock: string) => string]>([
  ["any", () => "*"],
  ["a quoted star", () => '"*"'],
  ["a list with that of the lock", (lock) => `"0x1",${lock}`],
])("with %s as its kept ETag, settle releases no lock of another copy", async (_, build) => {
  const { steps, step, copy, storage } = await start();
  const other = newInstanceId(epochMs(storage.clock.now()));
  const lock = await steps.ledger.acquireLock(other, copy);
  await steps.ledger.records.write(other, newRecord(copy), null);
  const record = await steps.ledger.records.read(other);
  const kept = { lock: build(lock.etag), record: null };
  const input = { ...step, plan: null, copyId: null };
  expect(await steps.settleCopy({ ...input, kept })).toMatchObject({
    outcome: { failure: { cause: "not-allowed" } },
  });
  expect(await steps.ledger.readLock(copy.destination)).toMatchObject({ instanceId: other });
  const overwrite = { ...input, instanceId: other, kept: { lock: null, record: kept.lock } };
  await steps.settleCopy(overwrite);
  expect(await steps.ledger.records.read(other)).toEqual(record);
});
