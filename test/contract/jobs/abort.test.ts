import { expect, test, vi } from "vitest";
import { createJobRuns } from "../../support/jobs/job-runs.ts";
import type { Calls } from "../../support/jobs/job-runs.ts";
import { startStorage } from "../../support/stack/emulator.ts";
import type { StorageEmulatorOptions } from "../../../src/local/storage/emulator.ts";

/* Aborts and pauses of jobs whose runs have died or are still working. */

async function setStage(
  copies: StorageEmulatorOptions["copies"],
  count: number,
  { concurrency = 1, ...options }: { concurrency?: number; overwrite?: "always" } = {},
) {
  const storage = await startStorage(copies === undefined ? {} : { copies });
  const { service } = storage;
  for (const name of ["inbox", "archive"]) await service.createContainer(name);
  for (let index = 0; index < count; index++) {
    const name = `${String(index).padStart(2, "0")}.txt`;
    await service.getContainerClient("inbox").getBlockBlobClient(name).upload("content", 7);
  }
  const runs = createJobRuns(storage);
  const url = service.url.replace(/\/$/, "");
  const id = await runs.request({
    source: `${url}/inbox/`,
    destination: `${url}/archive/`,
    concurrency,
    options,
  });
  return { storage, runs, id, archive: service.getContainerClient("archive") };
}

/** Calls of a process that dies after Storage has executed its first start. */
function dyingAfterStart(): { calls: Calls; death: Promise<"died"> } {
  let onDeath: (died: "died") => void = () => {};
  const death = new Promise<"died">((resolve) => {
    onDeath = resolve;
  });
  let isDead = false;
  const calls: Calls = async (name, call) => {
    if (isDead) return await new Promise<never>(() => {});
    const result = await call();
    if (name !== "startCopy") return result;
    isDead = true;
    onDeath("died");
    return await new Promise<never>(() => {});
  };
  return { calls, death };
}

test.each([
  { copies: { finishOnStart: "always" as const }, copied: 1, aborted: 0, isLeft: true },
  { copies: { bytesPerSecond: 0 }, copied: 0, aborted: 1, isLeft: false },
])(
  "an abort waits until starts of a dead run can no longer arrive, and finds the copies that it started: $copied copied",
  async ({ copies, copied, aborted, isLeft }) => {
    const { storage, runs, id, archive } = await setStage(copies, 3);
    const { calls, death } = dyingAfterStart();
    expect(await Promise.race([runs.run(id, calls), death])).toBe("died");
    await runs.change(id, (record) => ({ ...record, wanted: "abort" }));
    const result = await runs.run(id);
    expect(result).toMatchObject({ kind: "wait" });
    if (result.kind !== "wait") return;
    expect(result.until - storage.clock.now()).toBeGreaterThan(60_000);
    const record = await runs.untilDone(id);
    expect(record).toMatchObject({
      end: { status: "aborted" },
      done: { copied: { objects: copied }, aborted, notStarted: 2, pending: { objects: 0 } },
    });
    expect(await archive.getBlobClient("00.txt").exists()).toBe(isLeft);
    expect(await archive.getBlobClient("01.txt").exists()).toBe(false);
  },
);

test("a run that begins after an order to pause stops before its next step", async () => {
  const { runs, id } = await setStage({ finishOnStart: "always" }, 2);
  await runs.change(id, (record) => ({ ...record, wanted: "pause" }));
  const names: string[] = [];
  const result = await runs.run(id, async (name, call) => {
    names.push(name);
    return await call();
  });
  expect(result).toMatchObject({ kind: "done", reason: "The job is paused" });
  expect(names).not.toContain("list");
  expect(await runs.record(id)).toMatchObject({ isPaused: true, plannedPages: 0 });
});

test.each(["pause", "abort"] as const)(
  "a running activity obeys the order to %s within seconds, and starts nothing more",
  async (wanted) => {
    const { storage, runs, id, archive } = await setStage({ finishOnStart: "always" }, 40);
    let starts = 0;
    const result = await runs.run(id, async (name, call) => {
      if (name !== "startCopy") return await call();
      starts++;
      if (starts === 3) await runs.change(id, (record) => ({ ...record, wanted }));
      const started = await call();
      // Each start takes a second.
      await storage.clock.advance(1_000);
      return started;
    });
    expect(result.kind).toBe("done");
    expect(starts).toBeLessThanOrEqual(3 + 6);
    const record = await runs.record(id);
    const counts = record.open[0]?.counts ?? record.done;
    expect(counts.copied.objects).toBe(starts);
    let count = 0;
    for await (const { name } of archive.listBlobsFlat()) count += name === "" ? 0 : 1;
    expect(count).toBe(starts);
    if (wanted === "abort") expect(record.end?.status).toBe("aborted");
    else expect(record).toMatchObject({ isPaused: true, end: null });
  },
);

