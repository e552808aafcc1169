import { expect, test } from "vitest";
import { getJob, placeUrl, startJob, untilJobEnded } from "../../support/jobs/stack-jobs.ts";
import { createStackFiles } from "../../support/stack/stack-files.ts";
import { hour, secondAccount, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/*
 * The start of a single copy gets a response that does not show whether Storage has started it. Before Ferry starts it
 * again, another writer copies the same source onto the same destination.
 */

const minute = 60_000;
const length = 10_000_000;
const later = "version 2, which is longer";

async function setStage({ former = null as string | null, account = "", slow = false } = {}) {
  const finishOnStart = slow ? "never" : "always";
  const secure = account !== "";
  const stack = await startStack({ secure, copies: { finishOnStart, bytesPerSecond: 10_000 } });
  const from = account === "" ? undefined : account;
  const content = slow ? Buffer.alloc(length) : "version 1";
  const source = await stack.upload("inbox/a.txt", content, from);
  if (former !== null) await stack.upload("archive/a.txt", former);
  await stack.clock.advance(hour);
  return { stack, source };
}

function loseStart(stack: TestStack) {
  stack.local.emulator.faults.add({
    operation: "CopyBlob",
    match: ({ target }) => target.includes("/archive/a.txt"),
    times: 1,
    do: { response: { status: 500, code: "InternalError" } },
  });
}

async function startCopy(stack: TestStack, source: string, options = {}) {
  loseStart(stack);
  return await stack.start({ source, destination: stack.blob("archive/a.txt").url, options });
}

async function runJob(stack: TestStack, account?: string) {
  const source = placeUrl(stack, "inbox/", account);
  const destination = placeUrl(stack, "archive/");
  const job = await startJob(stack, { source, destination, options: { overwrite: "always" } });
  expect(await untilJobEnded(stack, job.id)).toMatchObject({ status: "succeeded" });
  return job.id;
}

async function content(stack: TestStack) {
  return (await stack.blob("archive/a.txt").downloadToBuffer()).toString();
}

async function listSnapshots(stack: TestStack) {
  const times: string[] = [];
  const blobs = stack.container("archive").listBlobsFlat({ includeSnapshots: true });
  for await (const { snapshot } of blobs) if (snapshot) times.push(snapshot);
  return times;
}

const always = { overwrite: "always" };
test.each([
  ["a job", null, {}, "failed"],
  ["a job", "former content", { ...always, rollback: "snapshot" }, "succeeded"],
  ["a job", "former content", always, "succeeded"],
  ["another client", null, {}, "failed"],
  ["another client", "former content", { ...always, rollback: "snapshot" }, "succeeded"],
  ["another client", "former content", always, "succeeded"],
])(
  "content that %s has copied from a newer version of the source stays (former content: %s, options: %o)",
  async (writer, former, options, status) => {
    const { stack, source } = await setStage({ former });
    const { id } = await startCopy(stack, source.url, options);
    await source.uploadData(Buffer.from(later));
    const job = writer === "a job" ? await runJob(stack) : null;
    if (job === null) {
      await (await stack.blob("archive/a.txt").beginCopyFromURL(source.url)).pollUntilDone();
    }
    const copy = await stack.untilEnded(id);
    expect(copy).toMatchObject({ status, residue: [] });
    if (status === "failed") expect(copy.error).toMatchObject({ cause: "destination-exists" });
    expect(await content(stack)).toBe(later);
    expect(await listSnapshots(stack)).toEqual([]);
    if (job !== null) expect(await getJob(stack, job)).toMatchObject({ status: "succeeded" });
  },
);

test("content that a job has copied from another account stays", async () => {
  const { stack, source } = await setStage({ account: secondAccount });
  const { id } = await startCopy(stack, source.url);
  await source.uploadData(Buffer.from(later));
  await runJob(stack, secondAccount);
  expect(await stack.untilEnded(id)).toMatchObject({
    status: "failed",
    error: { cause: "destination-exists" },
    residue: [],
  });
  expect(await content(stack)).toBe(later);
});

test.each([null, "former content"])(
  "content that another client has copied from a newer version of a file stays (former content: %s)",
  async (former) => {
    const stack = await startStack({ copies: { finishOnStart: "always" } });
    const files = createStackFiles(stack);
    const file = await files.upload("drop/a.txt", Buffer.from("version 1"));
    const target = await stack.upload("archive/a.txt", former ?? "");
    if (former === null) await target.delete();
    const source = files.sas(file);
    const rollback = former === null ? {} : { overwrite: "always", rollback: "snapshot" };
    const { id } = await startCopy(stack, source, rollback);
    await files.upload("drop/a.txt", Buffer.from(later));
    await (await target.beginCopyFromURL(source)).pollUntilDone();
    // The start of a file is not conditional on its content, so the copy can be Ferry's.
    const copy = await stack.untilEnded(id);
    expect(copy).toMatchObject({ status: "failed", error: { cause: "superseded" } });
    expect(await content(stack)).toBe(later);
    expect(await listSnapshots(stack)).toHaveLength(former === null ? 0 : 1);
    expect(copy.residue).toEqual(
      former === null ? [] : [expect.stringContaining("is still in its snapshot")],
    );
  },
);

/** A start that Storage executes, and whose response is lost, while a job writes to the same container. */
async function loseResponse(stack: TestStack, source: string, options = {}) {
  await stack.upload("other/b.bin", Buffer.alloc(length));
  const places = { source: placeUrl(stack, "other/"), destination: placeUrl(stack, "archive/") };
  const job = await startJob(stack, places);
  expect(await getJob(stack, job.id)).toMatchObject({ objects: { pending: 1 } });
  stack.local.emulator.faults.add({
    operation: "CopyBlob",
    match: ({ target }) => target.includes("/archive/a.txt"),
    times: 1,
    do: "lose response",
  });
  return await stack.start({ source, destination: stack.blob("archive/a.txt").url, options });
}

test("a copy whose start got no response finds its own copy although a job writes to the same container", async () => {
  const { stack, source } = await setStage({ slow: true });
  const { id } = await loseResponse(stack, source.url);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", residue: [] });
});

test("its abort aborts its own copy although a job writes to the same container", async () => {
  const { stack, source } = await setStage({ slow: true });
  const { id } = await loseResponse(stack, source.url);
  expect((await stack.call("POST", `/copies/${id}/abort`)).status).toBe(202);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  expect(await stack.blob("archive/a.txt").exists()).toBe(false);
});

test("its rollback restores the former content although a job writes to the same container", async () => {
  const { stack, source } = await setStage({ former: "former content", slow: true });
  const { id } = await loseResponse(stack, source.url, {
    overwrite: "always",
    rollback: "snapshot",
  });
  await stack.clock.advance(10_000);
  stack.local.emulator.copies.fail({ container: "archive", blob: "a.txt" });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "failed", residue: [] });
  expect(await content(stack)).toBe("former content");
});

