import { expect, test } from "vitest";
import type { Fault } from "../../../src/local/storage/server/faults.ts";
import { withAbort } from "../../../src/ledger/record.ts";
import { StorageRefusal } from "../../../src/storage/copy-client.ts";
import type { CopyClient } from "../../../src/storage/copy-client.ts";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

/** A copy to a new destination, with a start that can be run repeatedly. */
async function requested(client: Partial<CopyClient> = {}) {
  const storage = await startStorage({ copies: { bytesPerSecond: 10 } });
  const { clock, emulator, service } = storage;
  const steps = createSteps(storage, client);
  const source = await uploadBlob(service, "x".repeat(1_000));
  const destination = service.getContainerClient("source").getBlobClient("copy.mp4");
  const { instanceId, copy } = createCopyInput(storage, {
    source: source.url,
    destination: destination.url,
  });
  const { faults, requests } = emulator;
  const { records } = steps.ledger;
  const { write } = records;
  const starts = () => requests.filter(({ operation }) => operation === "CopyBlob").length;
  return {
    clock,
    copy,
    instanceId,
    ledger: steps.ledger,
    destination,
    start: (attempt: number) => steps.startCopy({ instanceId, copy, attempt }),
    record: () => steps.ledger.records.read(instanceId),
    /** The product's own start, arriving late, or another client's. */
    async arrive() {
      const conditions = { ifNoneMatch: "*" };
      await destination.beginCopyFromURL(source.url, { conditions });
      return (await destination.getProperties()).copyId;
    },
    fault: (fault: Fault) => faults.add(fault),
    /** Does the work before the next write to a record. */
    beforeWrite(work: () => Promise<unknown>) {
      records.write = async (...args) => {
        records.write = write;
        await work();
        return write(...args);
      };
    },
    /** Does the work after the next write to a record. */
    afterWrite(work: () => Promise<unknown>) {
      records.write = async (...args) => {
        records.write = write;
        const written = await write(...args);
        await work();
        return written;
      };
    },
    /** From the first start on, the destination cannot be read. */
    blind: () =>
      faults.add({
        operation: "GetBlobProperties",
        match: () => starts() > 0,
        do: { response: { status: 503, code: "ServerBusy" } },
      }),
    starts,
  };
}

const resetOnce: Fault = { operation: "CopyBlob", times: 1, do: "reset connection" };

test("Ferry looks for a start that may still arrive, and repeats it only when it can no longer arrive", async () => {
  const { clock, start, fault, starts } = await requested();
  fault(resetOnce);
  expect(await start(1)).toMatchObject({ kind: "transient-failure" });
  await clock.advance(59_000);
  expect(await start(2)).toMatchObject({ kind: "transient-failure" });
  expect(starts()).toBe(1);
  await clock.advance(1_000);
  expect(await start(3)).toMatchObject({ kind: "started" });
  expect(starts()).toBe(2);
});

test("a second run of an attempt only looks for its copy, even when it can no longer arrive", async () => {
  const { clock, start, fault, starts } = await requested();
  fault(resetOnce);
  expect(await start(1)).toMatchObject({ kind: "transient-failure" });
  await clock.advance(3_600_000);
  expect(await start(1)).toMatchObject({ kind: "transient-failure" });
  expect(starts()).toBe(1);
});

test("a late run of an earlier attempt starts nothing", async () => {
  const { clock, start, fault, starts } = await requested();
  fault({ ...resetOnce, times: 2 });
  await start(1);
  await clock.advance(60_000);
  await start(2);
  await clock.advance(60_000);
  expect(await start(1)).toMatchObject({ kind: "transient-failure" });
  expect(starts()).toBe(2);
});

test("a start that arrives late is recognized as ours, and is not repeated after its copy was deleted", async () => {
  const { clock, destination, start, record, arrive, fault, starts } = await requested();
  fault(resetOnce);
  await start(1);
  await clock.advance(7_000);
  const copyId = await arrive();
  expect(await start(2)).toMatchObject({ kind: "started", started: { copyId } });
  expect(await record()).toMatchObject({ copyId, attempt: { isAnswered: true } });
  await destination.abortCopyFromURL(copyId ?? "");
  await destination.delete();
  await clock.advance(60_000);
  expect(await start(3)).toMatchObject({ kind: "started", started: { copyId } });
  expect(starts()).toBe(2); // the start with the broken connection, and its late arrival
});

