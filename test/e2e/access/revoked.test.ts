import { expect, test } from "vitest";
import { rareTimers, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/*
 * Goal: removing a pair or a route stops the copies that only it allowed and that have not started yet. Running copies
 * are followed to their end.
 */

const film = Buffer.alloc(1_000_000, "film");
const place = (path: string) => `http://127.0.0.1:10000/devstoreaccount1/${path}`;
const pair = { from: place("inbox"), to: place("archive"), allow: ["lock", "legal-hold"] };
const route = { name: "films", source: place("inbox"), destination: place("archive/{path}") };

type Access = { pairs?: object[]; routes?: object[] };

const toSettings = ({ pairs = [], routes = [] }: Access) => ({
  COPY_ALLOWED: JSON.stringify(pairs),
  COPY_ROUTES: JSON.stringify(routes),
});

/** The film takes a hundred seconds. */
async function start(access: Access = { pairs: [pair] }) {
  const settings = toSettings(access);
  const stack = await startStack({
    persistent: true,
    environment: rareTimers,
    copies: { bytesPerSecond: film.length / 100 },
    settings,
  });
  const source = (await stack.upload("inbox/film.mp4", film)).url;
  const other = (await stack.upload("inbox/other.mp4", "other")).url;
  const restartWith = async (changed: Access) => {
    Object.assign(settings, toSettings(changed));
    await stack.restart();
  };
  return { stack, source, other, destination: stack.blob("archive/film.mp4").url, restartWith };
}

/** Two copies onto one destination: the first runs, the second waits for it. */
async function startWaiting(started: Awaited<ReturnType<typeof start>>, options: object = {}) {
  const { stack, source, other, destination } = started;
  const running = await stack.start({ source, destination });
  await stack.clock.advance(5_000);
  const waiting = await stack.start({
    source: other,
    destination,
    options: { overwrite: "always", ifBusy: "wait", ...options },
  });
  await stack.clock.advance(5_000);
  expect(await stack.get(waiting.id)).toMatchObject({ status: "queued" });
  return { running: running.id, waiting: waiting.id };
}

const countStarts = ({ local }: TestStack) =>
  local.emulator.requests.filter(({ operation }) => operation === "CopyBlob").length;

test("a waiting copy fails when its pair is gone, and the running one succeeds", async () => {
  const started = await start();
  const { stack, other, destination, restartWith } = started;
  const { running, waiting } = await startWaiting(started);
  await restartWith({ pairs: [] });
  const refused = await stack.call("POST", "/copies", { body: { source: other, destination } });
  expect(refused.status).toBe(403);
  const copy = await stack.untilEnded(waiting, 1);
  expect(copy).toMatchObject({
    status: "failed",
    copyId: null,
    error: {
      cause: "not-allowed",
      message: `Cannot start the copy because no pair in COPY_ALLOWED allows a copy from ${other} to ${destination}`,
      fix: expect.stringContaining("COPY_ALLOWED"),
      retryable: false,
    },
    residue: [],
  });
  expect(await stack.untilEnded(running, 1)).toMatchObject({ status: "succeeded" });
  expect((await stack.blob("archive/film.mp4").downloadToBuffer()).equals(film)).toBe(true);
  expect(countStarts(stack)).toBe(0); // none after the restart
});

test("a running copy can still be aborted and cleaned up when its pair is gone", async () => {
  const { stack, source, destination, restartWith } = await start();
  const { id } = await stack.start({ source, destination });
  await stack.clock.advance(5_000);
  await restartWith({ pairs: [] });
  expect((await stack.call("POST", `/copies/${id}/abort`)).status).toBe(202);
  expect(await stack.untilEnded(id, 1)).toMatchObject({ status: "aborted", residue: [] });
  expect(await stack.blob("archive/film.mp4").exists()).toBe(false);
});

test.each<[string, object[], string]>([
  ["only the pair's word", [{ ...pair, allow: ["legal-hold"] }], "lock"],
  ["all of the pair's words", [{ from: pair.from, to: pair.to }], "lock"],
  ["the pair for this destination", [{ ...pair, to: place("vault") }], "no pair"],
])("a waiting copy fails when %s is gone", async (_, pairs, says) => {
  const started = await start();
  const { stack, restartWith } = started;
  const immutabilityPolicy = { until: "2027-01-01T00:00:00Z", mode: "Unlocked" };
  const { waiting } = await startWaiting(started, { immutabilityPolicy });
  await restartWith({ pairs });
  const copy = await stack.untilEnded(waiting, 1);
  expect(copy).toMatchObject({ status: "failed", error: { cause: "not-allowed" } });
  expect(copy.error.message).toContain(says);
});

test("a waiting copy is started if another pair allows it by then", async () => {
  const started = await start();
  const { stack, restartWith } = started;
  const { waiting } = await startWaiting(started);
  const narrow = { from: place("inbox/other.mp4"), to: place("archive/film.mp4") };
  await restartWith({ pairs: [narrow] });
  expect(await stack.untilEnded(waiting, 1)).toMatchObject({ status: "succeeded" });
});

test("a start that Storage refused temporarily is not sent again when its pair is gone", async () => {
  const { stack, source, destination, restartWith } = await start();
  const busy = { response: { status: 503, code: "ServerBusy" } };
  stack.local.emulator.faults.add({ operation: "CopyBlob", do: busy });
  const { id } = await stack.start({ source, destination });
  await stack.clock.settled();
  expect(countStarts(stack)).toBeGreaterThan(0);
  await restartWith({ pairs: [] }); // the restarted emulator has no fault
  expect(await stack.untilEnded(id, 12)).toMatchObject({
    status: "failed",
    error: { cause: "not-allowed" },
  });
  expect(countStarts(stack)).toBe(0);
});

test("a start whose response was lost is found and followed when its pair is gone", async () => {
  const { stack, source, destination, restartWith } = await start();
  stack.local.emulator.faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
  stack.local.emulator.faults.add({
    operation: "GetBlobProperties",
    match: ({ target }) => target.includes("archive/film.mp4") && countStarts(stack) > 0,
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  const { id } = await stack.start({ source, destination });
  await stack.clock.settled();
  expect(countStarts(stack)).toBe(1);
  expect(await stack.get(id)).toMatchObject({ status: "queued", copyId: null });
  await restartWith({ pairs: [] });
  expect(await stack.untilEnded(id, 12)).toMatchObject({ status: "succeeded" });
  expect((await stack.blob("archive/film.mp4").downloadToBuffer()).equals(film)).toBe(true);
});

test.each<[string, object[]]>([
  ["is gone", []],
  ["has another destination", [{ ...route, destination: place("vault/{path}") }]],
  ["no longer matches", [{ ...route, suffix: ".mkv" }]],
])("a waiting copy of a route fails when the route %s", async (_, routes) => {
  const { stack, source, other, restartWith } = await start({ pairs: [pair], routes: [route] });
  const running = await stack.start({ source, destination: stack.blob("archive/other.mp4").url });
  await stack.clock.advance(5_000);
  const waiting = await stack.start({ source: other, route: "films" });
  await stack.clock.advance(5_000);
  expect(await stack.get(waiting.id)).toMatchObject({ status: "queued" });
  // The pair stays: a copy of a route needs its route.
  await restartWith({ pairs: [pair], routes });
  expect(await stack.untilEnded(waiting.id, 1)).toMatchObject({
    status: "failed",
    error: { cause: "not-allowed", message: expect.stringContaining("route") },
  });
  expect(await stack.untilEnded(running.id, 1)).toMatchObject({ status: "succeeded" });
});

test("a waiting copy of a route is started when the route is still there", async () => {
  const dated = { ...route, destination: place("archive/{year}-{month}-{day}-{hour}/{path}") };
  const { stack, source, other, restartWith } = await start({ pairs: [pair], routes: [dated] });
  const into = stack.blob("archive/2026-11-20-12/other.mp4").url;
  await stack.start({ source, destination: into });
  await stack.clock.advance(5_000);
  const waiting = await stack.start({ source: other, route: "films" });
  expect(waiting.destination).toBe(into);
  await restartWith({ pairs: [], routes: [dated] });
  expect(await stack.untilEnded(waiting.id, 24)).toMatchObject({ status: "succeeded" });
});
