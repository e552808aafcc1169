import { expect, test } from "vitest";
import { withAbort } from "../../../src/jobs/decisions/wanted.ts";
import { epochMs } from "../../../src/copy/time.ts";
import { createJobRuns } from "../../support/jobs/job-runs.ts";
import type { Calls } from "../../support/jobs/job-runs.ts";
import type { JobLimits } from "../../../src/activities/jobs/support/job-run.ts";
import { startStorage } from "../../support/stack/emulator.ts";

/* A long selection stops when its run's time is over, or when the job no longer waits for it. */

async function setStage(names: string[], select: object, limits: Partial<JobLimits> = {}) {
  const storage = await startStorage({ copies: { finishOnStart: "always" } });
  const { service } = storage;
  for (const name of ["inbox", "archive"]) await service.createContainer(name);
  const inbox = service.getContainerClient("inbox");
  for (const name of names) await inbox.getBlockBlobClient(name).upload("content", 7);
  const runs = createJobRuns(storage, limits);
  const url = service.url.replace(/\/$/, "");
  const job = { source: `${url}/inbox/`, destination: `${url}/archive/`, select };
  return { ...storage, runs, id: await runs.request(job) };
}

/** Calls that run `work` after each listing, and count the listings. */
function afterList(work: (count: number) => Promise<void>): { calls: Calls; lists(): number } {
  let lists = 0;
  const calls: Calls = async (name, call) => {
    const result = await call();
    if (name === "list") await work(++lists);
    return result;
  };
  return { calls, lists: () => lists };
}

const hostile = [`${"*a".repeat(500)}b`, "**a".repeat(340), "*?a".repeat(340)];
const long = Array.from({ length: 30 }, (_, at) => `${"a".repeat(900)}${at + 10}`);

test("a selection that outlasts its run plans nothing, and the next run selects again", async () => {
  const { runs, id, clock } = await setStage(long, { include: [...hostile, "a*1?"] });
  const late = afterList(async () => clock.advance(41_000));
  expect(await runs.run(id, late.calls)).toEqual({ kind: "again" });
  expect(late.lists()).toBe(1);
  expect(await runs.record(id)).toMatchObject({ plannedPages: 0, next: { marker: null } });
  const record = await runs.untilDone(id);
  expect(record).toMatchObject({ leftOut: 20, done: { copied: { objects: 10 } } });
});

test("a job that is aborted while it lists its source stops listing", async () => {
  const names = Array.from({ length: 12 }, (_, at) => `${at + 10}.txt`);
  const { runs, id, clock } = await setStage(names, { include: ["none"] }, { pageSize: 2 });
  const aborting = afterList(async (count) => {
    if (count > 1) return;
    await clock.advance(6_000);
    await runs.change(id, (record) => {
      const change = withAbort(record);
      return change.kind === "changed" ? change.record : null;
    });
  });
  expect(await runs.run(id, aborting.calls)).toMatchObject({ kind: "done" });
  expect(aborting.lists()).toBe(1);
  expect(await runs.record(id)).toMatchObject({ plannedPages: 0, end: { status: "aborted" } });
});

const nested = Array.from({ length: 60 }, (_, at) => `%${"25".repeat(490)}${at + 10}`);

test("a page whose planning takes too long is planned by the next run", async () => {
  const { runs, id, clock } = await setStage(nested, {});
  let lateMs = 0;
  runs.deps.now = () => epochMs(clock.now() + lateMs);
  const slow = afterList(async (count) => {
    // The planning pauses after the listing of the destination.
    if (count === 2) setImmediate(() => (lateMs = 41_000));
  });
  expect(await runs.run(id, slow.calls)).toEqual({ kind: "again" });
  expect(slow.lists()).toBe(2);
  expect(await runs.record(id)).toMatchObject({ plannedPages: 0, next: { marker: null } });
  expect(await runs.untilDone(id)).toMatchObject({ done: { copied: { objects: 60 } } });
});

test("a page whose listings take the whole time of its run is planned, because the next run would take as long to list", async () => {
  const { runs, id, clock } = await setStage(nested, {});
  const slow = afterList(async () => clock.advance(41_000));
  await runs.run(id, slow.calls);
  expect(slow.lists()).toBe(2);
  expect(await runs.record(id)).toMatchObject({ plannedPages: 1, next: null });
});
