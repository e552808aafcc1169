import { expect, test } from "vitest";
import { startAzuriteQueues } from "../../support/azurite/azurite-queue.ts";
import type { AzuriteQueues } from "../../support/azurite/azurite-queue.ts";
import {
  allCopies,
  createEvent,
  deliver,
  inboxRoutes,
  untilAllEnded,
} from "../../support/stack/events.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";
import { linesOf } from "../../support/telemetry/lines.ts";

/* Events that Event Grid puts into a queue of Azurite, because it cannot call the app. */

const minute = 60_000;
const queue = "ferry-events";
const poison = "ferry-events-poison";
const busy = { response: { status: 503, code: "ServerBusy" } } as const;

async function start(
  options: { persistent?: boolean } = {},
): Promise<{ stack: TestStack; queues: AzuriteQueues }> {
  const queues = await startAzuriteQueues();
  const settings = {
    ...inboxRoutes(),
    COPY_EVENT_QUEUE: queue,
    COPY_EVENT_QUEUE_CONNECTION: "Events",
    Events: queues.connection,
  };
  return { stack: await startStack({ settings, ...options }), queues };
}

const functions = ({ local }: TestStack) => local.host.functions.map(({ name }) => name);

test("an event in the queue starts its copy, and its message is removed", async () => {
  const { stack, queues } = await start();
  const blob = await stack.upload("inbox/film.mp4", "film");
  await queues.sendEvent(queue, await createEvent(blob));
  await stack.clock.advance(minute);
  const [copy, ...others] = await untilAllEnded(stack);
  expect(others).toEqual([]);
  expect(copy).toMatchObject({ status: "succeeded" });
  expect(String(await stack.blob("archive/film.mp4").downloadToBuffer())).toBe("film");
  expect(linesOf(stack.log, "ferry.copy.ended")[0]).toMatchObject({
    trigger: "event",
    route: "films",
  });
  await stack.clock.advance(15 * minute);
  expect(await queues.receive(queue)).toEqual([]);
  expect(await queues.receive(poison)).toEqual([]);
});

test("an event that arrives through both triggers, in either order, starts one copy", async () => {
  const { stack, queues } = await start();
  const first = await createEvent(await stack.upload("inbox/first", "film"));
  expect(await deliver(stack, first)).toBe(202);
  await queues.sendEvent(queue, first);
  const second = await createEvent(await stack.upload("inbox/second", "film"));
  await queues.sendEvent(queue, second);
  await stack.clock.advance(minute);
  expect(await deliver(stack, second)).toBe(202);
  const copies = await untilAllEnded(stack);
  expect(copies.map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
  const starts = stack.local.emulator.requests.filter(({ operation }) => operation === "CopyBlob");
  expect(starts).toHaveLength(2);
  expect(await queues.receive(queue)).toEqual([]);
});

test("an event that arrives through the other trigger after a restart starts no second copy", async () => {
  const { stack, queues } = await start({ persistent: true });
  const event = await createEvent(await stack.upload("inbox/film.mp4", "film"));
  await queues.sendEvent(queue, event);
  await stack.clock.advance(minute);
  await stack.restart(); // the process loses its memory of events
  expect(await deliver(stack, event)).toBe(202);
  await queues.sendEvent(queue, event);
  await stack.clock.advance(minute);
  expect(await allCopies(stack)).toHaveLength(1);
});

test("an event that cannot be handled now is retried after five minutes, and starts its copy", async () => {
  const { stack, queues } = await start();
  const event = await createEvent(await stack.upload("inbox/film.mp4", "film"));
  stack.local.emulator.faults.add({ do: busy });
  await queues.sendEvent(queue, event);
  await stack.clock.advance(minute);
  stack.local.emulator.faults.clear();
  await stack.clock.advance(3 * minute);
  expect(await allCopies(stack)).toEqual([]);
  await stack.clock.advance(2 * minute);
  expect(await untilAllEnded(stack)).toMatchObject([{ status: "succeeded" }]);
  expect(linesOf(stack.log, "ferry.event.failed")).toEqual([
    expect.objectContaining({ trigger: "queue", tries: 1, poisoned: false }),
  ]);
});

test("after five tries the message is unchanged in the poison queue, and the log reports that", async () => {
  const { stack, queues } = await start();
  const event = await createEvent(await stack.upload("inbox/film.mp4", "film"));
  stack.local.emulator.faults.add({ do: busy });
  await queues.sendEvent(queue, event);
  await stack.clock.advance(60 * minute);
  stack.local.emulator.faults.clear();
  const failed = linesOf(stack.log, "ferry.event.failed");
  expect(failed.map(({ tries }) => tries)).toEqual([1, 2, 3, 4, 5]);
  expect(failed.map(({ poisoned }) => poisoned)).toEqual([false, false, false, false, true]);
  // The message has another id in the poison queue, so the log contains the id by which an operator can find its event.
  expect(new Set(failed.map(({ messageId }) => messageId))).toEqual(new Set([event["id"]]));
  const [message, ...others] = await queues.receive(poison);
  expect(others).toEqual([]);
  expect(JSON.parse(Buffer.from(message?.text ?? "", "base64").toString())).toEqual(event);
  expect(await queues.receive(queue)).toEqual([]);
  // The message still starts its copy when an operator moves it back.
  await queues.send(queue, message?.text ?? "");
  await stack.clock.advance(minute);
  expect(await untilAllEnded(stack)).toMatchObject([{ status: "succeeded" }]);
});

test("a message that is not base64 goes to the poison queue without a try", async () => {
  const { stack, queues } = await start();
  await queues.send(queue, '{"eventType":"Microsoft.Storage.BlobCreated"}');
  await stack.clock.advance(minute);
  expect(await queues.receive(poison)).toMatchObject([
    { text: '{"eventType":"Microsoft.Storage.BlobCreated"}' },
  ]);
  expect(linesOf(stack.log, "ferry.event.failed")).toEqual([]);
});

test.each(["", "no JSON", "[]", "42", '"text"', "null", "{}"])(
  "a message that contains %j instead of an event starts nothing and is not kept",
  async (text) => {
    const { stack, queues } = await start();
    await queues.send(queue, Buffer.from(text).toString("base64"));
    await stack.clock.advance(minute);
    expect(await allCopies(stack)).toEqual([]);
    expect(await queues.receive(queue)).toEqual([]);
  },
);

test("the setting registers the queue's function", async () => {
  const { stack } = await start();
  expect(functions(stack)).toContain("storageEventQueue");
});

test("without the setting, the app has no function for a queue", async () => {
  expect(functions(await startStack())).not.toContain("storageEventQueue");
});
