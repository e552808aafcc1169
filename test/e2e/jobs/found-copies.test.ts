import { PageBlobClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import {
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

/** The job's first start is unclear. The second is not served, and the third is due in 30 s. */
function loseStarts(stack: TestStack) {
  const rule = {
    operation: "CopyBlob",
    match: ({ target }: { target: string }) => target.includes("/archive/a.txt"),
    times: 1,
  } as const;
  const unclear = { response: { status: 500, code: "InternalError" } };
  const headers = { "retry-after": "30" };
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
