import { expect, test } from "vitest";
import { addMarker } from "../../../src/copy/decisions/rollback-step.ts";
import { pickEndpoints } from "../../../src/copy/contract/activities.ts";
import type { CopyInput, KeptEtags } from "../../../src/copy/contract/activities.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { newRecord, withCopy } from "../../../src/ledger/record.ts";
import { epochMs } from "../../../src/copy/time.ts";
import { reason, startStrangeSteps } from "../../support/access/strange-steps.ts";

/*
 * Goal: settle cleans up a destination only while the ledger shows that this copy holds its lock. Method: settleCopy
 * runs with the inputs of a client that has the key of the task hub.
 */

/** A blob with a snapshot that has the marker of the copy, and settles the copy as not started, with rollback. */
async function withSnapshot() {
  const stack = await startStrangeSteps({ overwrite: "always", rollback: "snapshot" });
  const { steps, step, instanceId, storage, blob } = stack;
  const copy: CopyInput = stack.copy;
  const destination = blob("archive/copy.mp4");
  const { etag = "" } = await destination.upload("former", 6);
  await destination.createSnapshot({ metadata: addMarker({}, { instanceId, etag }) });
  const snapshots = async () => {
    let count = 0;
    const container = storage.service.getContainerClient("archive");
    for await (const { snapshot } of container.listBlobsFlat({ includeSnapshots: true })) {
      if (snapshot !== undefined) count++;
    }
    return count;
  };
  const settle = (kept: KeptEtags | null) =>
    steps.settleCopy({ ...step, copy: pickEndpoints(copy), plan: null, copyId: null, kept });
  const other = newInstanceId(epochMs(storage.clock.now()));
  return { ledger: steps.ledger, instanceId, copy, other, snapshots, settle };
}

const invented: KeptEtags = { lock: '"0x1"', record: null };
const settled = { kind: "settled", outcome: { status: "failed" } };

test.each<[string, KeptEtags | null]>([
  ["no ETag", null],
  ["an invented ETag", invented],
])(
  "settle with %s of the lock deletes no snapshot while no copy holds the lock",
  async (_, kept) => {
    const { settle, snapshots } = await withSnapshot();
    expect(await settle(kept)).toMatchObject(settled);
    expect(await snapshots()).toBe(1);
  },
);

test("settle with the ETag of another copy's lock deletes no snapshot, and does not release the lock", async () => {
  const { ledger, copy, other, settle, snapshots } = await withSnapshot();
  const lock = await ledger.acquireLock(other, copy);
  expect(await settle({ lock: lock.etag, record: null })).toMatchObject(settled);
  expect(await snapshots()).toBe(1);
  expect(await ledger.readLock(copy.destination)).toMatchObject({ instanceId: other });
});

const anotherSource = (copy: CopyInput): CopyInput => ({
  ...copy,
  source: { service: "external", origin: "https://example.com", path: "/another" },
});

const withoutRollback = (copy: CopyInput): CopyInput => ({
  ...copy,
  options: { ...copy.options, rollback: "off" },
});

test.each<[string, (copy: CopyInput) => CopyInput]>([
  ["another source", anotherSource],
  ["no rollback", withoutRollback],
])(
  "settle deletes no snapshot if the lock of its id belongs to a request with %s",
  async (_, change) => {
    const { ledger, copy, instanceId, settle, snapshots } = await withSnapshot();
    const lock = await ledger.acquireLock(instanceId, change(copy));
    expect(await settle({ lock: lock.etag, record: null })).toMatchObject(settled);
    expect(await snapshots()).toBe(1);
  },
);

test.each<[string, (copy: CopyInput) => CopyInput]>([
  ["another source", anotherSource],
  ["no rollback", withoutRollback],
])(
  "settle deletes no snapshot if the lock and the record of its id belong to a request with %s",
  async (_, change) => {
    const { ledger, copy, instanceId, settle, snapshots } = await withSnapshot();
    const lock = await ledger.acquireLock(instanceId, change(copy));
    const record = await ledger.records.write(instanceId, newRecord(change(copy)), null);
    expect(await settle({ lock: lock.etag, record })).toMatchObject(settled);
    expect(await snapshots()).toBe(1);
  },
);

test("settle deletes no snapshot if the record and the lock have different requests", async () => {
  const { ledger, copy, instanceId, settle, snapshots } = await withSnapshot();
  const lock = await ledger.acquireLock(instanceId, copy);
  const changed = { ...copy, options: { ...copy.options, tier: "Cool" as const } };
  const record = await ledger.records.write(instanceId, newRecord(changed), null);
  expect(await settle({ lock: lock.etag, record })).toMatchObject(settled);
  expect(await snapshots()).toBe(1);
});

test.each<[string, KeptEtags | null]>([
  ["no ETag", null],
  ["an outdated ETag", invented],
])("settle with %s of the lock deletes the snapshot of a copy that holds it", async (_, kept) => {
  const { ledger, copy, instanceId, settle, snapshots } = await withSnapshot();
  await ledger.acquireLock(instanceId, copy);
  await ledger.records.write(instanceId, newRecord(copy), null);
  expect(await settle(kept)).toMatchObject(settled);
  expect(await snapshots()).toBe(0);
  expect(await ledger.readLock(copy.destination)).toBeNull();
});

test.each([false, true])(
  "settle removes the content of a failed copy only if the copy holds the lock: %s",
  async (holds) => {
    const { steps, step, copy, instanceId, plan, storage, copyOver } = await startStrangeSteps();
    const { destination, etag, copyId } = await copyOver();
    const now = epochMs(storage.clock.now());
    const record = withCopy(newRecord(copy), { plan, copyId }, now);
    await steps.ledger.records.write(instanceId, record, null);
    if (holds) await steps.ledger.acquireLock(instanceId, copy);
    const result = {
      kind: "failed",
      failure: reason,
      progress: null,
      etag,
      endedAt: null,
    } as const;
    const input = { ...step, copyId, kept: invented, result };
    expect(await steps.settleCopy(input)).toMatchObject(settled);
    expect(await destination.exists()).toBe(!holds);
  },
);