test("Ferry looks for the copy of a start without a response before it sends another start", async () => {
  const { clock, start, fault, blind, starts } = await requested();
  fault({ ...resetOnce, do: "lose response" });
  const see = blind();
  expect(await start(1)).toMatchObject({ kind: "transient-failure" });
  await clock.advance(60_000);
  expect(await start(2)).toMatchObject({ kind: "transient-failure" });
  see();
  expect(await start(3)).toMatchObject({ kind: "started" });
  expect(starts()).toBe(1);
});

test("a first start that Storage refused adopts nothing, even if another client's copy looks like ours", async () => {
  const { start, record, arrive, afterWrite, starts } = await requested();
  afterWrite(arrive); // between the registration and the start
  expect(await start(1)).toMatchObject({ kind: "stale-plan" });
  expect(await record()).toMatchObject({ copyId: null, attempt: { isAnswered: true } });
  expect(starts()).toBe(2);
  // The next plan sees the copy of the other client.
  expect(await start(2)).toMatchObject({
    kind: "settled",
    outcome: { failure: { cause: "destination-busy" } },
  });
});

test("two concurrent runs of a start send one request", async () => {
  const { clock, start, fault, starts } = await requested();
  fault({ operation: "CopyBlob", times: 1, do: { delayMs: 1_000 } });
  const runs = [start(1), start(1)];
  expect(await Promise.race(runs)).toMatchObject({ kind: "transient-failure" });
  await clock.advance(1_000);
  const states = (await Promise.all(runs)).map(({ kind }) => kind);
  expect(states).toContain("started");
  expect(starts()).toBe(1);
});

test.each([
  { status: 503, code: "ServerBusy" },
  { status: 429, code: "TooManyRequests" },
])(
  "a start that Storage refused with $status $code is sent again immediately",
  async (response) => {
    const { start, fault, starts } = await requested();
    fault({ operation: "CopyBlob", times: 1, do: { response } });
    expect(await start(1)).toMatchObject({ kind: "transient-failure" });
    expect(await start(2)).toMatchObject({ kind: "started" });
    expect(starts()).toBe(2);
  },
);

test("a start that did not leave the app is sent again immediately", async () => {
  let tries = 0;
  const withoutDetails = { sourceStatus: null, sourceCode: null, retryAfterSeconds: null };
  const { start } = await requested({
    start() {
      tries++;
      const response = { status: 0, code: "ECONNREFUSED", ...withoutDetails };
      return Promise.reject(new StorageRefusal(response));
    },
  });
  expect(await start(1)).toMatchObject({ kind: "transient-failure" });
  expect(await start(2)).toMatchObject({ kind: "transient-failure" });
  expect(tries).toBe(2);
});

test("an abort that is recorded while the copy is planned wins: nothing is started", async () => {
  const { start, beforeWrite, ledger, instanceId, copy, starts } = await requested();
  beforeWrite(() => ledger.records.change(instanceId, null, (record) => withAbort(record, copy)));
  expect(await start(1)).toEqual({ kind: "abort-requested" });
  expect(starts()).toBe(0);
});

test("an abort of a copy whose start got no response is honored when that start can no longer arrive", async () => {
  const { clock, start, fault, ledger, instanceId, copy, starts } = await requested();
  fault(resetOnce);
  await start(1);
  await ledger.records.change(instanceId, undefined, (record) => withAbort(record, copy));
  expect(await start(2)).toMatchObject({ kind: "transient-failure" });
  await clock.advance(60_000);
  expect(await start(3)).toEqual({ kind: "abort-requested" });
  expect(starts()).toBe(1);
});

test("a copy that has ended while a late run planned it is not started, and the lock is released", async () => {
  const { start, beforeWrite, ledger, instanceId, copy, starts } = await requested();
  const outcome = { status: "aborted", abortRequested: true } as never;
  beforeWrite(() => ledger.records.recordOutcome(instanceId, outcome));
  expect(await start(1)).toMatchObject({ kind: "ended", outcome });
  expect(starts()).toBe(0);
  expect(await ledger.readLock(copy.destination)).toBeNull();
});

test("two runs that register at the same time start one copy", async () => {
  const { start, beforeWrite, starts } = await requested();
  beforeWrite(() => start(1)); // the other run, which is faster
  expect(await start(1)).toMatchObject({ kind: "started" });
  expect(starts()).toBe(1);
});
