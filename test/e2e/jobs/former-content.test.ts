import { expect, test } from "vitest";
import {
  inboxJob,
  placeUrl,
  reportPairs,
  startJob,
  untilJobEnded,
} from "../../support/jobs/stack-jobs.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* Storage empties the destination when a copy starts. If the copy fails, the job reports that the content is gone. */

const gone = "The destination's former content is gone: the unsuccessful copy replaced it";

async function reportOf(stack: TestStack, id: string) {
  const part = stack.blob(`reports/jobs/${id}/part-000001.jsonl`);
  const lines = (await part.downloadToBuffer()).toString().trimEnd().split("\n");
  return lines.map((line): unknown => JSON.parse(line));
}

/** Starts a job that copies `a.txt` over content, and `b.txt` to a new name. Each copy takes 100 seconds. */
async function startOverwriting() {
  const stack = await startStack({
    copies: { finishOnStart: "never", bytesPerSecond: 10_000 },
    settings: reportPairs,
  });
  await stack.container("reports").create();
  for (const name of ["a", "b"]) await stack.upload(`inbox/${name}.txt`, Buffer.alloc(1_000_000));
  const target = await stack.upload("archive/a.txt", "former");
  const report = placeUrl(stack, "reports/jobs/");
  const body = inboxJob(stack, { options: { overwrite: "always" }, report });
  const { id } = await startJob(stack, body);
  await stack.clock.advance(20_000);
  return { stack, id, target };
}

test("if a copy over existing content fails, the failure's message and the report state that the content is gone", async () => {
  const { stack, id, target } = await startOverwriting();
  for (const blob of ["a.txt", "b.txt"]) {
    stack.local.emulator.copies.fail({ container: "archive", blob });
  }
  const { status, failures } = await untilJobEnded(stack, id);
  expect(status).toBe("failed");
  expect((await target.getProperties()).contentLength).toBe(0);
  expect(failures).toMatchObject([
    { name: "a.txt", message: expect.stringContaining(gone) },
    { name: "b.txt", message: expect.not.stringContaining(gone) },
  ]);
  const [a, b] = await reportOf(stack, id);
  expect(a).toMatchObject({ outcome: "failed", residue: [gone] });
  expect(b).not.toHaveProperty("residue");
});

test("if a job is aborted while it copies over content, the report states that the content is gone", async () => {
  const { stack, id } = await startOverwriting();
  await stack.call("POST", `/jobs/${id}/abort`);
  expect(await untilJobEnded(stack, id)).toMatchObject({ status: "aborted" });
  const [a, b] = await reportOf(stack, id);
  expect(a).toMatchObject({ outcome: "aborted", residue: [gone] });
  expect(b).not.toHaveProperty("residue");
});

test("a failed copy that replaced content written after the plan reports that the content is gone", async () => {
  const stack = await startStack({ copies: { finishOnStart: "never", bytesPerSecond: 10_000 } });
  await stack.upload("inbox/a.txt", Buffer.alloc(1_000_000));
  stack.local.emulator.faults.add({
    operation: "CopyBlob",
    times: 1,
    do: { response: { status: 503, code: "ServerBusy", headers: { "retry-after": "30" } } },
  });
  const { id } = await startJob(stack, inboxJob(stack, { options: { overwrite: "always" } }));
  await stack.upload("archive/a.txt", "written after the plan");
  await stack.clock.advance(60_000);
  stack.local.emulator.copies.fail({ container: "archive", blob: "a.txt" });
  const { failures } = await untilJobEnded(stack, id);
  expect(failures).toMatchObject([{ name: "a.txt", message: expect.stringContaining(gone) }]);
});