test.each([
  { metadata: { case: "42" } },
  { tier: "Cool" },
  { legalHold: true },
  { immutabilityPolicy: { mode: "Unlocked", until: "2027-01-01T00:00:00Z" } },
])(
  "a copy without the requested options is not treated as the requested one: %o",
  async (options) => {
    const { stack, source } = await setStage();
    const { id } = await startCopy(stack, source.url, options);
    await (await stack.blob("archive/a.txt").beginCopyFromURL(source.url)).pollUntilDone();
    expect(await stack.untilEnded(id)).toMatchObject({
      status: "failed",
      error: { cause: "destination-exists" },
    });
  },
);

test("a copy that another client begins long after the start is not treated as Ferry's", async () => {
  const { stack, source } = await setStage({ slow: true });
  stack.local.emulator.faults.add({
    operation: "CopyBlob",
    match: ({ target }) => target.includes("/archive/a.txt"),
    times: 1,
    do: { response: { status: 500, code: "InternalError", headers: { "retry-after": "600" } } },
  });
  const destination = stack.blob("archive/a.txt");
  const { id } = await stack.start({ source: source.url, destination: destination.url });
  await stack.clock.advance(2 * minute);
  expect(await stack.get(id)).toMatchObject({ copyId: null, completedAt: null });
  await destination.beginCopyFromURL(source.url);
  expect(await stack.untilEnded(id)).toMatchObject({
    status: "failed",
    error: { cause: "destination-busy" },
  });
  expect(await destination.getProperties()).toMatchObject({ copyStatus: "pending" });
});
