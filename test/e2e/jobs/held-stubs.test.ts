import { expect, test } from "vitest";
import { getJob, placeUrl, startJob, untilJobEnded } from "../../support/jobs/stack-jobs.ts";
import { hour, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/*
 * A single copy with `rollback: "snapshot"` has failed in Storage, and Ferry has not polled it yet: the destination is
 * the empty blob that it left, and its content is in a snapshot. Another writer writes to the destination.
 */

const where = { container: "archive", blob: "a.txt" };
const length = 10_000_000;

async function setStage() {
  const stack = await startStack({ copies: { finishOnStart: "never", bytesPerSecond: 10_000 } });
  await stack.upload("other/a.txt", "the job's");
  await stack.clock.advance(hour);
  const target = await stack.upload("archive/a.txt", "former content");
  await stack.clock.advance(hour);
  const source = await stack.upload("inbox/a.txt", Buffer.alloc(length));
  return { stack, target, source };
}

/** Starts the single copy. */
async function startCopy(stack: TestStack) {
  const [source, target] = [stack.blob("inbox/a.txt"), stack.blob("archive/a.txt")];
  const options = { overwrite: "always", rollback: "snapshot" };
  return await stack.start({ source: source.url, destination: target.url, options });
}

function otherJob(stack: TestStack, overwrite: string) {
  const [source, destination] = [placeUrl(stack, "other/"), placeUrl(stack, "archive/")];
  return { source, destination, options: { overwrite } };
}

async function listSnapshots(stack: TestStack) {
  const times: string[] = [];
  const blobs = stack.container("archive").listBlobsFlat({ includeSnapshots: true });
  for await (const { snapshot } of blobs) if (snapshot) times.push(snapshot);
  return times;
}

async function expectRestored(stack: TestStack, id: string) {
  expect(await stack.untilEnded(id)).toMatchObject({ status: "failed", residue: [] });
  const text = (await stack.blob("archive/a.txt").downloadToBuffer()).toString();
  expect(text).toBe("former content");
  expect(await listSnapshots(stack)).toEqual([]);
}

test.each(["fail", "skip", "if-newer", "always"])(
  "a job with overwrite %s does not start onto the empty blob of a copy that is about to restore the content",
  async (overwrite) => {
    const { stack } = await setStage();
    const { id } = await startCopy(stack);
    stack.local.emulator.copies.fail(where);
    const job = await startJob(stack, otherJob(stack, overwrite));
    expect(await untilJobEnded(stack, job.id)).toMatchObject({
      status: "failed",
      objects: { copied: 0, failed: 1 },
      failedByCause: { "destination-busy": 1 },
    });
    await expectRestored(stack, id);
  },
);

test.each(["fail", "skip", "if-newer", "always"])(
  "a job with overwrite %s starts onto the empty blob of a copy that has ended",
  async (overwrite) => {
    const { stack, target, source } = await setStage();
    const options = { overwrite: "always" };
    const { id } = await stack.start({ source: source.url, destination: target.url, options });
    stack.local.emulator.copies.fail(where);
    expect(await stack.untilEnded(id)).toMatchObject({ status: "failed" });
    const job = await startJob(stack, otherJob(stack, overwrite));
    expect(await untilJobEnded(stack, job.id)).toMatchObject({
      status: "succeeded",
      objects: { copied: 1 },
    });
    expect((await target.downloadToBuffer()).toString()).toBe("the job's");
  },
);

test("a job with overwrite always does not start onto such an empty blob that appeared after its plan", async () => {
  const { stack } = await setStage();
  const busy = { status: 503, code: "ServerBusy", headers: { "retry-after": "30" } };
  const match = ({ target }: { target: string }) => target.includes("/archive/a.txt");
  stack.local.emulator.faults.add({
    operation: "CopyBlob",
    match,
    times: 1,
    do: { response: busy },
  });
  const job = await startJob(stack, otherJob(stack, "always"));
  expect(await getJob(stack, job.id)).toMatchObject({ objects: { planned: 1, remaining: 1 } });
  const { id } = await startCopy(stack);
  await stack.clock.advance(29_999);
  stack.local.emulator.copies.fail(where);
  expect(await untilJobEnded(stack, job.id)).toMatchObject({
    status: "failed",
    failedByCause: { "destination-busy": 1 },
  });
  await expectRestored(stack, id);
});

test("a copy whose empty blob another client's copy has overwritten keeps its snapshot and names it", async () => {
  const { stack, target } = await setStage();
  const { id } = await startCopy(stack);
  stack.local.emulator.copies.fail(where);
  await target.beginCopyFromURL(stack.blob("other/a.txt").url);
  const copy = await stack.untilEnded(id);
  const [snapshot = "none", ...others] = await listSnapshots(stack);
  expect(others).toEqual([]);
  expect(copy).toMatchObject({ status: "failed", error: { cause: "superseded" } });
  expect(copy.residue).toEqual([
    `The destination's former content is still in its snapshot ${snapshot}, because another copy has overwritten what the unsuccessful copy left`,
  ]);
  const kept = await target.withSnapshot(snapshot).downloadToBuffer();
  expect(kept.toString()).toBe("former content");
});

test("a copy whose empty blob another client has written deletes its snapshot", async () => {
  const { stack, target } = await setStage();
  const { id } = await startCopy(stack);
  stack.local.emulator.copies.fail(where);
  await target.upload("newer content", 13);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "failed", residue: [] });
  expect(await listSnapshots(stack)).toEqual([]);
  expect((await target.downloadToBuffer()).toString()).toBe("newer content");
});
