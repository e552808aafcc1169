import { expect, test } from "vitest";
import type { OperationName } from "../../../src/local/storage/http/rest-operation.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(1_000_000, "film");
const slowly = { copies: { bytesPerSecond: 1_000 } };
const retryAfterSeconds = 200; // seconds; longer than any of Ferry's own waits at that point

/** Storage responds once that it is busy, with this Retry-After. */
function throttle(
  stack: TestStack,
  response: { status: number; code: string },
  { operation, path }: { operation: OperationName; path: string },
) {
  const headers = { "retry-after": String(retryAfterSeconds) };
  stack.local.emulator.faults.add({
    operation,
    match: ({ target }) => target.split("?")[0]?.endsWith(path) === true,
    times: 1,
    do: { response: { ...response, headers } },
  });
}

/** Times of such requests to Storage, in seconds since the first one. */
function requestTimes(stack: TestStack, operation: OperationName, path: string): number[] {
  const times = stack.local.emulator.requests
    .filter((each) => each.operation === operation && each.url.split("?")[0]?.endsWith(path))
    .map(({ at }) => at);
  return times.map((at) => (at - (times[0] ?? at)) / 1_000);
}

const responses = [
  { status: 429, code: "TooManyRequests" },
  { status: 503, code: "ServerBusy" },
];

test.each(responses)(
  "a start that gets $status $code is retried after the Retry-After time",
  async (busy) => {
    const stack = await startStack(slowly);
    const source = await stack.upload("inbox/film.mp4", film);
    const path = "/archive/film.mp4";
    throttle(stack, busy, { operation: "CopyBlob", path });
    const { id } = await stack.start({
      source: source.url,
      destination: stack.blob("archive/film.mp4").url,
    });
    await stack.clock.advance((retryAfterSeconds - 1) * 1_000);
    const waiting = await stack.get(id);
    expect(waiting).toMatchObject({ status: "queued", error: null });
    expect(waiting.warning).toContain(`${busy.status} ${busy.code}`);
    expect(requestTimes(stack, "CopyBlob", path)).toEqual([0]);
    expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
    expect(requestTimes(stack, "CopyBlob", path)).toEqual([0, retryAfterSeconds]);
  },
);

test.each(responses)(
  "a plan whose read gets $status $code is made after the Retry-After time",
  async (busy) => {
    const stack = await startStack(slowly);
    const source = await stack.upload("inbox/film.mp4", film);
    throttle(stack, busy, { operation: "GetBlobProperties", path: "/inbox/film.mp4" });
    const { id } = await stack.start({
      source: source.url,
      destination: stack.blob("archive/film.mp4").url,
    });
    expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
    expect(requestTimes(stack, "GetBlobProperties", "/inbox/film.mp4")).toEqual([
      0,
      retryAfterSeconds,
    ]);
  },
);

test.each(responses)(
  "a poll that gets $status $code is repeated after the Retry-After time",
  async (busy) => {
    const stack = await startStack(slowly);
    const source = await stack.upload("inbox/film.mp4", film);
    const { id } = await stack.start({
      source: source.url,
      destination: stack.blob("archive/film.mp4").url,
    });
    expect(await stack.get(id)).toMatchObject({ status: "copying" });
    const path = "/archive/film.mp4";
    const before = requestTimes(stack, "GetBlobProperties", path).length;
    throttle(stack, busy, { operation: "GetBlobProperties", path });
    await stack.clock.advance(60_000);
    expect(await stack.get(id)).toMatchObject({ status: "copying", error: null });
    expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
    const [busyAt = 0, nextAt = 0] = requestTimes(stack, "GetBlobProperties", path).slice(before);
    expect(nextAt - busyAt).toBe(retryAfterSeconds);
  },
);

test("a read whose connection breaks is retried immediately", async () => {
  const stack = await startStack(slowly);
  const source = await stack.upload("inbox/film.mp4", film);
  const { faults } = stack.local.emulator;
  faults.add({ operation: "GetBlobProperties", times: 1, do: "reset connection" });
  const { id } = await stack.start({
    source: source.url,
    destination: stack.blob("archive/film.mp4").url,
  });
  expect(await stack.get(id)).toMatchObject({ status: "copying", warning: null });
});
