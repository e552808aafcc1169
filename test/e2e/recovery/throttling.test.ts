import { expect, test } from "vitest";
import type { OperationName } from "../../../src/local/storage/http/rest-operation.ts";
import { startWorld } from "../../support/stack/test-stack.ts";
import type { TestWorld } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(1_000_000, "film");
const slowly = { copies: { bytesPerSecond: 1_000 } };
const wait = 200; // seconds; longer than any wait of our own would be by then

/** Busy once, for this long. */
function throttle(
  world: TestWorld,
  answer: { status: number; code: string },
  { operation, path }: { operation: OperationName; path: string },
) {
  const headers = { "retry-after": String(wait) };
  world.local.emulator.faults.add({
    operation,
    match: ({ target }) => target.split("?")[0]?.endsWith(path) === true,
    times: 1,
    do: { response: { ...answer, headers } },
  });
}

/** When this was asked of Storage, in seconds since the first time; answered or not. */
function asked(world: TestWorld, operation: OperationName, path: string): number[] {
  const times = world.local.emulator.requests
    .filter((each) => each.operation === operation && each.url.split("?")[0]?.endsWith(path))
    .map(({ at }) => at);
  return times.map((at) => (at - (times[0] ?? at)) / 1_000);
}

const answers = [
  { status: 429, code: "TooManyRequests" },
  { status: 503, code: "ServerBusy" },
];

test.each(answers)("a start is sent again when Storage said, after $status $code", async (busy) => {
  const world = await startWorld(slowly);
  const source = await world.upload("inbox/film.mp4", film);
  const path = "/archive/film.mp4";
  throttle(world, busy, { operation: "CopyBlob", path });
  const { id } = await world.start({
    source: source.url,
    destination: world.blob("archive/film.mp4").url,
  });
  await world.clock.advance((wait - 1) * 1_000);
  const waiting = await world.get(id);
  expect(waiting).toMatchObject({ status: "queued", error: null });
  expect(waiting.warning).toContain(`${busy.status} ${busy.code}`);
  expect(asked(world, "CopyBlob", path)).toEqual([0]);
  expect(await world.untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect(asked(world, "CopyBlob", path)).toEqual([0, wait]);
});

test.each(answers)("a plan is made when Storage said, after $status $code", async (busy) => {
  const world = await startWorld(slowly);
  const source = await world.upload("inbox/film.mp4", film);
  throttle(world, busy, { operation: "GetBlobProperties", path: "/inbox/film.mp4" });
  const { id } = await world.start({
    source: source.url,
    destination: world.blob("archive/film.mp4").url,
  });
  expect(await world.untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect(asked(world, "GetBlobProperties", "/inbox/film.mp4")).toEqual([0, wait]);
});

test.each(answers)("a status is read when Storage said, after $status $code", async (busy) => {
  const world = await startWorld(slowly);
  const source = await world.upload("inbox/film.mp4", film);
  const { id } = await world.start({
    source: source.url,
    destination: world.blob("archive/film.mp4").url,
  });
  expect(await world.get(id)).toMatchObject({ status: "copying" });
  const path = "/archive/film.mp4";
  const before = asked(world, "GetBlobProperties", path).length;
  throttle(world, busy, { operation: "GetBlobProperties", path });
  await world.clock.advance(60_000);
  expect(await world.get(id)).toMatchObject({ status: "copying", error: null });
  expect(await world.untilEnded(id)).toMatchObject({ status: "succeeded" });
  const [busyAt = 0, nextAt = 0] = asked(world, "GetBlobProperties", path).slice(before);
  expect(nextAt - busyAt).toBe(wait);
});

test("a connection that breaks on a read is bridged at once", async () => {
  const world = await startWorld(slowly);
  const source = await world.upload("inbox/film.mp4", film);
  const { faults } = world.local.emulator;
  faults.add({ operation: "GetBlobProperties", times: 1, do: "reset connection" });
  const { id } = await world.start({
    source: source.url,
    destination: world.blob("archive/film.mp4").url,
  });
  expect(await world.get(id)).toMatchObject({ status: "copying", warning: null });
});
