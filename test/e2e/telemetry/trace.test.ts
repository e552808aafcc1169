import { randomBytes } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createEvent, inboxRoutes, deliver } from "../../support/stack/events.ts";
import { startListener } from "../../support/servers/listener.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";
import { linesOf } from "../../support/telemetry/lines.ts";

const copies = { bytesPerSecond: 1_000 };
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
const inTrace = new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`);

function notifying(topic: { url: string }) {
  return { COPY_NOTICE_TOPIC: topic.url, COPY_NOTICE_TOPIC_KEY: "key" };
}

/** The input that the task hub has stored. */
function storedInput(stack: TestStack, id: string) {
  const file = join(stack.stateDirectory ?? "", "task-hub.sqlite");
  const hub = new DatabaseSync(file, { readOnly: true });
  const row = hub.prepare("SELECT input FROM instances WHERE instance_id = ?").get(id) ?? {};
  hub.close();
  return JSON.parse(String(row["input"]));
}

/** The requests that the app sent, with the id of the trace in each; null where it has none. */
function tracedRequests(stack: TestStack, from = 0) {
  return stack.local.emulator.requests.slice(from).map(({ operation, url, headers }) => {
    const id = headers["x-ms-client-request-id"] ?? "";
    const [, trace = null, span = null] = /^([0-9a-f]{32})-([0-9a-f]{16})$/.exec(id) ?? [];
    return { operation, url, trace, span };
  });
}

test("the request, the stored input, each call to Storage, the log and the notification share one trace id", async () => {
  const topic = await startListener();
  const stack = await startStack({ persistent: true, settings: notifying(topic), copies });
  const source = await stack.upload("inbox/film.mp4", Buffer.alloc(10_000));
  const sent = stack.local.emulator.requests.length;
  const destination = stack.blob("archive/film.mp4").url;
  const { id } = await stack.start({ source: source.url, destination }, { traceparent });
  await stack.clock.advance(60_000); // no GET, which would be another trace

  expect(storedInput(stack, id).trace).toMatch(inTrace);
  const requests = tracedRequests(stack, sent);
  const ofCopy = requests.filter(({ url }) => /film\.mp4|records|locks|outbox/.test(url));
  expect(ofCopy.map(({ operation }) => operation)).toEqual(
    expect.arrayContaining(["CopyBlob", "GetBlobProperties", "PutBlob", "DeleteBlob"]),
  );
  expect(new Set(ofCopy.map(({ trace }) => trace))).toEqual(new Set([traceId]));
  const spans = ofCopy.map(({ span }) => span);
  expect(new Set(spans).size).toBe(spans.length);
  for (const event of ["ferry.copy.accepted", "ferry.copy.ended"] as const) {
    expect(linesOf(stack.log, event)).toEqual([
      expect.objectContaining({ instanceId: id, traceId }),
    ]);
  }
  const [notice] = topic.delivery;
  expect(notice?.headers["traceparent"]).toMatch(inTrace);
  expect(JSON.parse(notice?.body ?? "").traceparent).toMatch(inTrace);
});

test("the copy that a cloud event causes is in the trace of the event", async () => {
  const stack = await startStack({ settings: inboxRoutes(), copies });
  const blob = await stack.upload("inbox/film.mp4", Buffer.alloc(1_000));
  const { id, topic, subject, eventType, eventTime, data } = await createEvent(blob);
  const event = {
    specversion: "1.0",
    id,
    source: topic,
    subject,
    type: eventType,
    time: eventTime,
  };
  await deliver(stack, { ...event, data, traceparent });
  await stack.clock.advance(60_000);
  expect(linesOf(stack.log, "ferry.copy.ended")).toEqual([
    expect.objectContaining({ traceId, trigger: "event", route: "films", outcome: "succeeded" }),
  ]);
});

test("a copy without a caller's trace gets a new one, which all its steps share", async () => {
  const stack = await startStack({ copies });
  const source = await stack.upload("inbox/film.mp4", Buffer.alloc(1_000));
  const started: { name: string; id: string }[] = [];
  for (const name of ["one", "two"]) {
    const destination = stack.blob(`archive/${name}`).url;
    started.push({ name, id: (await stack.start({ source: source.url, destination })).id });
  }
  await stack.clock.advance(60_000);
  const ended = linesOf(stack.log, "ferry.copy.ended");
  const traces = started.map(({ name, id }) => {
    const requests = tracedRequests(stack).filter(({ url }) => url.includes(`archive/${name}`));
    const line = ended.find(({ instanceId }) => instanceId === id);
    expect(new Set(requests.map(({ trace }) => trace))).toEqual(new Set([line?.["traceId"]]));
    return line?.["traceId"];
  });
  expect(new Set(traces).size).toBe(2);
});

test.each([
  { problem: "a fifth field", header: `${traceparent}-extra` },
  { problem: "a trace id of zeros", header: `00-${"0".repeat(32)}-00f067aa0ba902b7-01` },
  { problem: "capital letters", header: traceparent.toUpperCase() },
  { problem: "no hexadecimal digits", header: `00-${"<script>".repeat(4)}-00f067aa0ba902b7-01` },
  { problem: "a kilobyte", header: randomBytes(600).toString("hex") },
])(
  "a request whose traceparent has $problem starts a copy with another trace",
  async ({ header }) => {
    const stack = await startStack({ copies });
    const source = await stack.upload("inbox/film.mp4", Buffer.alloc(1_000));
    const destination = stack.blob("archive/film.mp4").url;
    const { id } = await stack.start({ source: source.url, destination }, { traceparent: header });
    await stack.untilEnded(id);
    const [line] = linesOf(stack.log, "ferry.copy.ended");
    expect(line?.["traceId"]).toMatch(/^[0-9a-f]{32}$/);
    expect(line?.["traceId"]).not.toBe(traceId);
  },
);
