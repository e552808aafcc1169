import { expect, test } from "vitest";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const destination = { container: "archive", blob: "film.mp4" };
const busy = { response: { status: 503, code: "ServerBusy" } };

/** A copy that Storage has completed, whose settle cannot write the ledger's locks until `release` is called. */
async function startUnsettled() {
  const stack = await startStack({ copies: { bytesPerSecond: 0 } });
  const source = await stack.upload("inbox/film.mp4", "film");
  const { id } = await stack.start({
    source: source.url,
    destination: stack.blob("archive/film.mp4").url,
  });
  await stack.clock.advance(10_000);
  const release = stack.local.emulator.faults.add({
    match: ({ method, target }) => method === "PUT" && target.includes("ferry-ledger/locks"),
    do: busy,
  });
  stack.local.emulator.copies.finish(destination);
  await stack.clock.advance(20_000);
  return { stack, id, release };
}

async function abort(stack: TestStack, id: string): Promise<void> {
  const response = await stack.call("POST", `/copies/${id}/abort`);
  expect(response.status).toBe(202);
  expect(response.json).toMatchObject({ status: "aborting", abortRequested: true });
  await stack.clock.settled();
}

test("an abort that got a 202 after Storage had completed the copy is in the outcome, which is a success", async () => {
  const { stack, id, release } = await startUnsettled();
  await abort(stack, id);
  expect(await stack.get(id)).toMatchObject({ status: "aborting", abortRequested: true });
  release();
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", abortRequested: true });
});

test("it is also in the outcome if the ledger can no longer be reached and settle gives up", async () => {
  const { stack, id } = await startUnsettled();
  await abort(stack, id);
  stack.local.emulator.faults.add({
    match: ({ target }) => target.includes("ferry-ledger"),
    do: busy,
  });
  await stack.clock.advance(12 * 3_600_000);
  stack.local.emulator.faults.clear();
  const copy = await stack.untilEnded(id);
  expect(copy).toMatchObject({ status: "succeeded", abortRequested: true });
  expect(copy.residue).toHaveLength(1);
});

test("aborts at random moments around the end of a copy: each that got a 202 is in the outcome", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 1_000 } });
  const source = await stack.upload("inbox/film.mp4", Buffer.alloc(10_000));
  const ends: string[] = [];
  for (let moment = 0; moment <= 20; moment++) {
    const target = stack.blob(`archive/${moment}.mp4`);
    const { id } = await stack.start({ source: source.url, destination: target.url });
    await stack.clock.advance(9_000 + moment * 100);
    const { status } = await stack.call("POST", `/copies/${id}/abort`);
    const copy = await stack.untilEnded(id);
    expect({ status, requested: copy.abortRequested }).toEqual({
      status: status === 202 ? 202 : 409,
      requested: status === 202,
    });
    ends.push(copy.status);
  }
  expect(new Set(ends)).toEqual(new Set(["aborted", "succeeded"]));
});
