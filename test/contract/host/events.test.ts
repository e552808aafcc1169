import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { virtualClock, type VirtualClock } from "../../../src/local/clock.ts";
import { jsonOf, startSample, temporaryDirectory } from "../../support/host/host.ts";

const webhook = (url: string, functionName = "blobCreated") =>
  `${url}/runtime/webhooks/EventGrid?functionName=${functionName}&code=KEY`;

const post = (url: string, type: string | undefined, body: unknown) =>
  fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(type === undefined ? {} : { "aeg-event-type": type }),
    },
    body: JSON.stringify(body),
  });

const event = (id: string, content: object = {}) => ({
  id,
  topic: "/accounts/one",
  subject: `/blobs/${id}`,
  eventType: "Microsoft.Storage.BlobCreated",
  eventTime: "2026-03-01T10:00:00.1230000Z",
  data: { api: "PutBlob", ...content },
  dataVersion: "1",
  ends: [1, 2],
});

const seenBy = (url: string) => jsonOf(fetch(`${url}/api/seen`));

test("the subscription handshake echoes the code, for an Event Grid event and for a cloud event", async () => {
  const { url } = await startSample("events");
  const validation = { validationCode: "512d38b6" };
  for (const body of [[{ data: validation }], { data: JSON.stringify(validation) }]) {
    const response = await post(webhook(url), "SubscriptionValidation", body);
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/plain; charset=utf-8",
    ]);
    expect(await response.json()).toEqual({ validationResponse: "512d38b6" });
  }
});

test.each([
  ["an empty body", "Notification", ""],
  ["a body that is not JSON", "Notification", "{"],
  ["JSON text", "Notification", `"text"`],
  ["a number", "Notification", "7"],
  ["a handshake with an empty body", "SubscriptionValidation", ""],
  ["a handshake without events", "SubscriptionValidation", "[]"],
  ["a handshake without a code", "SubscriptionValidation", "[{}]"],
])("%s gets an empty 500", async (_, type, body) => {
  const { url } = await startSample("events");
  const headers = { "content-type": "application/json", "aeg-event-type": type };
  const response = await fetch(webhook(url), { method: "POST", headers, body });
  expect([response.status, await response.text()]).toEqual([500, ""]);
  expect((await seenBy(url)).seen).toEqual([]);
});

test.each([{ "WebHook-Request-Origin": "eventgrid.azure.net" }, {}])(
  "the handshake of cloud events allows Event Grid, for every requesting origin: %o",
  async (headers) => {
    const { url } = await startSample("events");
    const response = await fetch(webhook(url), { method: "OPTIONS", headers });
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect(response.headers.get("webhook-allowed-origin")).toBe("eventgrid.azure.net");
    expect((await fetch(webhook(url, "other"), { method: "OPTIONS", headers })).status).toBe(404);
  },
);

test.each(["HEAD", "PATCH"])("%s is not a method of a webhook", async (method) => {
  const { url } = await startSample("events");
  const headers = { "aeg-event-type": "Unsubscribe" };
  expect((await fetch(webhook(url), { method, headers })).status).toBe(404);
});

test("an unknown extension has no webhook", async () => {
  const { url } = await startSample("events");
  expect((await fetch(`${url}/runtime/webhooks/other`, { method: "POST" })).status).toBe(404);
});

test("each event of a batch is one invocation with the unchanged event and its metadata", async () => {
  const { url } = await startSample("events");
  const response = await post(webhook(url), "notification", [event("a"), event("b")]);
  expect([response.status, await response.text()]).toEqual([202, ""]);
  const { seen } = await seenBy(url);
  expect(seen).toHaveLength(2);
  expect(seen.map((each: { event: unknown }) => each.event)).toEqual([event("a"), event("b")]);
  expect(seen[0].metadata).toEqual({
    id: "a",
    topic: "/accounts/one",
    subject: "/blobs/a",
    eventType: "Microsoft.Storage.BlobCreated",
    eventTime: "2026-03-01T10:00:00.1230000Z",
    data: { api: "PutBlob" },
    dataVersion: 1, // the library parses every text that is JSON
  });
});

test("a cloud event is delivered individually and passed on unchanged", async () => {
  const { url } = await startSample("events");
  const cloudEvent = { specversion: "1.0", id: "c", source: "/x", type: "y", data: { z: 1 } };
  expect((await post(webhook(url), "Notification", cloudEvent)).status).toBe(202);
  const { seen } = await seenBy(url);
  expect(seen[0].event).toEqual(cloudEvent);
});

test("one failed event fails the delivery, although the others were accepted", async () => {
  const { url } = await startSample("events");
  const batch = [event("a"), event("b", { fail: true }), event("c")];
  const response = await post(webhook(url), "Notification", batch);
  expect([response.status, await response.text()]).toEqual([
    500,
    "Exception while executing function: Functions.blobCreated",
  ]);
  expect((await seenBy(url)).seen).toHaveLength(3);
});

