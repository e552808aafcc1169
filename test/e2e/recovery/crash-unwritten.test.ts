import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { expectRightEnd } from "../../support/crash/crash-end.ts";
import { HostDied, hostProcesses } from "../../support/crash/crash-host.ts";
import { openCrashWorld } from "../../support/crash/crash-stack.ts";
import type { CrashWorld, Kill } from "../../support/crash/crash-stack.ts";
import { sized } from "../../support/campaign-size.ts";
import { liveThrough } from "../../support/crash/crash-trial.ts";
import type { PlannedCopy } from "../../support/crash/crash-trial.ts";

/*
 * The ledger's README lists the writes that a copy omits. Around the place of each omitted write, the host is killed
 * (SIGKILL): after the request before it, and at the request after it.
 */

const hosts = hostProcesses();
afterAll(() => hosts.close());

const page = new URL("../../../src/ledger/README.md", import.meta.url);

/** A kill at a request, which Storage executes ("answer") or never receives ("request"). */
const at = (
  lost: "request" | "answer",
  operation: NonNullable<(Kill & { at: "storage request" })["operation"]>,
  path: string,
  nth = 1,
): Kill => ({ at: "storage request", operation, path, nth, lost });

const copy = { end: "succeeded", bytes: 10_000, at: 0, after: 0, overwrites: false } as const;
const pending = { ...copy, after: 20_000 } as const;
const skipped = { ...copy, end: "skipped", overwrites: true } as const;

type Schedule = readonly [PlannedCopy, Kill];

/** By the first column of the README's table. */
const schedules: Record<string, readonly Schedule[]> = {
  "the container, before each write": [
    [copy, at("answer", "PutBlob", "/claims/")],
    [copy, at("request", "CreateContainer", "ferry-ledger")],
    [copy, at("answer", "CreateContainer", "ferry-ledger")],
  ],
  "a record with the POST": [
    [copy, at("answer", "PutBlob", "/claims/", 2)],
    [copy, at("request", "PutBlob", "/locks/")],
    [copy, at("answer", "PutBlob", "/locks/")],
  ],
  "the end of an attempt that completed": [
    [copy, at("answer", "CopyBlob", "/archive/")],
    [copy, at("request", "PutBlob", "/records/", 2)],
    [copy, at("answer", "PutBlob", "/records/", 2)],
  ],
  "the copyId of a copy that start completed": [
    [copy, at("request", "GetBlobProperties", "/archive/", 2)],
    [copy, at("answer", "GetBlobProperties", "/archive/", 2)],
  ],
  "the fence of a copy that left nothing": [
    [skipped, at("request", "PutBlob", "/records/")],
    [skipped, at("answer", "PutBlob", "/records/")],
    [pending, at("request", "PutBlob", "/records/", 3)],
    [pending, at("answer", "PutBlob", "/records/", 3)],
  ],
  "entries for the retention": [
    [copy, at("request", "DeleteBlob", "/locks/")],
    [copy, at("answer", "DeleteBlob", "/locks/")],
  ],
};

const theQueue = "a list of the queue at the end of a copy";

test.each(Object.entries(schedules))(
  "a crash on either side of %s is harmless",
  async (_, kills) => {
    for (const [planned, kill] of kills.slice(0, sized({ small: 2, full: kills.length }))) {
      const trial = await liveThrough({ copies: [planned], kills: [kill], downtime: 1_000 }, hosts);
      const where = JSON.stringify(kill);
      expect(trial.deaths, where).toHaveLength(1);
      expectRightEnd(trial, where);
      // The purge finds the copy and its claim by these.
      const columns = { claim: expect.any(String), completedAt: expect.any(String) };
      expect(trial.records, where).toEqual([expect.objectContaining(columns)]);
    }
  },
  120_000,
);

test.each([at("request", "DeleteBlob", "/locks/", 2), at("answer", "DeleteBlob", "/locks/", 2)])(
  `a crash on either side of ${theQueue} is harmless: $lost lost`,
  async (kill) => {
    const world = await openCrashWorld(hosts, () => {});
    try {
      const ids = await queueTwo(world, kill);
      let deaths = 0;
      const ended = async () => {
        const copies = await Promise.all(
          ids.map(async (id) => (await world.call("GET", `/api/copies/${id}`)).json),
        );
        return copies.every(({ status }) => status === "succeeded");
      };
      for (let minutes = 0; ; minutes++) {
        expect(minutes, "minutes until both have ended").toBeLessThan(15);
        try {
          if (await ended()) break;
          await world.advance(60_000);
        } catch (error) {
          if (!(error instanceof HostDied)) throw error;
          deaths++;
          await world.bury();
          await world.begin(null);
        }
      }
      expect(deaths).toBe(1);
      expect(await names(world, "locks/")).toEqual([]);
      expect(await names(world, "destinations/")).toEqual([]);
      await world.end();
    } finally {
      await world.close();
    }
  },
  120_000,
);

/** Two copies onto one destination; the second waits. The host will be killed as `kill` says. */
async function queueTwo(world: CrashWorld, kill: Kill): Promise<string[]> {
  await world.container("inbox").create();
  await world.container("archive").create();
  const source = world.blob("inbox/film.mp4");
  await source.uploadData(Buffer.alloc(20_000, "film"));
  world.emulator.copies.forDestination = () => ({ bytesPerSecond: 1_000 });
  await world.begin(kill);
  const ids: string[] = [];
  for (let count = 0; count < 2; count++) {
    const destination = world.blob("archive/film.mp4").url;
    const options = { overwrite: "always", ifBusy: "wait" };
    const body = { source: source.url, destination, options };
    const { json } = await world.call("POST", "/api/copies", { body });
    ids.push(String(json.id));
    await world.advance(1_000);
  }
  return ids;
}

async function names(world: CrashWorld, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of world.container("ferry-ledger").listBlobsFlat({ prefix })) {
    found.push(name);
  }
  return found;
}

test("every omitted write in the README has its crashes here", () => {
  const [, table = ""] = readFileSync(page, "utf8").split("| Not written");
  const [rows = ""] = table.split("\n\n");
  const first = [...rows.matchAll(/^\| ([^|]+?) +\|/gm)].map(([, name]) => name);
  const listed = first.filter((name) => name !== undefined && !/^-+$/.test(name));
  expect(listed).toEqual([...Object.keys(schedules), theQueue]);
});
