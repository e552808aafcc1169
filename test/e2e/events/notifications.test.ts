import { createHmac, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { inboxRoutes } from "../../support/stack/events.ts";
import { startListener } from "../../support/servers/listener.ts";
import type { Listener } from "../../support/servers/listener.ts";
import { collectStored, findSecret } from "../../support/stack/stored-secrets.ts";
import { hour, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const key = randomBytes(32);
const topicKey = "t0picK3y/+w==";

function settingsFor({ topic, webhook }: { topic?: Listener; webhook?: Listener }) {
  return {
    ...inboxRoutes(),
    ...(topic === undefined
      ? {}
      : { COPY_NOTICE_TOPIC: topic.url, COPY_NOTICE_TOPIC_KEY: topicKey }),
    ...(webhook === undefined
      ? {}
      : {
          COPY_NOTICE_WEBHOOK: `${webhook.url}?code=hush-hush`,
          COPY_NOTICE_SECRET: key.toString("base64"),
        }),
  };
}

/** Starts a copy of ten seconds and returns it after Storage has completed it. */
async function runCopy(stack: TestStack) {
  const source = await stack.upload("inbox/film.mp4", Buffer.alloc(10_000));
  const { id } = await stack.start({ source: source.url, route: "films" });
  await stack.clock.advance(30_000);
  return await stack.get(id);
}

const copies = { bytesPerSecond: 1_000 };

test("an upload leads to an event, a copy, and a completion notification", async () => {
  const topic = await startListener();
  const stack = await startStack({ settings: settingsFor({ topic }), events: {}, copies });
  await stack.upload("inbox/film.mp4", Buffer.alloc(10_000));
  await stack.clock.advance(10_000);
  const [notice, ...others] = topic.delivery;
  expect(others).toEqual([]);
  const event = JSON.parse(notice?.body ?? "");
  expect(event).toMatchObject({ specversion: "1.0", type: "Ferry.CopySucceeded" });
  const { progress, links } = event.data; // the time of the last poll is known only to the orchestration
  expect(event.data).toEqual({ ...(await stack.get(event.data.id)), progress, links });
  expect(event).toMatchObject({
    id: `${event.data.id}-ended`,
    subject: `copies/${event.data.id}`,
    time: event.data.lastUpdatedAt,
    source: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+\/api\/copies$/),
  });
});

test("a topic is called with its key, a webhook with a signature of the shared secret", async () => {
  const [topic, webhook] = [await startListener(), await startListener()];
  const stack = await startStack({
    settings: settingsFor({ topic, webhook }),
    copies,
    persistent: true,
  });
  webhook.responses = () => 500;
  const { id } = await runCopy(stack);
  webhook.responses = () => 200;
  webhook.delivery.length = 0;
  await stack.clock.advance(hour);
  expect(topic.delivery.map(({ headers }) => headers)).toEqual([
    expect.objectContaining({
      "aeg-sas-key": topicKey,
      "content-type": "application/cloudevents+json; charset=utf-8",
    }),
  ]);
  const [{ headers, body } = { headers: {}, body: "" }, ...others] = webhook.delivery;
  expect(others).toEqual([]);
  const signed = `${JSON.parse(body).id}.${headers["webhook-timestamp"]}.${body}`;
  const signature = createHmac("sha256", key).update(signed).digest("base64");
  expect(headers["webhook-signature"]).toBe(`v1,${signature}`);
  expect(headers["webhook-id"]).toBe(JSON.parse(body).id);
  expect(body).toBe(topic.delivery[0]?.body);
  const stored = await collectStored(stack, [JSON.stringify(await stack.get(id)), body]);
  expect(stored.size).toBeGreaterThan(5);
  for (const secret of [topicKey, "hush-hush", key.toString("base64")]) {
    expect(findSecret(secret, stored)).toEqual([]);
  }
});

test("an hour of 500 responses delays no status and loses no notification; a target that accepted one gets no second one", async () => {
  const [topic, webhook] = [await startListener(), await startListener()];
  const stack = await startStack({
    settings: settingsFor({ topic, webhook }),
    copies,
    persistent: true,
  });
  webhook.responses = () => 500;
  const copy = await runCopy(stack);
  expect(copy).toMatchObject({ status: "succeeded", nextReadAt: null, warning: null });
  expect(copy.completedAt).not.toBeNull();
  // A waiting notification has no visible effect: the destination is free, and an abort is too late.
  expect((await stack.call("POST", `/copies/${copy.id}/abort`)).status).toBe(409);
  await stack.clock.advance(hour / 2);
  await stack.restart();
  await stack.clock.advance(hour / 2);
  const tries = webhook.delivery.length;
  expect(tries).toBeGreaterThan(3);
  expect(tries).toBeLessThan(12);
  webhook.responses = () => 200;
  await stack.clock.advance(3 * hour);
  expect(webhook.delivery.length).toBe(tries + 1);
  expect(new Set(webhook.delivery.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  expect(topic.delivery).toHaveLength(1);
  await stack.clock.advance(48 * hour);
  expect(webhook.delivery.length).toBe(tries + 1);
});

test("a broken connection and a redirect both count as failed deliveries", async () => {
  const webhook = await startListener();
  const stack = await startStack({ settings: settingsFor({ webhook }), copies });
  const responses = [null, 302, 200];
  webhook.responses = () => (responses.length > 0 ? (responses.shift() ?? null) : 200);
  await runCopy(stack);
  await stack.clock.advance(10 * 60_000);
  expect(webhook.delivery).toHaveLength(2);
  expect(responses).toEqual([]);
});

test("the watchdog delivers the notification of an instance that failed during delivery", async () => {
  const webhook = await startListener();
  const stack = await startStack({ settings: settingsFor({ webhook }), copies });
  webhook.responses = () => 503;
  const { id } = await runCopy(stack);
  const instance = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${id}`;
  await fetch(`${instance}/terminate?reason=mistake`, { method: "POST" });
  await stack.clock.settled();
  expect(await stack.get(id)).toMatchObject({ status: "succeeded" });
  const tries = webhook.delivery.length;
  webhook.responses = () => 200;
  await stack.clock.advance(3 * hour);
  expect(webhook.delivery).toHaveLength(tries + 1);
  expect(await stack.get(id)).toMatchObject({ status: "succeeded" });
});

test("delivery to a target that always fails stops after a day, and the history stays short", async () => {
  const webhook = await startListener();
  const stack = await startStack({ settings: settingsFor({ webhook }), copies, persistent: true });
  webhook.responses = () => 404;
  const { id } = await runCopy(stack);
  await stack.clock.advance(25 * hour);
  const tries = webhook.delivery.length; // no repair starts the day again
  expect(tries).toBeGreaterThan(10);
  expect(tries).toBeLessThan(20);
  await stack.clock.advance(72 * hour);
  expect(webhook.delivery.length).toBe(tries);
  expect(stack.countHistoryEvents()).toBeLessThan(400);
  expect(
    stack.log.filter(({ message }) => message.includes(`notification of copy ${id} because`)),
  ).toHaveLength(1);
});

test("failed, skipped and aborted copies are reported as such", async () => {
  const topic = await startListener();
  const stack = await startStack({ settings: settingsFor({ topic }), copies });
  const source = (await stack.upload("inbox/film.mp4", Buffer.alloc(10_000))).url;
  const destination = stack.blob("archive/film.mp4").url;
  const aborted = await stack.start({ source, destination });
  await stack.call("POST", `/copies/${aborted.id}/abort`);
  await stack.clock.advance(10_000);
  await stack.upload("archive/film.mp4", "x");
  await stack.start({ source, destination });
  await stack.start({ source, destination, options: { overwrite: "skip" } });
  await stack.clock.advance(10_000);
  const types = topic.delivery.map(({ body }) => JSON.parse(body).type);
  expect(new Set(types)).toEqual(
    new Set(["Ferry.CopyAborted", "Ferry.CopyFailed", "Ferry.CopySkipped"]),
  );
  expect(types).toHaveLength(3);
});