test("accepted deliveries are logged at level debug, failed and rejected ones at a higher level", async () => {
  const { url, log } = await startSample("events");
  await post(webhook(url), "Notification", [event("a")]);
  await post(webhook(url, "other"), "Notification", [event("b")]);
  await post(webhook(url), "Notification", [event("c", { fail: true })]);
  const lines = () =>
    log
      .filter(({ kind, subject }) => kind !== "host" && /blobCreated|EventGrid/.test(subject))
      .map(
        ({ level, subject, message }) => `${level} ${subject} ${message.replace(/\d+ ms/, "_")}`,
      );
  await expect
    .poll(lines)
    .toEqual([
      "debug blobCreated done in _",
      "debug POST /runtime/webhooks/EventGrid 202 in _",
      "information POST /runtime/webhooks/EventGrid 404 in _",
      expect.stringContaining("error blobCreated Error: cannot take it"),
      "information blobCreated failed in _",
      "warning POST /runtime/webhooks/EventGrid 500 in _",
    ]);
});

test.each([
  ["an unknown function", "other", "Notification", 404, "cannot find function: 'other'"],
  [
    "a name in another case",
    "BlobCreated",
    "Notification",
    404,
    "cannot find function: 'BlobCreated'",
  ],
  ["no event type", "blobCreated", undefined, 400, ""],
  ["an unknown event type", "blobCreated", "Other", 400, ""],
  ["the end of a subscription", "blobCreated", "Unsubscribe", 202, ""],
])("a delivery for %s", async (_, name, type, status, text) => {
  const { url } = await startSample("events");
  const response = await post(webhook(url, name), type, [event("a")]);
  expect([response.status, await response.text()]).toEqual([status, text]);
  expect((await seenBy(url)).seen).toEqual([]);
});

function clockForTest(): VirtualClock {
  const clock = virtualClock(Date.parse("2026-03-01T10:30:00Z"));
  onTestFinished(() => clock.dispose());
  return clock;
}

type Fired = { name: string; at: string; timer: { isPastDue: boolean; scheduleStatus: unknown } };

const firedBy = async (url: string, name: string): Promise<Fired[]> =>
  (await seenBy(url)).timers.filter((each: Fired) => each.name === name);

test("a timer fires according to its schedule, and reports its last and next time", async () => {
  const clock = clockForTest();
  const { url } = await startSample("events", { clock });
  await clock.advance(3 * 3_600_000);
  const fired = await firedBy(url, "hourly");
  expect(fired.map(({ at }) => at)).toEqual([
    "2026-03-01T11:00:00.000Z",
    "2026-03-01T12:00:00.000Z",
    "2026-03-01T13:00:00.000Z",
  ]);
  expect(fired[1]?.timer).toEqual({
    schedule: { adjustForDST: true },
    scheduleStatus: {
      last: "2026-03-01T11:00:00+00:00",
      next: "2026-03-01T12:00:00+00:00",
      lastUpdated: "2026-03-01T11:00:00+00:00",
    },
    isPastDue: false,
  });
});

test("a timer with runOnStartup fires immediately; one with an interval below a minute stores no status", async () => {
  const clock = clockForTest();
  const { url } = await startSample("events", { clock });
  await clock.advance(45_000);
  const fired = await firedBy(url, "atStart");
  expect(fired.map(({ at }) => at)).toEqual([
    "2026-03-01T10:30:00.000Z",
    "2026-03-01T10:30:20.000Z",
    "2026-03-01T10:30:40.000Z",
  ]);
  expect(fired.map(({ timer }) => timer.scheduleStatus)).toEqual([null, null, null]);
});

test("a timer that was due while no host ran fires at the next start, past due, once", async () => {
  const clock = clockForTest();
  const stateFile = join(await temporaryDirectory(), "hub.sqlite");
  const first = await startSample("events", { clock, stateFile });
  await first.close();
  await clock.advance(5 * 3_600_000);
  const second = await startSample("events", { clock, stateFile });
  await clock.settled();
  const fired = await firedBy(second.url, "hourly");
  expect(fired.map(({ at, timer }) => [at, timer.isPastDue])).toEqual([
    ["2026-03-01T15:30:00.000Z", true],
  ]);
});

test("no timer fires after the host has closed", async () => {
  const clock = clockForTest();
  const host = await startSample("events", { clock });
  await clock.settled();
  const before = host.log.length;
  await host.close();
  await clock.advance(86_400_000);
  expect(host.log.slice(before).filter(({ kind }) => kind === "function")).toEqual([]);
});
