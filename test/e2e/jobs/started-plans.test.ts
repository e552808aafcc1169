import { expect, test } from "vitest";
import { inboxJob, placeUrl, startJob, untilJobEnded } from "../../support/jobs/stack-jobs.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* A planned job is started while another call, or the end of its dry run, changes the list of active jobs. */

/** Holds the first read of the list of active jobs after `isArmed` has become true. */
function holdList({ local }: TestStack, isArmed: () => boolean) {
  let open: () => void = () => {};
  let onHeld: () => void = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const held = new Promise<void>((resolve) => (onHeld = resolve));
  local.emulator.faults.add({
    operation: "GetBlob",
    times: 1,
    match: ({ target }) => {
      const isFirst = isArmed() && target.includes("/active-jobs/");
      if (isFirst) onHeld();
      return isFirst;
    },
    do: { after: gate },
  });
  return { held, open };
}

async function requestOther(stack: TestStack): Promise<number> {
  await stack.upload("other/a.txt", "other");
  const body = { source: placeUrl(stack, "other/"), destination: placeUrl(stack, "archive/") };
  return (await stack.call("POST", "/jobs", { body })).status;
}

test("a job that is started at the moment its dry run ends still excludes overlapping jobs", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 1_000 } });
  await stack.upload("inbox/a.bin", Buffer.alloc(60_000));
  let isPlanned = false;
  stack.local.emulator.faults.add({
    operation: "PutBlob",
    match: ({ target }) => {
      if (target.includes("/plan-")) isPlanned = true;
      return false;
    },
    do: { response: { status: 500, code: "InternalError" } },
  });
  const { held, open } = holdList(stack, () => isPlanned);
  const body = inboxJob(stack, { dryRun: true });
  const { id } = (await stack.call("POST", "/jobs", { body })).json;
  await held;
  expect((await stack.call("POST", `/jobs/${id}/start`)).status).toBe(202);
  open();
  await stack.clock.advance(10_000);
  expect(await requestOther(stack)).toBe(409);
  expect(await untilJobEnded(stack, id)).toMatchObject({ status: "succeeded" });
  expect(await requestOther(stack)).toBe(202);
});

test("a start that is slower than the whole job does not keep other jobs from its destination", async () => {
  const stack = await startStack({ copies: { finishOnStart: "always" } });
  await stack.upload("inbox/a.txt", "content");
  const { id } = await startJob(stack, inboxJob(stack, { dryRun: true }));
  expect(await untilJobEnded(stack, id)).toMatchObject({ status: "planned" });
  const { held, open } = holdList(stack, () => true);
  const slow = stack.call("POST", `/jobs/${id}/start`);
  await held;
  expect((await stack.call("POST", `/jobs/${id}/start`)).status).toBe(202);
  // The clock waits for the call that is held.
  const { json } = await stack.call("GET", `/jobs/${id}`, { headers: { prefer: "wait=20" } });
  expect(json).toMatchObject({ status: "succeeded" });
  open();
  expect((await slow).status).toBe(409);
  expect(await requestOther(stack)).toBe(202);
});
