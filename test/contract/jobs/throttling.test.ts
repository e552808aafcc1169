import fc from "fast-check";
import { expect, test } from "vitest";
import { epochMs } from "../../../src/copy/time.ts";
import { createWindow, noThrottle } from "../../../src/jobs/decisions/throttle.ts";
import { createJobRuns } from "../../support/jobs/job-runs.ts";
import { startStorage } from "../../support/stack/emulator.ts";

async function setStage(count: number) {
  const storage = await startStorage({ copies: { finishOnStart: "always" } });
  const { service } = storage;
  for (const name of ["inbox", "archive"]) await service.createContainer(name);
  for (let index = 0; index < count; index++) {
    await service.getContainerClient("inbox").getBlockBlobClient(`${index}`).upload("content", 7);
  }
  const runs = createJobRuns(storage);
  const url = service.url.replace(/\/$/, "");
  const body = { source: `${url}/inbox/`, destination: `${url}/archive/`, concurrency: 4 };
  return { storage, runs, id: await runs.request(body) };
}

test("an object that gets 503 forty times is copied in the end", async () => {
  const { storage, runs, id } = await setStage(1);
  const busy = { response: { status: 503, code: "ServerBusy" } };
  storage.emulator.faults.add({ operation: "CopyBlob", times: 40, do: busy });
  const record = await runs.untilDone(id);
  expect(record).toMatchObject({
    end: { status: "succeeded" },
    done: { copied: { objects: 1 }, failed: {} },
    throttle: { times: 40, window: expect.any(Number) },
  });
});

test("a start without a response is sent again, and the copy that it made is found", async () => {
  const { storage, runs, id } = await setStage(3);
  storage.emulator.faults.add({ operation: "CopyBlob", times: 2, do: "lose response" });
  const record = await runs.untilDone(id);
  expect(record).toMatchObject({
    end: { status: "succeeded" },
    done: { copied: { objects: 3 }, failed: {} },
  });
  const made = storage.emulator.requests.filter(
    ({ operation, status }) => operation === "CopyBlob" && (status === 202 || status === null),
  );
  expect(made).toHaveLength(3);
});

test("503 after a start without a response does not count as one without a response", async () => {
  const { storage, runs, id } = await setStage(1);
  const busy = { response: { status: 503, code: "ServerBusy" } };
  storage.emulator.faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
  storage.emulator.faults.add({ operation: "CopyBlob", times: 40, do: busy });
  expect(await runs.untilDone(id)).toMatchObject({ done: { copied: { objects: 1 }, failed: {} } });
});

test("an object whose starts never get a response fails in the end, and its message states that it may be copied", async () => {
  const { storage, runs, id } = await setStage(1);
  storage.emulator.faults.add({ operation: "CopyBlob", do: "reset connection" });
  const record = await runs.untilDone(id);
  expect(record).toMatchObject({
    end: { status: "failed" },
    done: { failed: { internal: 1 } },
  });
  expect(record.failures[0]?.message).toContain("the copy may have been started");
});

test("a listing that gets 503 is repeated, and fails nothing", async () => {
  const { storage, runs, id } = await setStage(2);
  const busy = { response: { status: 503, code: "ServerBusy" } };
  storage.emulator.faults.add({
    operation: "ListBlobs",
    match: ({ target }) => /inbox|archive/.test(target),
    times: 5,
    do: busy,
  });
  expect(await runs.untilDone(id)).toMatchObject({
    end: { status: "succeeded" },
    done: { copied: { objects: 2 } },
  });
});

test("the window halves once for the calls that were sent together, and grows by one with each window", () => {
  const window = createWindow(noThrottle, 32);
  const call = window.begin();
  const busy = { now: epochMs(0), retryAfterMs: null, isThrottled: true };
  for (let times = 0; times < 3; times++) window.notServed(call, busy);
  expect(window.size()).toBe(16);
  expect(window.state()).toMatchObject({ times: 3, pausedUntil: null });
  for (let times = 0; times < 17; times++) window.served();
  expect(window.size()).toBe(17);
});

test("a window is always between one and the job's concurrency, and a pause is at most a minute", () => {
  const calls = fc.array(fc.boolean(), { maxLength: 200 });
  fc.assert(
    fc.property(calls, fc.integer({ min: 1, max: 256 }), (served, max) => {
      const window = createWindow(noThrottle, max);
      let now = 0;
      for (const isServed of served) {
        now += 10;
        if (isServed) window.served();
        else {
          const result = { now: epochMs(now), retryAfterMs: null, isThrottled: true };
          window.notServed(window.begin(), result);
        }
        expect(window.size()).toBeGreaterThanOrEqual(1);
        expect(window.size()).toBeLessThanOrEqual(max);
        expect((window.pausedUntil() ?? 0) - now).toBeLessThanOrEqual(60_000);
      }
    }),
  );
});
