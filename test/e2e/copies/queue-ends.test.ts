import { expect, test } from "vitest";
import {
  expectNoQueue,
  ledgerNames,
  queuedDestination,
  startQueue,
} from "../../support/stack/queue.ts";
import type { Queue } from "../../support/stack/queue.ts";
import { hour, rareTimers } from "../../support/stack/test-stack.ts";

const minute = 60_000;
const day = 24 * hour;
const everyFiveMinutes = { COPY_WATCHDOG: "" };
const always = { overwrite: "always", ifBusy: "wait" };

/** Calls a management route of Durable for one instance. */
async function manage({ stack }: Queue, method: string, id: string, action = ""): Promise<void> {
  const instance = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${id}`;
  await fetch(`${instance}${action}`, { method });
  await stack.clock.settled();
}

/** The holder's process was killed after it had released the lock, and before it could wake a waiter. */
async function releaseWithoutWake({ stack }: Queue): Promise<void> {
  const [lock = ""] = await ledgerNames(stack, "locks/");
  await stack.container("ferry-ledger").getBlobClient(lock).delete();
}

test("waiters that were aborted or terminated, or whose history was purged, are passed over and removed", async () => {
  const queue = await startQueue(5, always);
  const { stack, ids } = queue;
  const [first = "", second = "", third = ""] = ids;
  await stack.call("POST", `/copies/${first}/abort`);
  await manage(queue, "POST", second, "/terminate?reason=mistake");
  await manage(queue, "POST", third, "/terminate?reason=mistake");
  await manage(queue, "DELETE", third);
  queue.finishHolder();
  await stack.clock.advance(4_000);
  expect(queue.begun).toEqual(["3", "4"]);
  await expectNoQueue(stack);
});

test("a suspended waiter does not hold up those behind it, and copies when it is resumed", async () => {
  const queue = await startQueue(3, always);
  const [first = ""] = queue.ids;
  await manage(queue, "POST", first, "/suspend?reason=later");
  queue.finishHolder();
  await queue.stack.clock.advance(4_000);
  expect(queue.begun).toEqual(["1", "2"]);
  await manage(queue, "POST", first, "/resume?reason=now");
  await queue.stack.clock.advance(minute);
  expect(queue.begun).toEqual(["1", "2", "0"]);
  await expectNoQueue(queue.stack);
});

test.each([
  { what: "a timer", environment: rareTimers },
  { what: "the watchdog, within five minutes,", environment: everyFiveMinutes },
])("$what wakes the queue in order if the process that freed it was killed", async (how) => {
  const queue = await startQueue(5, always, { environment: how.environment });
  // By then the waiters' own timers are minutes apart.
  await queue.stack.clock.advance(hour);
  await releaseWithoutWake(queue);
  queue.finishHolder();
  await queue.stack.clock.advance(how.environment === rareTimers ? 2 * hour : 5 * minute + 1_000);
  expect(queue.begun).toEqual(["0", "1", "2", "3", "4"]);
});

test("a repair and the watchdog pass the destination on as well", async () => {
  const queue = await startQueue(3, always, { environment: everyFiveMinutes });
  await manage(queue, "POST", queue.holder, "/terminate?reason=mistake");
  queue.finishHolder();
  await queue.stack.clock.advance(6 * minute);
  expect(queue.begun).toEqual(["0", "1", "2"]);
  await expectNoQueue(queue.stack);
});

test("two waiters that are woken at the same time do not both copy", async () => {
  const queue = await startQueue(4, always, { speed: { bytesPerSecond: 100 } });
  const { stack, ids } = queue;
  queue.finishHolder();
  await stack.clock.advance(4_000);
  expect(queue.begun).toEqual(["0"]);
  for (const id of ids.slice(1)) {
    const url = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${id}`;
    const headers = { "content-type": "application/json" };
    await fetch(`${url}/raiseEvent/wake`, { method: "POST", headers, body: "null" });
  }
  await stack.clock.settled();
  expect(queue.begun).toEqual(["0"]);
  await stack.clock.advance(2 * minute);
  expect(queue.begun).toEqual(["0", "1", "2", "3"]);
});

test("after an outage longer than the wait, every waiter polls once more and copies", async () => {
  const queue = await startQueue(4, always, { persistent: true, environment: rareTimers });
  const { stack } = queue;
  await stack.clock.advance(minute);
  queue.finishHolder();
  await stack.local.close();
  await stack.clock.advance(20 * day);
  await stack.restart();
  await stack.clock.advance(minute);
  expect((await queue.all()).map(({ status, error }) => error ?? status)).toEqual(
    Array.from({ length: 4 }, () => "succeeded"),
  );
});

test("if the destination is never freed, the waiter that has waited longest gives up last", async () => {
  const queue = await startQueue(3, always, { environment: rareTimers });
  const { stack, ids, holder } = queue;
  await stack.clock.advance(minute);
  // No client aborts its copy, and its instance no longer follows it.
  await manage(queue, "POST", holder, "/suspend?reason=forgotten");
  stack.local.emulator.copies.stall(queuedDestination);
  await stack.clock.advance(14 * day + 2 * hour);
  const late = await queue.all();
  expect(late.map(({ status }) => status)).toEqual(["queued", "failed", "failed"]);
  const first = await stack.untilEnded(ids[0] ?? "", 48);
  expect(first).toMatchObject({ status: "failed", error: { cause: "destination-busy" } });
  expect(first.error.message).toContain("waited 14 days");
});
