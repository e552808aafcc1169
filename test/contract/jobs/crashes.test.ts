import { createHash } from "node:crypto";
import type { ContainerClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { sized } from "../../support/campaign-size.ts";
import { createJobRuns } from "../../support/jobs/job-runs.ts";
import type { Calls, JobRuns } from "../../support/jobs/job-runs.ts";
import { startStorage } from "../../support/stack/emulator.ts";
import type { Storage } from "../../support/stack/emulator.ts";

/*
 * Goal: no object is copied twice where its rule forbids it, none is lost, and the report is exact, whenever the app
 * dies and whichever runs of the activity overlap. Method: a seeded schedule kills the run at one of its calls,
 * before or after Storage has executed it, or runs the activity twice at the same time; then the job continues until
 * it ends.
 */

const modes = ["fail", "skip", "if-newer", "always"] as const;
type Mode = (typeof modes)[number];

/** A small random number generator (mulberry32): the seed is in the name of each test. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** Calls of a process that dies at the call with this number; its promises never settle. */
function dyingAt(dies: { at: number; after: boolean }): { calls: Calls; death: Promise<"died"> } {
  let count = 0;
  let isDead = false;
  const never = () => new Promise<never>(() => {});
  let onDeath: (died: "died") => void = () => {};
  const death = new Promise<"died">((resolve) => {
    onDeath = resolve;
  });
  const die = () => {
    isDead = true;
    onDeath("died");
    return never();
  };
  const calls: Calls = async (_name, call) => {
    if (isDead) return await never();
    count++;
    const isLast = count === dies.at;
    if (isLast && !dies.after) return await die();
    const result = await call();
    if (isLast) return await die();
    return isDead ? await never() : result;
  };
  return { calls, death };
}

type Stage = {
  storage: Storage;
  runs: JobRuns;
  body: object;
  source: ContainerClient;
  destination: ContainerClient;
};

const names = Array.from({ length: 9 }, (_, index) => `folder/${index}.txt`);

/** Nine objects, of which two exist at the destination: one is older than its source, and one is newer. */
async function setStage(mode: Mode, seed: number): Promise<Stage> {
  const isPending = seed % 3 === 0;
  const storage = await startStorage({
    copies: isPending ? { finishOnStart: "never", bytesPerSecond: 3 } : { finishOnStart: "always" },
  });
  const { service, clock } = storage;
  const [source, destination] = ["inbox", "archive"].map((name) =>
    service.getContainerClient(name),
  );
  if (source === undefined || destination === undefined)
    throw new Error("Two container clients are required");
  for (const name of ["inbox", "archive", "reports"]) await service.createContainer(name);
  const put = (container: ContainerClient, name: string, text: string) =>
    container.getBlockBlobClient(name).upload(text, text.length);
  await put(destination, "folder/1.txt", "older");
  await clock.advance(10_000);
  for (const name of names) await put(source, name, `of ${name}`);
  await clock.advance(10_000);
  await put(destination, "folder/2.txt", "newer");
  await clock.advance(10_000);
  const runs = createJobRuns(storage, { pageSize: 4, saveEvery: 2 });
  const body = {
    source: `${source.url}/folder/`,
    destination: `${destination.url}/folder/`,
    report: `${service.url.replace(/\/$/, "")}/reports/`,
    options: { overwrite: mode },
    concurrency: 3,
  };
  return { storage, runs, body, source, destination };
}

/** The names at the destination that the rule lets the job write. */
function copiedNames(mode: Mode): string[] {
  const kept = { fail: ["1", "2"], skip: ["1", "2"], "if-newer": ["2"], always: [] }[mode];
  return names.filter((name) => !kept.some((each) => name === `folder/${each}.txt`));
}

type Line = { outcome: string; destination: string; copyId?: string; destinationEtag?: string };

/** Reads the report, and checks its hashes. */
async function readReport({ storage, runs }: Stage, id: string): Promise<Line[]> {
  const reports = storage.service.getContainerClient("reports");
  const read = async (file: string) =>
    (await reports.getBlobClient(`${id}/${file}`).downloadToBuffer()).toString();
  const manifest = JSON.parse(await read("manifest.json"));
  const record = await runs.record(id as Parameters<typeof runs.record>[0]);
  expect(manifest.status).toBe(record.end?.status);
  const lines: Line[] = [];
  for (const { name, sha256, lines: count } of manifest.parts) {
    const text = await read(name);
    expect(createHash("sha256").update(text).digest("hex")).toBe(sha256);
    const parsed = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(parsed).toHaveLength(count);
    lines.push(...parsed);
  }
  expect(lines).toHaveLength(manifest.totals.objects);
  return lines;
}

/** Compares the destination with the rule, the report and the record. */
async function check(stage: Stage, mode: Mode, id: Parameters<JobRuns["record"]>[0]) {
  const { runs, destination, storage } = stage;
  const record = await runs.record(id);
  const expected = copiedNames(mode);
  const lines = await readReport(stage, id);
  expect(lines.map((line) => line.destination.split("/archive/")[1] ?? "")).toEqual(names);
  for (const line of lines) {
    const name = line.destination.split("/archive/")[1] ?? "";
    const blob = destination.getBlobClient(name);
    const { copyId, etag, copyStatus } = await blob.getProperties();
    if (expected.includes(name)) {
      expect({ name, ...line }).toMatchObject({ name, outcome: "copied", copyId });
      expect(`"${line.destinationEtag}"`).toBe(etag);
      expect(copyStatus).toBe("success");
      expect((await blob.downloadToBuffer()).toString()).toBe(`of ${name}`);
    } else {
      expect({ name, ...line }).toMatchObject({
        name,
        outcome: mode === "fail" ? "failed" : "skipped",
      });
      expect(copyStatus).toBeUndefined();
    }
  }
  expect(record.done.copied.objects).toBe(expected.length);
  expect(record.planned.objects).toBe(names.length);
  expect(record.open).toEqual([]);
  expect(await runs.deps.ledger.jobs.active.list()).toEqual([]);
  // Each destination was written by one copy.
  const starts = storage.emulator.requests.filter(
    ({ operation, status }) => operation === "CopyBlob" && status === 202,
  );
  const written = starts.map(({ url }) => url.split("?")[0]);
  if (mode !== "always") expect(new Set(written).size).toBe(written.length);
  expect(new Set(written).size).toBe(expected.length);
  return lines.length;
}

const schedules = (count: number) => Array.from({ length: count }, (_, seed) => seed);

for (const mode of modes) {
  test.each(schedules(sized({ small: 8, full: 200 })))(
    `with overwrite "${mode}", a job whose runs die is exact (schedule %i)`,
    async (seed) => {
      const random = createRandom(seed * 7 + modes.indexOf(mode));
      const stage = await setStage(mode, seed);
      const { runs, storage } = stage;
      const id = await runs.request(stage.body);
      for (let deaths = 0; deaths < 1 + (seed % 3); deaths++) {
        const { calls, death } = dyingAt({ at: 1 + random(45), after: random(2) === 1 });
        const run = runs.run(id, calls);
        const result = await Promise.race([run, death]);
        // Calls that were sent before the death may arrive while the next run works.
        await turns(random(4));
        if (result === "died") continue;
        if (result.kind === "wait") await storage.clock.advance(result.until - storage.clock.now());
      }
      await runs.untilDone(id);
      expect(await check(stage, mode, id)).toBe(names.length);
    },
  );

  test.each(schedules(sized({ small: 5, full: 100 })))(
    `with overwrite "${mode}", two concurrent runs of a job are exact (schedule %i)`,
    async (seed) => {
      const random = createRandom(seed * 11 + 5 + modes.indexOf(mode));
      const stage = await setStage(mode, seed);
      const { runs } = stage;
      const id = await runs.request(stage.body);
      const slow: Calls = async (_name, call) => {
        await turns(random(6));
        const result = await call();
        await turns(random(6));
        return result;
      };
      await Promise.all([runs.run(id, slow), runs.run(id, slow)]);
      await runs.untilDone(id);
      expect(await check(stage, mode, id)).toBe(names.length);
    },
  );
}
