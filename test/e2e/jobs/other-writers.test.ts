import { expect, test } from "vitest";
import {
  getJob,
  inboxJob,
  placeUrl,
  startJob,
  untilJobEnded,
} from "../../support/jobs/stack-jobs.ts";
import { inboxRoutes } from "../../support/stack/events.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/*
 * A job whose container also receives single copies, copies of a route and writes of another client: each overwrites
 * content only as its own options allow.
 */

const immediately = { copies: { finishOnStart: "always" } } as const;

/** Between the plan and the first start, the emulator runs `write` once. */
function beforeFirstStart(stack: TestStack, write: () => Promise<unknown>) {
  let isDone = false;
  const { faults } = stack.local.emulator;
  const remove = faults.add({
    operation: "CopyBlob",
    match: ({ target }) => target.includes("/archive/a.txt") && !isDone,
    times: 1,
    do: { response: { status: 503, code: "ServerBusy", headers: { "retry-after": "30" } } },
  });
  return async () => {
    isDone = true;
    await write();
    remove();
  };
}

const modes = [
  { overwrite: "fail", status: "failed", copied: 0, text: "another writer's" },
  { overwrite: "skip", status: "succeeded", copied: 0, text: "another writer's" },
  { overwrite: "if-newer", status: "succeeded", copied: 0, text: "another writer's" },
  { overwrite: "always", status: "succeeded", copied: 1, text: "source" },
] as const;

test.each(modes)(
  "a blob that appears after the plan, with overwrite $overwrite: $status",
  async ({ overwrite, status, copied, text }) => {
    const stack = await startStack(immediately);
    await stack.upload("inbox/a.txt", "source");
    await stack.clock.advance(60_000);
    const write = beforeFirstStart(stack, () => stack.upload("archive/a.txt", "another writer's"));
    const { id } = await startJob(stack, inboxJob(stack, { options: { overwrite } }));
    expect(await getJob(stack, id)).toMatchObject({ objects: { planned: 1, copied: 0 } });
    await write();
    const job = await untilJobEnded(stack, id);
    expect(job).toMatchObject({ status, objects: { copied } });
    expect((await stack.blob("archive/a.txt").downloadToBuffer()).toString()).toBe(text);
  },
);

test("another client's copy of the same source is not the job's", async () => {
  const stack = await startStack(immediately);
  const source = await stack.upload("inbox/a.txt", "source");
  const write = beforeFirstStart(stack, () =>
    stack.blob("archive/a.txt").beginCopyFromURL(source.url),
  );
  const { id } = await startJob(stack, inboxJob(stack));
  await write();
  expect(await untilJobEnded(stack, id)).toMatchObject({
    status: "failed",
    failedByCause: { "destination-exists": 1 },
  });
});

test("a single copy with ifBusy replace does not abort a job's pending copy", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 0 } });
  await stack.upload("inbox/a.txt", "source");
  const other = await stack.upload("inbox2/b.txt", "other");
  const { id } = await startJob(stack, inboxJob(stack));
  const { copyId } = await stack.blob("archive/a.txt").getProperties();
  const copy = await stack.start({
    source: other.url,
    destination: stack.blob("archive/a.txt").url,
    options: { overwrite: "always", ifBusy: "replace" },
  });
  await stack.clock.advance(60_000);
  expect(await stack.blob("archive/a.txt").getProperties()).toMatchObject({
    copyId,
    copyStatus: "pending",
  });
  expect(await stack.get(copy.id)).toMatchObject({ completedAt: null });
  await stack.call("POST", `/copies/${copy.id}/abort`);
  await stack.untilEnded(copy.id);
  stack.local.emulator.copies.finish({ container: "archive", blob: "a.txt" });
  expect(await untilJobEnded(stack, id)).toMatchObject({ status: "succeeded" });
});

test("single copies, a route and another client write into the container of a job at the same time", async () => {
  const stack = await startStack({
    copies: { finishOnStart: "never", bytesPerSecond: 4 },
    settings: inboxRoutes({ source: "http://127.0.0.1:10000/devstoreaccount1/routed" }),
    events: {},
  });
  const names = Array.from({ length: 12 }, (_, index) => `${index}.txt`);
  for (const name of names) await stack.upload(`inbox/${name}`, `job ${name}`);
  const { id } = await startJob(stack, inboxJob(stack, { options: { overwrite: "skip" } }));
  const single = await stack.upload("other/1.txt", "single");
  const { id: copyId } = await stack.start({
    source: single.url,
    destination: stack.blob("archive/1.txt").url,
    options: { overwrite: "skip" },
  });
  await stack.upload("routed/2.txt", "routed");
  await stack.upload("archive/foreign.txt", "foreign");
  const job = await untilJobEnded(stack, id);
  await stack.untilEnded(copyId);
  await stack.clock.advance(3_600_000);
  // The route may overwrite a copy of the job before the job has polled it.
  const { copied, skipped } = job.objects;
  const { superseded = 0, ...others } = job.failedByCause;
  expect(copied + skipped + superseded).toBe(12);
  expect(others).toEqual({});
  const text = async (path: string) => (await stack.blob(path).downloadToBuffer()).toString();
  expect(await text("archive/foreign.txt")).toBe("foreign");
  expect(["job 1.txt", "single"]).toContain(await text("archive/1.txt"));
  // The route overwrites; the job does not.
  expect(await text("archive/2.txt")).toBe("routed");
  expect(await text("archive/7.txt")).toBe("job 7.txt");
});

const busy = [
  { status: 503, code: "ServerBusy" },
  { status: 429, code: "TooManyRequests" },
];

test.each(busy)(
  "$status $code slows the job down, is reported, and fails no object",
  async (response) => {
    const stack = await startStack(immediately);
    for (let index = 0; index < 10; index++) await stack.upload(`inbox/${index}.txt`, "content");
    stack.local.emulator.faults.add({
      operation: "CopyBlob",
      times: 6,
      do: { response: { ...response, headers: { "retry-after": "20" } } },
    });
    const { id } = await startJob(stack, inboxJob(stack, { concurrency: 8 }));
    const slowed = await getJob(stack, id);
    expect(slowed).toMatchObject({ status: "running", objects: { failed: 0 } });
    expect(slowed.throttling.calls).toBeGreaterThan(0);
    expect(slowed.throttling.concurrency).toBeLessThan(8);
    expect(slowed.throttling.pausedUntil).toBe(new Date(stack.clock.now() + 20_000).toISOString());
    const job = await untilJobEnded(stack, id);
    expect(job).toMatchObject({ status: "succeeded", objects: { copied: 10, failed: 0 } });
    expect(job.throttling.calls).toBe(6);
  },
);

test("more failed objects than maxFailures stop the job", async () => {
  const stack = await startStack(immediately);
  for (let index = 0; index < 6; index++) {
    await stack.upload(`inbox/${index}.txt`, "content");
    await stack.upload(`archive/${index}.txt`, "exists");
  }
  const { id } = await startJob(stack, inboxJob(stack, { maxFailures: 2 }));
  expect(await untilJobEnded(stack, id)).toMatchObject({
    status: "failed",
    error: { cause: "too-many-failures" },
  });
  expect(placeUrl(stack, "inbox/")).toContain("inbox");
});
