import { expect, test } from "vitest";
import { hour, startStack, rareTimers } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(1_000_000, "film");
const slowly = { copies: { bytesPerSecond: 10_000 } };

async function startCopy(stack: TestStack, overwrite = "fail") {
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4");
  const options = { overwrite };
  const copy = await stack.start({ source: source.url, destination: destination.url, options });
  return { id: String(copy.id), destination };
}

test("an abort of a pending copy makes it `aborted` and leaves no empty blob behind", async () => {
  const stack = await startStack(slowly);
  const { id, destination } = await startCopy(stack);
  await stack.clock.advance(10_000);

  const response = await stack.call("POST", `/copies/${id}/abort`);
  expect(response.status).toBe(202);
  expect(response.json).toMatchObject({ status: "aborting", abortRequested: true });

  await stack.clock.settled();
  const copy = await stack.get(id);
  expect(copy).toMatchObject({
    status: "aborted",
    copyStatus: "aborted",
    abortRequested: true,
    error: null,
    residue: [],
  });
  expect(await destination.exists()).toBe(false);
});

test("a second abort gets the response that the copy is already aborted", async () => {
  const stack = await startStack(slowly);
  const { id } = await startCopy(stack);
  await stack.clock.advance(10_000);
  // Storage refuses the abort until both calls have their responses.
  const busy = { response: { status: 503, code: "ServerBusy" } };
  const relent = stack.local.emulator.faults.add({ operation: "AbortCopyBlob", do: busy });
  const both = await Promise.all([1, 2].map(() => stack.call("POST", `/copies/${id}/abort`)));
  expect(both.map(({ status }) => status)).toEqual([202, 202]);
  relent();
  await stack.clock.advance(60_000);
  const late = await stack.call("POST", `/copies/${id}/abort`);
  expect(late.status).toBe(200);
  expect(late.json.status).toBe("aborted");
  const aborts = stack.local.emulator.requests.filter(
    ({ operation, status }) => operation === "AbortCopyBlob" && status === 204,
  );
  expect(aborts).toHaveLength(1);
});

test("an abort of a copy that has succeeded is rejected and changes nothing", async () => {
  const stack = await startStack(slowly);
  const { id, destination } = await startCopy(stack);
  await stack.untilEnded(id);
  const response = await stack.call("POST", `/copies/${id}/abort`);
  expect(response.status).toBe(409);
  expect(response.json).toMatchObject({ type: "urn:ferry:problem:already-ended" });
  expect(await stack.get(id)).toMatchObject({ status: "succeeded", abortRequested: false });
  expect((await destination.downloadToBuffer()).equals(film)).toBe(true);
});

test("a copy that completes before its abort reaches Storage has succeeded, and reports that an abort was requested", async () => {
  const stack = await startStack(slowly);
  const { id, destination } = await startCopy(stack);
  await stack.clock.advance(10_000);
  stack.local.emulator.copies.finish({
    account: "devstoreaccount1",
    container: "archive",
    blob: "film.mp4",
  });
  await stack.call("POST", `/copies/${id}/abort`);
  await stack.clock.settled();
  expect(await stack.get(id)).toMatchObject({ status: "succeeded", abortRequested: true });
  expect((await destination.downloadToBuffer()).equals(film)).toBe(true);
});

test("an abort before the start prevents the start", async () => {
  const stack = await startStack(slowly);
  // The reads of start get no response, so the abort finds the copy still queued.
  const remove = stack.local.emulator.faults.add({
    operation: "GetBlobProperties",
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  const { id } = await startCopy(stack);
  await stack.clock.advance(1_000);
  expect(await stack.get(id)).toMatchObject({ status: "queued", copyId: null });
  await stack.call("POST", `/copies/${id}/abort`);
  await stack.clock.settled();
  remove();
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted", copyId: null });
  const starts = stack.local.emulator.requests.filter(({ operation }) => operation === "CopyBlob");
  expect(starts).toEqual([]);
});

test("an abort of an overwrite reports that the former content is lost", async () => {
  const stack = await startStack(slowly);
  await stack.upload("archive/film.mp4", "former");
  const { id } = await startCopy(stack, "always");
  await stack.clock.advance(10_000);
  await stack.call("POST", `/copies/${id}/abort`);
  const copy = await stack.untilEnded(id);
  expect(copy).toMatchObject({ status: "aborted" });
  expect(copy.residue).toEqual([
    "The destination's former content is gone: the unsuccessful copy replaced it",
  ]);
});

test("after an abort, another copy to the same destination can start immediately", async () => {
  const stack = await startStack(slowly);
  const first = await startCopy(stack);
  await stack.clock.advance(10_000);
  await stack.call("POST", `/copies/${first.id}/abort`);
  await stack.untilEnded(first.id);
  const second = await startCopy(stack);
  expect(await stack.untilEnded(second.id)).toMatchObject({ status: "succeeded" });
});

test("an abort is retried until Storage responds", async () => {
  const stack = await startStack(slowly);
  const { id, destination } = await startCopy(stack);
  await stack.clock.advance(10_000);
  const busy = { response: { status: 503, code: "ServerBusy" } };
  const remove = [
    stack.local.emulator.faults.add({ operation: "AbortCopyBlob", do: busy }),
    stack.local.emulator.faults.add({ operation: "GetBlobProperties", do: busy }),
  ];
  await stack.call("POST", `/copies/${id}/abort`);
  await stack.clock.advance(30_000);
  expect(await stack.get(id)).toMatchObject({ status: "aborting" });
  for (const each of remove) each();
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted" });
  expect(await destination.exists()).toBe(false);
});

test("thirteen days of polling, a restart and an abort take fewer than a thousand history events", async () => {
  const stack = await startStack({
    copies: { bytesPerSecond: 0 },
    persistent: true,
    environment: rareTimers,
  });
  const { id } = await startCopy(stack);
  await stack.clock.advance(7 * 24 * hour);
  await stack.restart();
  await stack.clock.advance(6 * 24 * hour);
  await stack.call("POST", `/copies/${id}/abort`);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted" });
  expect(stack.countHistoryEvents()).toBeLessThan(1_000);
});
