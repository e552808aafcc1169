import { expect, test } from "vitest";
import type { Fault } from "../../../src/local/storage/server/faults.ts";
import { StorageRefusal } from "../../../src/storage/copy-client.ts";
import type { CopyClient } from "../../../src/storage/copy-client.ts";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

/** A planned copy to a new destination, with a start that can be run repeatedly. */
async function planned(client: Partial<CopyClient> = {}) {
  const storage = await startStorage({ copies: { bytesPerSecond: 10 } });
  const { clock, emulator, service } = storage;
  const steps = createSteps(storage, client);
  const source = await uploadBlob(service, "x".repeat(1_000));
  const destination = service.getContainerClient("source").getBlobClient("copy.mp4");
  const { instanceId, copy } = createCopyInput(storage, {
    source: source.url,
    destination: destination.url,
  });
  const prepared = await steps.prepareCopy({ instanceId, copy });
  if (prepared.kind !== "planned") throw new Error(prepared.kind);
  const { plan } = prepared;
  const { faults, requests } = emulator;
  return {
    clock,
    destination,
    start: () => steps.startCopy({ instanceId, copy, plan }),
    lock: () => steps.ledger.readLock(copy.destination),
    /** The product's own start, arriving late. */
    arrive: async () => {
      const conditions = { ifNoneMatch: "*" };
      await destination.beginCopyFromURL(source.url, { conditions });
      return (await destination.getProperties()).copyId;
    },
    fault: (fault: Fault) => faults.add(fault),
    starts: () => requests.filter(({ operation }) => operation === "CopyBlob").length,
  };
}

const resetOnce: Fault = { operation: "CopyBlob", times: 1, do: "reset connection" };

test("a start that may still arrive is searched for, and repeated only when it can no longer arrive", async () => {
  const { clock, start, fault, starts } = await planned();
  fault(resetOnce);
  expect(await start()).toMatchObject({ kind: "transient-failure" });
  await clock.advance(59_000);
  expect(await start()).toMatchObject({ kind: "transient-failure" });
  expect(starts()).toBe(1);
  await clock.advance(1_000);
  expect(await start()).toMatchObject({ kind: "started" });
  expect(starts()).toBe(2);
});

test("a start that arrives late is recognized as ours, and is not repeated after its copy was deleted", async () => {
  const { clock, destination, start, lock, arrive, fault, starts } = await planned();
  fault(resetOnce);
  await start();
  await clock.advance(7_000);
  const copyId = await arrive();
  expect(await start()).toMatchObject({ kind: "started", started: { copyId } });
  expect(await lock()).toMatchObject({ copyId, busyUntil: 0 }); // settle no longer needs to wait
  await destination.abortCopyFromURL(copyId ?? "");
  await destination.delete();
  await clock.advance(60_000);
  expect(await start()).toMatchObject({ kind: "started", started: { copyId } });
  expect(starts()).toBe(2); // the one whose connection broke, and its late arrival
});

test("an unanswered start is searched for before another one is sent", async () => {
  const { clock, start, fault, starts } = await planned();
  fault({ ...resetOnce, do: "lose response" });
  const blind = fault({
    operation: "GetBlobProperties",
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  expect(await start()).toMatchObject({ kind: "transient-failure" });
  await clock.advance(60_000);
  expect(await start()).toMatchObject({ kind: "transient-failure" });
  blind();
  expect(await start()).toMatchObject({ kind: "started" });
  expect(starts()).toBe(1);
});

test("two concurrent runs of a start send one request", async () => {
  const { clock, start, fault, starts } = await planned();
  fault({ operation: "CopyBlob", times: 1, do: { delayMs: 1_000 } });
  const runs = [start(), start()];
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
  "a start that Storage rejected with $status $code is sent again immediately",
  async (response) => {
    const { start, fault, starts } = await planned();
    fault({ operation: "CopyBlob", times: 1, do: { response } });
    expect(await start()).toMatchObject({ kind: "transient-failure" });
    expect(await start()).toMatchObject({ kind: "started" });
    expect(starts()).toBe(2);
  },
);

test("a start that did not leave the app is sent again immediately", async () => {
  let tries = 0;
  const withoutDetails = { sourceStatus: null, sourceCode: null, retryAfterSeconds: null };
  const { start } = await planned({
    start() {
      tries++;
      const response = { status: 0, code: "ECONNREFUSED", ...withoutDetails };
      return Promise.reject(new StorageRefusal(response));
    },
  });
  expect(await start()).toMatchObject({ kind: "transient-failure" });
  expect(await start()).toMatchObject({ kind: "transient-failure" });
  expect(tries).toBe(2);
});
