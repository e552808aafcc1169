import { afterAll, beforeAll, expect, test } from "vitest";
import { sized } from "../../support/campaign-size.ts";
import { HostDied, hostProcesses } from "../../support/crash/crash-host.ts";
import { openCrashWorld } from "../../support/crash/crash-stack.ts";
import type { CrashWorld, Kill } from "../../support/crash/crash-stack.ts";

/*
 * The host of one job is killed (SIGKILL) at one of its requests to Storage, before or after Storage executes it, or at
 * a commit of its task hub, and is started again: every object is copied once, and the job's counts are right. A job
 * that is not killed shows how many requests and commits there are, so every schedule kills.
 */

const hosts = hostProcesses();
afterAll(() => hosts.close());

const names = Array.from({ length: 5 }, (_, index) => `${index}.txt`);

async function liveThrough(kill: Kill | null, isPending: boolean) {
  const world = await openCrashWorld(hosts, () => {});
  try {
    Object.assign(
      world.emulator.copies,
      isPending ? { bytesPerSecond: 2 } : { finishOnStart: "always" },
    );
    for (const container of ["inbox", "archive"]) await world.container(container).create();
    for (const name of names) await world.blob(`inbox/${name}`).upload("content", 7);
    let deaths = 0;
    let id: string | null = null;
    const countRequests = () =>
      [...world.emulator.requestCounts.values()].reduce((sum, each) => sum + each, 0);
    const before = countRequests();
    await world.begin(kill);
    for (let rounds = 0; rounds < 400; rounds++) {
      try {
        id ??= await request(world);
        await world.advance(3_000);
        const { json } = await world.call("GET", `/api/jobs/${id}`);
        if (json.completedAt === null) continue;
        const requests = countRequests() - before;
        const { passages } = await world.end();
        return { job: json, deaths, requests, passages, world: await observe(world) };
      } catch (error) {
        if (!(error instanceof HostDied)) throw error;
        deaths++;
        await world.bury();
        await world.begin(null);
      }
    }
    throw new Error("The job does not end");
  } finally {
    await world.close();
  }
}

/** A client repeats its request with the same key until it gets a response. */
async function request(world: CrashWorld): Promise<string> {
  const url = (name: string) => `${world.container(name).url}/`;
  const body = { source: url("inbox"), destination: url("archive") };
  const headers = { "idempotency-key": "job-1" };
  const { status, text, json } = await world.call("POST", "/api/jobs", { body, headers });
  if (status !== 202 && status !== 200) throw new Error(`POST returned ${status}: ${text}`);
  return json.id;
}

async function observe(world: CrashWorld) {
  const starts = world.emulator.requests.filter(
    (each) =>
      each.operation === "CopyBlob" &&
      !world.isLost(each) &&
      (each.status === 202 || each.status === null),
  );
  const contents: string[] = [];
  for (const name of names) {
    contents.push((await world.blob(`archive/${name}`).downloadToBuffer()).toString());
  }
  return { written: starts.map(({ url }) => url.split("?")[0] ?? ""), contents };
}

/** How many requests and commits a job makes whose host is not killed. */
type Chances = { requests: number; commits: number };
const isPendingIn = (index: number) => index % 3 === 0;
const chances = new Map<boolean, Chances>();

beforeAll(async () => {
  for (const isPending of [true, false]) {
    const { requests, passages } = await liveThrough(null, isPending);
    chances.set(isPending, { requests, commits: passages.length });
  }
}, 120_000);

function killOf(index: number): Kill {
  const { requests, commits } = chances.get(isPendingIn(index)) ?? { requests: 0, commits: 0 };
  if (index % 4 === 3) return { at: "commit point", nth: (index >> 1) % commits };
  const lost = index % 2 === 0 ? "answer" : "request";
  return { at: "storage request", operation: null, nth: 1 + ((index * 7) % requests), lost };
}

const indexes = Array.from({ length: sized({ small: 8, full: 200 }) }, (_, index) => index);

test.each(indexes)(
  "a job survives the death of its host (schedule %i)",
  async (index) => {
    const { job, deaths, world } = await liveThrough(killOf(index), isPendingIn(index));
    expect(deaths).toBe(1);
    expect(job).toMatchObject({
      status: "succeeded",
      objects: { planned: 5, copied: 5, failed: 0, pending: 0, remaining: 0 },
    });
    expect(world.contents).toEqual(names.map(() => "content"));
    expect(new Set(world.written).size).toBe(5);
    // A request that was lost with the connection may not have been executed; then it is sent again.
    expect(world.written.length).toBeLessThanOrEqual(6);
  },
  120_000,
);
