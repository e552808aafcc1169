import { randomUUID } from "node:crypto";
import type { BlobServiceClient, ContainerClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import type { CopyInput } from "../../../src/copy/contract/activities.ts";
import { epochMs } from "../../../src/copy/time.ts";
import { createBlobLedger } from "../../../src/ledger/blob-ledger.ts";
import { createConditionalBlobs } from "../../../src/ledger/conditional-blobs.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { newRecord, withAbort, withOutcome } from "../../../src/ledger/record.ts";
import type { CopyRecord } from "../../../src/ledger/record.ts";

const day = 24 * 60 * 60_000;
const at = Date.UTC(2026, 2, 1, 12);
const first = { marker: null, limit: 100 };

/**
 * The conditions on which the ledger relies, for every Blob service that the app may use. Each case uses a new
 * container, which does not exist yet.
 */
export function ledgerSuite(start: () => Promise<BlobServiceClient>): void {
  const open = async () => {
    const container = (await start()).getContainerClient(`ledger-${randomUUID()}`);
    return { container, blobs: createConditionalBlobs(container) };
  };
  const openLedger = async () => {
    const { container } = await open();
    const ledger = createBlobLedger(container);
    const blob = { service: "blob", origin: "https://a.example", account: "a", container: "in" };
    const endpoint = { ...blob, path: "x" }; // the ledger reads nothing else of a copy
    const createdAt = "2026-03-01T12:00:00.000Z";
    const copy = {
      source: endpoint,
      destination: endpoint,
      options: {},
      createdAt,
    } as unknown as CopyInput;
    const id = (daysAgo = 0) => newInstanceId(epochMs(at - daysAgo * day));
    return { container, ledger, copy, id };
  };

  test("without a container nothing is found, and the first write creates it", async () => {
    const { blobs } = await open();
    expect(await blobs.read("locks/a")).toBeNull();
    expect(await blobs.remove("locks/a", { etag: '"0x1"' })).toBe("missing");
    expect(await blobs.snapshot("locks/a", '"0x1"')).toBe(false);
    expect(await blobs.list("locks/", first)).toEqual({ blobs: [], marker: null });
    expect(await blobs.listFolders("records/", first)).toEqual({ names: [], marker: null });
    const etag = await blobs.create("locks/a", { n: 1 });
    expect(await blobs.read("locks/a")).toMatchObject({ content: { n: 1 }, etag });
  });

  test("If-None-Match *: of several concurrent writes, one creates the blob", async () => {
    const { blobs } = await open();
    const numbers = Array.from({ length: 10 }, (_, n) => n);
    const etags = await Promise.all(numbers.map((n) => blobs.create("locks/a", { n })));
    const winner = etags.findIndex((etag) => etag !== null);
    expect(etags.filter((etag) => etag !== null)).toHaveLength(1);
    expect(await blobs.read("locks/a")).toMatchObject({
      content: { n: winner },
      etag: etags[winner],
    });
  });

  test("If-Match: of several concurrent writes, one replaces the blob, and the others change nothing", async () => {
    const { blobs } = await open();
    const created = (await blobs.create("records/a", { n: -1 })) ?? "";
    const numbers = Array.from({ length: 10 }, (_, n) => n);
    const etags = await Promise.all(numbers.map((n) => blobs.replace("records/a", { n }, created)));
    const winner = etags.findIndex((etag) => etag !== null);
    expect(etags.filter((etag) => etag !== null)).toHaveLength(1);
    expect(etags[winner]).not.toBe(created);
    expect(await blobs.read("records/a")).toMatchObject({
      content: { n: winner },
      etag: etags[winner],
    });
    expect(await blobs.replace("records/missing", {}, created)).toBeNull();
  });

  test("If-Match: a blob is removed only with its ETag", async () => {
    const { blobs } = await open();
    const former = (await blobs.create("locks/a", { n: 1 })) ?? "";
    const etag = (await blobs.replace("locks/a", { n: 2 }, former)) ?? "";
    expect(await blobs.remove("locks/a", { etag: former })).toBe("changed");
    expect(await blobs.read("locks/a")).toMatchObject({ content: { n: 2 } });
    expect(await blobs.remove("locks/a", { etag })).toBe("removed");
    // Azurite checks the condition first. Either way, the lock is then read.
    expect(["missing", "changed"]).toContain(await blobs.remove("locks/a", { etag }));
    expect(await blobs.create("locks/a", { n: 3 })).not.toBe(etag);
  });

  test("a snapshot keeps the ETag, and a blob with snapshots is removed only together with them", async () => {
    const { blobs } = await open();
    const former = (await blobs.create("locks/a", { n: 1 })) ?? "";
    const etag = (await blobs.replace("locks/a", { n: 2 }, former)) ?? "";
    expect(await blobs.snapshot("locks/a", former)).toBe(false);
    expect(await blobs.remove("locks/a", { etag: former })).toBe("changed");
    expect(await blobs.snapshot("locks/a", etag)).toBe(true);
    expect(await blobs.snapshot("locks/a", etag)).toBe(true);
    expect(await blobs.read("locks/a")).toMatchObject({ etag });
    expect(await blobs.remove("locks/a", { etag })).toBe("has-snapshots");
    expect(await blobs.remove("locks/a", { etag: former, withSnapshots: true })).toBe("changed");
    expect(await blobs.list("locks/", first)).toMatchObject({ blobs: [{ name: "locks/a" }] });
    expect(await blobs.remove("locks/a", { etag, withSnapshots: true })).toBe("removed");
    expect(await blobs.read("locks/a")).toBeNull();
    expect(await blobs.list("locks/", first)).toMatchObject({ blobs: [] });
  });

  test("a blob that is replaced keeps its snapshots", async () => {
    const { blobs } = await open();
    const former = (await blobs.create("locks/a", { n: 1 })) ?? "";
    await blobs.snapshot("locks/a", former);
    const etag = (await blobs.replace("locks/a", { n: 2 }, former)) ?? "";
    expect(await blobs.remove("locks/a", { etag })).toBe("has-snapshots");
    expect(await blobs.remove("locks/a", { etag, withSnapshots: true })).toBe("removed");
  });

  test("no write changes the record of a deleted copy, and only the purge removes it", async () => {
    const { ledger, copy, id } = await openLedger();
    const { records, retention } = ledger;
    const instanceId = id();
    const recorded = newRecord(copy);
    const former = await records.write(instanceId, recorded, null);
    await records.forget(instanceId, epochMs(at));
    const deleted = await records.read(instanceId);
    expect(deleted).toMatchObject({ source: null, lock: null, outcome: { status: "aborted" } });
    for (const etag of [null, former, deleted?.etag ?? ""]) {
      expect(await records.write(instanceId, recorded, etag)).toBeNull();
    }
    for (const known of [undefined, null, { ...recorded, etag: former ?? "" }]) {
      const changed = await records.change(instanceId, known, () => recorded);
      expect(changed).toMatchObject({ source: null, deletedAt: deleted?.deletedAt });
    }
    await records.forget(instanceId, epochMs(at + 1));
    expect(await records.read(instanceId)).toEqual(deleted);
    await retention.purgeCopy(instanceId);
    expect(await records.read(instanceId)).toBeNull();
  });

  test("a listing returns the blobs in the order of their names, with their metadata, in pages", async () => {
    const { blobs } = await open();
    for (const name of ["c", "a", "b"]) await blobs.create(`records/1/${name}`, {}, { name });
    await blobs.create("locks/z", {});
    const page = await blobs.list("records/1/", { marker: null, limit: 2 });
    expect(page.blobs).toMatchObject([
      { name: "records/1/a", metadata: { name: "a" } },
      { name: "records/1/b", metadata: { name: "b" } },
    ]);
    const rest = await blobs.list("records/1/", { marker: page.marker, limit: 2 });
    expect(rest).toMatchObject({ blobs: [{ name: "records/1/c" }], marker: null });
  });

  test("a listing with a delimiter returns the folders in order, once each, in pages", async () => {
    const { blobs } = await open();
    for (const name of ["3/a", "1/a", "1/b", "2/a/b"]) await blobs.create(`records/${name}`, {});
    const names: string[] = [];
    let marker: string | null = null;
    do {
      const page = await blobs.listFolders("records/", { marker, limit: 2 });
      names.push(...page.names);
      ({ marker } = page);
    } while (marker !== null);
    expect(names).toEqual(["records/1/", "records/2/", "records/3/"]);
  });

  test.each(["", "not json", "null", "{}", '{"marker":5}'])(
    "a position that is %j counts as the beginning of the scan, and is replaced",
    async (text) => {
      const { container, ledger } = await openLedger();
      await container.create();
      for (const [name, scan] of [
        ["purge/position", ledger.retention],
        ["watchdog/position", ledger.lockScan],
      ] as const) {
        await container.getBlockBlobClient(name).upload(text, text.length);
        expect(await scan.readPosition()).toBeNull();
        for (const marker of ["second page", "third page", null]) {
          await scan.writePosition(marker);
          expect(await scan.readPosition()).toBe(marker);
        }
      }
    },
  );

  test.each(["", "not json", "null", "{}", '{"instanceId":5}'])(
    "a mark of wakes that is %j counts as none, and is replaced",
    async (text) => {
      const { container, ledger, copy, id } = await openLedger();
      const holder = id();
      await ledger.acquireLock(holder, copy);
      const wake = () => ledger.instanceToWake(copy.destination, '"0x1"', epochMs(at));
      expect(await wake()).toBe(holder);
      expect(await wake()).toBeNull();
      const [name = ""] = await namesBelow(container, "destinations/");
      await container.getBlockBlobClient(name).upload(text, text.length);
      expect(await wake()).toBe(holder);
      expect(await wake()).toBeNull();
    },
  );

  test("one copy holds a lock; another one takes it over only when the holder's outcome is recorded", async () => {
    const { ledger, copy, id } = await openLedger();
    const [holder, other] = [id(), id()];
    const held = await ledger.acquireLock(holder, copy);
    expect(held).toMatchObject({ held: true, isNew: true });
    expect(await ledger.acquireLock(holder, copy)).toEqual({ ...held, isNew: false });
    expect(await ledger.acquireLock(other, copy)).toMatchObject({ held: false, holder });
    await ledger.records.recordOutcome(holder, { status: "succeeded" } as never);
    expect(await ledger.acquireLock(other, copy)).toMatchObject({ held: true, isNew: true });
    expect(await ledger.releaseLock(copy.destination, holder, held.etag)).toEqual({
      kind: "taken",
    });
    expect(await ledger.releaseLock(copy.destination, other, null)).toEqual({
      kind: "released",
      isAwaited: false,
    });
    expect(await ledger.releaseLock(copy.destination, holder, held.etag)).toEqual({ kind: "free" });
  });

  test("of several copies that take over the lock of an ended copy at the same time, one holds it", async () => {
    const { ledger, copy, id } = await openLedger();
    const holder = id();
    await ledger.acquireLock(holder, copy);
    await ledger.records.recordOutcome(holder, { status: "succeeded" } as never);
    const others = Array.from({ length: 5 }, () => id());
    const acquired = await Promise.all(others.map((each) => ledger.acquireLock(each, copy)));
    const winners = others.filter((_, index) => acquired[index]?.held);
    expect(winners).toHaveLength(1);
    expect(await ledger.readLock(copy.destination)).toMatchObject({ instanceId: winners[0] });
  });

  test("the copy that releases a lock detects the waiting copies, and a lock that is gone cannot be marked", async () => {
    const { ledger, copy, id } = await openLedger();
    const [holder, waiter] = [id(), id()];
    const { etag } = await ledger.acquireLock(holder, copy);
    expect(await ledger.queue.join(copy.destination, waiter, etag)).toBe(true);
    expect(await ledger.releaseLock(copy.destination, holder, etag)).toEqual({
      kind: "released",
      isAwaited: true,
    });
    expect(await ledger.queue.join(copy.destination, id(), etag)).toBe(false);
    const woken: string[] = [];
    const wake = async (each: string) => (woken.push(each), "woken" as const);
    const { destination } = copy;
    await ledger.queue.passOn({ destination }, { now: epochMs(at), ended: holder, wake });
    expect(woken).toEqual([waiter]);
  });

  test("of several runs that write a record at the same time, one succeeds, and its day is found while it has records", async () => {
    const { ledger, copy, id } = await openLedger();
    const old = id(40);
    const record = newRecord({ ...copy, owner: undefined, createdAt: null });
    const runs = Array.from({ length: 5 }, () => ledger.records.write(old, record, null));
    expect((await Promise.all(runs)).filter((etag) => etag !== null)).toHaveLength(1);
    await ledger.records.write(id(), record, null);
    const { retention } = ledger;
    expect(await retention.listDays({ day: "2026-02-01" })).toEqual(["2026-01-20"]);
    const listed = () => retention.listRecords("2026-01-20", first);
    expect(await listed()).toMatchObject({ records: [{ instanceId: old, completedAt: null }] });
    const completedAt = "2026-01-21T00:00:00.000Z";
    const outcome = { status: "succeeded", completedAt } as never;
    await ledger.records.change(old, undefined, (found) => withOutcome(found, outcome));
    expect(await listed()).toMatchObject({ records: [{ instanceId: old, completedAt }] });
    await retention.purgeCopy(old);
    expect(await retention.listDays({ day: "2026-02-01" })).toEqual([]);
  });

  test("an abort after the outcome changes nothing, and an abort before it is part of it", async () => {
    const { ledger, copy, id } = await openLedger();
    const { records } = ledger;
    const abort = (record: CopyRecord) =>
      withAbort(record, { ...copy, owner: undefined, createdAt: null });
    const outcome = { status: "succeeded", abortRequested: false } as never;
    const [late, early] = [id(), id()];
    for (const each of [late, early]) {
      await records.write(each, newRecord({ ...copy, owner: undefined, createdAt: null }), null);
    }
    const read = await records.read(late);
    await records.recordOutcome(late, outcome);
    expect(await records.change(late, read, abort)).toMatchObject({ outcome });
    expect(await records.read(late)).toMatchObject({ outcome, abortRequested: false });

    const known = await records.read(early);
    await records.change(early, undefined, abort);
    expect(await records.recordOutcome(early, outcome, known)).toMatchObject({
      status: "succeeded",
      abortRequested: true,
    });
  });

  test("concurrent claims all return the first one", async () => {
    const { ledger, id } = await openLedger();
    const claim = () =>
      ledger.claim({ caller: "", key: "order-1" }, { instanceId: id(), fingerprint: "" });
    const all = await Promise.all(Array.from({ length: 8 }, claim));
    expect(new Set(all.map(({ instanceId }) => instanceId)).size).toBe(1);
  });
}

async function namesBelow(container: ContainerClient, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of container.listBlobsFlat({ prefix })) names.push(name);
  return names;
}
