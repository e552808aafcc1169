import { ContainerClient, PageBlobClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import {
  getJob,
  inboxJob,
  placeUrl,
  startJob,
  untilJob,
  untilJobEnded,
} from "../../support/jobs/stack-jobs.ts";
import { firstAccount, secondAccount, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/*
 * The start of a job's object gets a response that does not show whether Storage has started it. Before the job starts
 * it again, a single copy of Ferry copies the same source onto the same destination.
 */

const as = (id: string) => ({
  "x-ms-client-principal-id": id,
  "x-ms-client-principal-idp": "aad",
});
const slow = { finishOnStart: "never", bytesPerSecond: 10_000 } as const;

/** The job's first start is unclear. The second is not served, and the third is due after these seconds. */
function loseStarts(
  stack: TestStack,
  operation: "CopyBlob" | "CopyBlobFromUrl" = "CopyBlob",
  retryAfter = 30,
) {
  const rule = {
    operation,
    match: ({ target }: { target: string }) => target.includes("/archive/a.txt"),
    times: 1,
  } as const;
  const unclear = { response: { status: 500, code: "InternalError" } };
  const headers = { "retry-after": `${retryAfter}` };
  const busy = { response: { status: 503, code: "ServerBusy", headers } };
  stack.local.emulator.faults.add({ ...rule, do: unclear });
  stack.local.emulator.faults.add({ ...rule, do: busy });
}

async function uploadPageBlob(stack: TestStack, account: string) {
  await stack.upload("inbox/other", "", account);
  await stack.blob("inbox/other", account).delete();
  const { url, credential } = stack.blob("inbox/a.txt", account);
  await new PageBlobClient(url, credential).create(512 * 10_000);
  return url;
}

test.each([
  ["the same account", firstAccount],
  ["another account", secondAccount],
])(
  "a job does not treat a single copy's pending copy as its own, so its abort leaves that copy: %s",
  async (_, account) => {
    const stack = await startStack({ secure: account !== firstAccount, copies: slow });
    // A page blob is copied with Copy Blob, with a SAS that Ferry signs.
    const source = await uploadPageBlob(stack, account);
    loseStarts(stack);
    const job = await startJob(
      stack,
      inboxJob(stack, { source: placeUrl(stack, "inbox/", account) }),
    );
    const destination = stack.blob("archive/a.txt");
    const { id } = await stack.start({ source, destination: destination.url });
    const { copyId } = await stack.get(id);
    expect(copyId).not.toBeNull();
    await untilJob(stack, job.id, ({ objects }) => objects.pending + objects.failed > 0, 5);
    await stack.call("POST", `/jobs/${job.id}/abort`);
    expect(await untilJobEnded(stack, job.id)).toMatchObject({
      objects: { copied: 0, failed: 1 },
      failedByCause: { "destination-exists": 1 },
    });
    expect(await stack.untilEnded(id)).toMatchObject({
      status: "succeeded",
      copyId,
      abortRequested: false,
    });
  },
);

test("a caller who aborts a job does not abort another caller's copy, which that caller cannot read", async () => {
  const environment = { WEBSITE_AUTH_ENABLED: "true" };
  const stack = await startStack({ copies: slow, environment });
  const source = await stack.upload("inbox/a.txt", Buffer.alloc(10_000_000));
  loseStarts(stack);
  const job = await startJob(stack, inboxJob(stack), as("ann"));
  const destination = stack.blob("archive/a.txt").url;
  const { id } = await stack.start({ source: source.url, destination }, as("bob"));
  const read = await stack.call("GET", `/copies/${id}`, { headers: as("ann") });
  expect(read.status).toBe(404);
  await stack.clock.advance(40_000);
  await stack.call("POST", `/jobs/${job.id}/abort`, { headers: as("ann") });
  await stack.clock.advance(120_000);
  expect(await stack.untilEnded(id, 24, as("bob"))).toMatchObject({ status: "succeeded" });
});

test.each([{ metadata: { case: "42" } }, { tier: "Cool" }])(
  "a job does not report a copy without its options as its own: %o",
  async (options) => {
    const stack = await startStack({ copies: { finishOnStart: "always" } });
    const source = await stack.upload("inbox/a.txt", "content");
    loseStarts(stack);
    const job = await startJob(stack, inboxJob(stack, { options }));
    const destination = stack.blob("archive/a.txt").url;
    const { id } = await stack.start({ source: source.url, destination });
    expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
    expect(await untilJobEnded(stack, job.id)).toMatchObject({
      status: "failed",
      failedByCause: { "destination-exists": 1 },
    });
  },
);

const minute = 60_000;

/** Any client can copy from it without a SAS, which its copy would show. */
async function createPublicContainer(stack: TestStack, account: string) {
  const { url, credential } = stack.blob("inbox/a.txt", account);
  await new ContainerClient(url.replace("/a.txt", ""), credential).create({ access: "blob" });
}

test.each([
  ["Copy Blob", "CopyBlob", firstAccount],
  ["Copy Blob From URL", "CopyBlobFromUrl", secondAccount],
] as const)(
  "a job does not report another client's copy of a newer version as its own: %s",
  async (_, operation, account) => {
    const stack = await startStack({
      secure: account !== firstAccount,
      copies: { finishOnStart: "always" },
    });
    await createPublicContainer(stack, account);
    const source = await stack.upload("inbox/a.txt", "version 1", account);
    loseStarts(stack, operation, 600);
    const job = await startJob(
      stack,
      inboxJob(stack, { source: placeUrl(stack, "inbox/", account) }),
    );
    await stack.clock.advance(minute);
    await source.uploadData(Buffer.from("version 2"));
    const target = await stack.upload("archive/a.txt", "");
    await (await target.beginCopyFromURL(source.url)).pollUntilDone();
    expect(await untilJobEnded(stack, job.id)).toMatchObject({
      status: "failed",
      objects: { copied: 0, failed: 1 },
      failedByCause: { "source-changed": 1 },
    });
    expect((await target.downloadToBuffer()).toString()).toBe("version 2");
  },
);

test("a job does not report a pending copy that it found as copied if that completes with a newer version", async () => {
  const stack = await startStack({ copies: slow });
  const source = await stack.upload("inbox/a.txt", Buffer.alloc(10_000_000, 1));
  const target = await stack.upload("archive/a.txt", "");
  await target.delete();
  loseStarts(stack);
  const job = await startJob(stack, inboxJob(stack));
  await source.uploadData(Buffer.alloc(10_000_000, 2));
  await target.beginCopyFromURL(source.url);
  const end = await untilJobEnded(stack, job.id);
  expect(end).toMatchObject({ status: "failed", failedByCause: { superseded: 1 } });
  expect(JSON.stringify(end.failures)).toContain("Content-MD5 is not that of the planned source");
  expect((await target.downloadToBuffer()).at(-1)).toBe(2);
});

/** Writes a blob in blocks; Storage then has no Content-MD5 of it. */
async function writeBlocks(stack: TestStack, content: string) {
  const source = await stack.upload("inbox/a.txt", "", secondAccount);
  await source.stageBlock("AAAA", content, content.length);
  await source.commitBlockList(["AAAA"]);
  return source;
}

test("a job does not report a copy that ended long after its start by Copy Blob From URL as its own", async () => {
  const stack = await startStack({ secure: true, copies: { finishOnStart: "always" } });
  await createPublicContainer(stack, secondAccount);
  const source = await writeBlocks(stack, "version 1");
  loseStarts(stack, "CopyBlobFromUrl", 3_600);
  const job = await startJob(
    stack,
    inboxJob(stack, { source: placeUrl(stack, "inbox/", secondAccount) }),
  );
  await stack.clock.advance(30 * minute);
  const target = await stack.upload("archive/a.txt", "");
  await (await target.beginCopyFromURL(source.url)).pollUntilDone();
  expect(await untilJobEnded(stack, job.id)).toMatchObject({
    status: "failed",
    failedByCause: { "destination-exists": 1 },
  });
});

test.each([
  [
    "with a Content-MD5",
    (stack: TestStack, content: string) => stack.upload("inbox/a.txt", content, secondAccount),
  ],
  ["without a Content-MD5", writeBlocks],
])("a job finds its own copy, although its source was written since: %s", async (_, write) => {
  const stack = await startStack({ secure: true, copies: { finishOnStart: "always" } });
  await write(stack, "version 1");
  const rule = {
    operation: "CopyBlobFromUrl",
    match: ({ target }: { target: string }) => target.includes("/archive/a.txt"),
    times: 1,
  } as const;
  stack.local.emulator.faults.add({ ...rule, do: "lose response" });
  const headers = { "retry-after": "3600" };
  const busy = { response: { status: 503, code: "ServerBusy", headers } };
  stack.local.emulator.faults.add({ ...rule, do: busy });
  const job = await startJob(
    stack,
    inboxJob(stack, { source: placeUrl(stack, "inbox/", secondAccount) }),
  );
  await stack.clock.advance(30 * minute);
  expect(await getJob(stack, job.id)).toMatchObject({ objects: { copied: 0 } });
  await write(stack, "version 2");
  expect(await untilJobEnded(stack, job.id)).toMatchObject({
    status: "succeeded",
    objects: { copied: 1 },
  });
  const copied = await stack.blob("archive/a.txt").downloadToBuffer();
  expect(copied.toString()).toBe("version 1");
});
