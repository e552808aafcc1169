import type { LocalStackOptions } from "../../src/local/local-stack.ts";
import { jobInstanceId } from "../../src/names.ts";
import { inboxJob, startJob, untilJob, untilJobEnded } from "../support/jobs/stack-jobs.ts";
import type { TestStack } from "../support/stack/test-stack.ts";

/** The paths through the orchestrator of jobs. */
export const jobScenarios: Record<
  string,
  { copies: LocalStackOptions["copies"]; play(stack: TestStack): Promise<string> }
> = {
  "job-in-one-round": {
    copies: { finishOnStart: "always" },
    play: (stack) => play(stack, async () => {}),
  },
  "job-with-pending-copies": {
    copies: { bytesPerSecond: 1 },
    play: (stack) => play(stack, async () => {}),
  },
  "job-that-is-aborted": {
    copies: { bytesPerSecond: 0 },
    play: (stack) => play(stack, (id) => stack.call("POST", `/jobs/${id}/abort`)),
  },
  "job-that-is-paused": {
    copies: { bytesPerSecond: 0 },
    async play(stack) {
      const { id } = await start(stack);
      await stack.call("POST", `/jobs/${id}/pause`);
      await untilJob(stack, id, ({ status }) => status === "paused");
      await stack.clock.settled();
      return jobInstanceId(id, 1);
    },
  },
  "job-without-the-ledger": {
    copies: { finishOnStart: "always" },
    async play(stack) {
      stack.local.emulator.faults.add({
        operation: "PutBlob",
        match: ({ target }) => target.includes("/job-pages/"),
        times: 4,
        do: { response: { status: 503, code: "ServerBusy" } },
      });
      return await play(stack, async () => {});
    },
  },
};

async function start(stack: TestStack): Promise<{ id: string }> {
  for (const name of ["a.txt", "b.txt"]) await stack.upload(`inbox/${name}`, "some content");
  return await startJob(stack, inboxJob(stack));
}

/** Plays a job to its end; returns the id of its first orchestration. */
async function play(stack: TestStack, order: (id: string) => Promise<unknown>): Promise<string> {
  const { id } = await start(stack);
  await order(id);
  const job = await untilJobEnded(stack, id);
  if (job.completedAt === null) throw new Error(`Job ${id} has not ended: ${job.status}`);
  await stack.clock.settled();
  return jobInstanceId(id, 1);
}
