import { expect, test } from "vitest";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/*
 * Goal: a copy of at most 4 MiB that Storage reports as pending is read once by its start, because it may be complete
 * by then. If it is, it needs neither a timer nor another activity.
 */

const maxQuickBytes = 4 * 1024 * 1024;

async function request(stack: TestStack, length: number, options = {}): Promise<string> {
  const source = await stack.upload("inbox/film.mp4", Buffer.alloc(length, "film"));
  const destination = stack.blob("archive/film.mp4").url;
  const { id } = await stack.start({ source: source.url, destination, options });
  return id;
}

/** The calls to the destination since the copy was started, in their order. */
function callsAfterStart({ local }: TestStack): string[] {
  const calls = local.emulator.requests.filter(({ url }) => url.includes("/archive/film.mp4"));
  const operations = calls.map(({ operation }) => operation);
  return operations.slice(operations.lastIndexOf("CopyBlob") + 1);
}

test.each([
  { length: 1, isRead: true },
  { length: maxQuickBytes, isRead: true },
  { length: maxQuickBytes + 1, isRead: false },
])("a copy of $length bytes is read by its start: $isRead", async ({ length, isRead }) => {
  const stack = await startStack({ copies: { bytesPerSecond: Infinity } });
  const id = await request(stack, length);
  expect(callsAfterStart(stack)).toEqual(isRead ? ["GetBlobProperties"] : []);
  expect(await stack.get(id)).toMatchObject({ status: isRead ? "succeeded" : "copying" });
  expect(await stack.untilEnded(id)).toMatchObject({
    status: "succeeded",
    progress: { bytesCopied: length },
    error: null,
  });
});

test("a small copy that is still pending is polled like any other", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 10 } });
  const id = await request(stack, 100);
  expect(callsAfterStart(stack)).toEqual(["GetBlobProperties"]);
  expect(await stack.get(id)).toMatchObject({ status: "copying", copyId: expect.any(String) });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
});

test("a small copy that is still pending can be aborted", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 0 } });
  const id = await request(stack, 100);
  await stack.call("POST", `/copies/${id}/abort`);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  expect(await stack.blob("archive/film.mp4").exists()).toBe(false);
});

/** Before the first read of the destination after the start: `work`; true if the read must fail. */
function beforeFirstRead({ local: { emulator } }: TestStack, work: () => boolean): void {
  let isDone = false;
  emulator.faults.add({
    operation: "GetBlobProperties",
    match: ({ target }) => {
      const isStarted = emulator.requests.some(({ operation }) => operation === "CopyBlob");
      if (isDone || !isStarted || !target.includes("/archive/film.mp4")) return false;
      isDone = true;
      return work();
    },
    do: { response: { status: 503, code: "ServerBusy" } },
  });
}

test("a small copy that has failed when its start reads it is reported as failed, and its empty blob is removed", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 0 } });
  beforeFirstRead(stack, () => {
    stack.local.emulator.copies.fail({ container: "archive", blob: "film.mp4" });
    return false;
  });
  const id = await request(stack, 100);
  expect(await stack.get(id)).toMatchObject({ status: "failed", residue: [] });
  expect(await stack.blob("archive/film.mp4").exists()).toBe(false);
});

test("a small copy whose read fails is polled like any other", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: Infinity } });
  beforeFirstRead(stack, () => true);
  const id = await request(stack, 100);
  expect(await stack.get(id)).toMatchObject({ status: "copying" });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
});

test("a small copy with rollback that is complete when its start reads it leaves no snapshot", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: Infinity } });
  await stack.upload("archive/film.mp4", "former");
  const id = await request(stack, 100, { overwrite: "always", rollback: "snapshot" });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", residue: [] });
  const blobs = stack.container("archive").listBlobsFlat({ includeSnapshots: true });
  const names: string[] = [];
  for await (const { snapshot } of blobs) names.push(snapshot ?? "base");
  expect(names).toEqual(["base"]);
});