test("an orchestration that is no longer the newest does nothing", async () => {
  const { runs, id } = await setStage({ finishOnStart: "always" }, 2);
  const old = await runs.record(id);
  await runs.change(id, (record) => ({ ...record, generation: 2 }));
  const { workOnJob } = await import("../../../src/activities/jobs/work-on-job.ts");
  const step = { version: 1, instanceId: id, generation: old.generation } as const;
  expect(await workOnJob(runs.deps, step)).toMatchObject({ kind: "done" });
  expect(await runs.record(id)).toMatchObject({ plannedPages: 0, startedAt: null });
});

test("a run works for at most a minute, and the next one continues where it stopped", async () => {
  const { storage, runs, id } = await setStage({ finishOnStart: "always" }, 100);
  const began = storage.clock.now();
  const slow: Calls = async (name, call) => {
    if (name === "startCopy") await storage.clock.advance(1_000);
    return await call();
  };
  expect(await runs.run(id, slow)).toEqual({ kind: "again" });
  expect(storage.clock.now() - began).toBeLessThanOrEqual(60_000);
  const { open } = await runs.record(id);
  const copied = open[0]?.counts.copied.objects ?? 0;
  expect(copied).toBeGreaterThan(20);
  const record = await runs.untilDone(id);
  expect(record.done.copied.objects).toBe(100);
  const starts = storage.emulator.requests.filter(({ operation }) => operation === "CopyBlob");
  expect(starts).toHaveLength(100);
});

test("a call that is sent early in a run may take up to a minute, and a late one 20 seconds", async () => {
  const { storage, runs, id } = await setStage({ finishOnStart: "always" }, 45);
  const timeouts = vi.spyOn(AbortSignal, "timeout");
  const ofStarts: number[] = [];
  const slow: Calls = async (name, call) => {
    if (name === "startCopy") {
      ofStarts.push(timeouts.mock.lastCall?.[0] ?? 0);
      await storage.clock.advance(1_000);
    }
    return await call();
  };
  expect(await runs.run(id, slow)).toEqual({ kind: "again" });
  expect(ofStarts[0]).toBe(60_000);
  expect(ofStarts.at(-1)).toBe(21_000);
  expect(ofStarts).toEqual(ofStarts.toSorted((one, other) => other - one));
});

test("a call that is sent after its run's time may take 20 seconds", async () => {
  const stage = await setStage({ finishOnStart: "always" }, 1, { overwrite: "always" });
  const { storage, runs, id, archive } = stage;
  const timeouts = vi.spyOn(AbortSignal, "timeout");
  let ofRead = 0;
  const refused: Calls = async (name, call) => {
    if (name === "startCopy" && ofRead === 0) {
      await archive.getBlockBlobClient("00.txt").upload("another writer's", 16);
      await storage.clock.advance(90_000);
    }
    if (name === "readDestination") ofRead = timeouts.mock.lastCall?.[0] ?? 0;
    return await call();
  };
  await runs.run(id, refused);
  expect(ofRead).toBe(20_000);
  const { done } = await runs.untilDone(id);
  expect(done.copied.objects).toBe(1);
});

test.each([
  ["a newer version", 2, 30_000],
  ["the planned content, after the run's starts could arrive,", 1, 30 * 60_000],
])(
  "an abort leaves other clients' copies of %s of which a dead run has started none",
  async (_, times, afterMs) => {
    const { storage, runs, id, archive } = await setStage(
      { finishOnStart: "never", bytesPerSecond: 100 },
      3,
    );
    const { service, clock } = storage;
    const dies: Calls = async (name, call) => {
      if (name === "startCopy") throw new Error("The process has died");
      return await call();
    };
    await expect(runs.run(id, dies)).rejects.toThrow("has died");
    await clock.advance(afterMs);
    const names = ["00.txt", "01.txt", "02.txt"];
    for (const name of names) {
      const source = service.getContainerClient("inbox").getBlockBlobClient(name);
      if (times > 1) await source.upload("content".repeat(times), 7 * times);
      await archive.getBlobClient(name).beginCopyFromURL(source.url);
    }
    await runs.change(id, (record) => ({ ...record, wanted: "abort" }));
    expect(await runs.untilDone(id)).toMatchObject({
      end: { status: "aborted" },
      done: { aborted: 0, notStarted: 3 },
    });
    for (const name of names) {
      const { copyStatus } = await archive.getBlobClient(name).getProperties();
      expect(copyStatus).not.toBe("aborted");
    }
  },
);
