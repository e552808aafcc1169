import type { BlockBlobClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { hour, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/*
 * The start of a single copy gets a response that does not show whether Storage has started it. Then the source is
 * written with other content of the same length.
 */

const minute = 60_000;
const length = 10_000_000;
const first = "version 1";
const second = "version 2";

async function setStage({ slow = false, former = null as string | null } = {}) {
  const finishOnStart = slow ? "never" : "always";
  const stack = await startStack({ copies: { finishOnStart, bytesPerSecond: 10_000 } });
  const source = await stack.upload("inbox/a.txt", slow ? Buffer.alloc(length, 1) : first);
  const target = await stack.upload("archive/a.txt", former ?? "");
  if (former === null) await target.delete();
  await stack.clock.advance(hour);
  return { stack, source, target };
}

const isStart = ({ target }: { target: string }) => target.includes("/archive/a.txt");

/** Storage does not execute the start, and its next attempt is due after these seconds. */
function refuseStart(stack: TestStack, retryAfter = 600) {
  const headers = { "retry-after": `${retryAfter}` };
  const response = { status: 500, code: "InternalError", headers };
  stack.local.emulator.faults.add({
    operation: "CopyBlob",
    match: isStart,
    times: 1,
    do: { response },
  });
}

/**
 * Storage executes the start, and sends no response. Ferry cannot read the destination until the returned function is
 * called.
 */
function loseStart(stack: TestStack) {
  const { faults } = stack.local.emulator;
  let isSent = false;
  faults.add({
    operation: "CopyBlob",
    match: (request) => isStart(request) && (isSent = true),
    times: 1,
    do: "lose response",
  });
  const headers = { "retry-after": "300" };
  return faults.add({
    operation: "GetBlobProperties",
    match: (request) => isSent && isStart(request),
    do: { response: { status: 503, code: "ServerBusy", headers } },
  });
}

async function contentOf(blob: BlockBlobClient) {
  return (await blob.downloadToBuffer()).toString();
}

async function copyBy(client: BlockBlobClient, source: BlockBlobClient) {
  await (await client.beginCopyFromURL(source.url)).pollUntilDone();
  return (await client.getProperties()).copyId;
}

type Conditional = { isPlanned?: true; isFormer?: true; overwrite?: string; rollback?: string };

test.each<[string, string | null, Conditional, string]>([
  ["overwrite: fail", null, {}, "destination-exists"],
  ["a condition on the source", null, { isPlanned: true }, "condition-not-met"],
  [
    "a condition on the destination, and rollback",
    "former content",
    { isFormer: true, overwrite: "always", rollback: "snapshot" },
    "condition-not-met",
  ],
])(
  "a copy with %s does not mistake another client's later copy of a newer version for its own",
  async (_, former, { isPlanned = false, isFormer = false, ...more }, cause) => {
    const { stack, source, target } = await setStage({ former });
    const etagOf = async (blob: BlockBlobClient) => (await blob.getProperties()).etag;
    const options = {
      ...more,
      ...(isPlanned && { sourceConditions: { ifMatch: await etagOf(source) } }),
      ...(isFormer && { destinationConditions: { ifMatch: await etagOf(target) } }),
    };
    refuseStart(stack);
    const { id } = await stack.start({ source: source.url, destination: target.url, options });
    await stack.clock.advance(6 * minute);
    expect(await stack.get(id)).toMatchObject({ copyId: null, completedAt: null });
    await source.uploadData(Buffer.from(second));
    const foreign = await copyBy(target, source);
    expect(await stack.untilEnded(id)).toMatchObject({
      status: "failed",
      copyId: null,
      error: { cause },
      residue: [],
    });
    expect((await target.getProperties()).copyId).toBe(foreign);
    expect(await contentOf(target)).toBe(second);
  },
);

test("a copy with overwrite: always is started again, and copies the newer version itself", async () => {
  const { stack, source, target } = await setStage({ former: "former content" });
  refuseStart(stack);
  const options = { overwrite: "always" };
  const { id } = await stack.start({ source: source.url, destination: target.url, options });
  await stack.clock.advance(6 * minute);
  await source.uploadData(Buffer.from(second));
  const foreign = await copyBy(target, source);
  const copy = await stack.untilEnded(id);
  expect(copy).toMatchObject({ status: "succeeded", residue: [] });
  expect(copy.copyId).not.toBe(foreign);
  expect(await contentOf(target)).toBe(second);
});

test("the abort of an unclear start leaves another client's later copy of a newer version", async () => {
  const { stack, source, target } = await setStage();
  refuseStart(stack);
  const { id } = await stack.start({ source: source.url, destination: target.url });
  await stack.clock.advance(2 * minute);
  await source.uploadData(Buffer.from(second));
  await copyBy(target, source);
  expect((await stack.call("POST", `/copies/${id}/abort`)).status).toBe(202);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted", copyId: null });
  expect(await contentOf(target)).toBe(second);
});

test("a copy that completed without a response finds its own copy, although its source was written since", async () => {
  const { stack, source, target } = await setStage();
  const serve = loseStart(stack);
  const { id } = await stack.start({ source: source.url, destination: target.url });
  expect(await stack.get(id)).toMatchObject({ copyId: null, completedAt: null });
  await stack.clock.advance(minute);
  await source.uploadData(Buffer.from(second));
  serve();
  const { copyId } = await target.getProperties();
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", copyId });
  expect(await contentOf(target)).toBe(first);
});

test("a copy of a source without Content-MD5 finds its own copy, although its source was written since", async () => {
  const { stack, source, target } = await setStage();
  const write = async (content: string) => {
    await source.stageBlock("AAAA", content, content.length);
    await source.commitBlockList(["AAAA"]);
  };
  await write(first);
  expect((await source.getProperties()).contentMD5).toBeUndefined();
  const serve = loseStart(stack);
  const { id } = await stack.start({ source: source.url, destination: target.url });
  await stack.clock.advance(minute);
  await write(second);
  serve();
  const { copyId } = await target.getProperties();
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", copyId });
  expect(await contentOf(target)).toBe(first);
});

test("a copy that is found while it is pending and completes with a newer version is superseded, and its content stays", async () => {
  const { stack, source, target } = await setStage({ slow: true });
  refuseStart(stack, 30);
  const { id } = await stack.start({ source: source.url, destination: target.url });
  await source.uploadData(Buffer.alloc(length, 2));
  await target.beginCopyFromURL(source.url);
  const copy = await stack.untilEnded(id);
  expect(copy).toMatchObject({ status: "failed", error: { cause: "superseded" }, residue: [] });
  expect(copy.error.message).toContain("its Content-MD5 is not that of the planned source");
  expect((await target.downloadToBuffer()).at(-1)).toBe(2);
});
