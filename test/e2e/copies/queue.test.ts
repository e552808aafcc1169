import { expect, test } from "vitest";
import { sized } from "../../support/campaign-size.ts";
import { expectNoQueue, startQueue } from "../../support/stack/queue.ts";

const minute = 60_000;
const waiters = sized({ small: 15, full: 100 });
const inOrder = Array.from({ length: waiters }, (_, place) => String(place));

test.each([
  { what: "finish immediately", speed: { finishOnStart: "always" }, within: 3 * minute },
  { what: "take a second", speed: { bytesPerSecond: 1_000 }, within: 6 * minute },
] as const)(
  `${waiters} waiters whose copies $what all end in time, in the order of their requests`,
  async ({ speed, within }) => {
    const queue = await startQueue(waiters, { overwrite: "always", ifBusy: "wait" }, { speed });
    queue.finishHolder();
    await queue.stack.clock.advance(within);
    const statuses = (await queue.all()).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set(["succeeded"]));
    expect(queue.begun).toEqual(inOrder);
    await expectNoQueue(queue.stack);
  },
  300_000,
);

test.each([
  { overwrite: "fail", end: "failed destination-exists" },
  { overwrite: "skip", end: "skipped undefined" },
  { overwrite: "if-newer", end: "skipped undefined" },
])(
  `${waiters} waiters with overwrite $overwrite end as soon as the destination exists`,
  async ({ overwrite, end }) => {
    const queue = await startQueue(waiters, { overwrite, ifBusy: "wait" });
    queue.finishHolder();
    await queue.stack.clock.advance(minute);
    const ends = (await queue.all()).map(({ status, error }) => `${status} ${error?.cause}`);
    expect(new Set(ends)).toEqual(new Set([end]));
    expect(queue.begun).toEqual([]);
    await expectNoQueue(queue.stack);
  },
  300_000,
);

test("ifBusy replace waits in the same queue as ifBusy wait", async () => {
  const queue = await startQueue(5, { overwrite: "always", ifBusy: "replace" });
  queue.finishHolder();
  await queue.stack.clock.advance(minute);
  expect(queue.begun).toEqual(["0", "1", "2", "3", "4"]);
  await expectNoQueue(queue.stack);
});
