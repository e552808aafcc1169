import { expect, test } from "vitest";
import { send } from "../../support/host/raw-http.ts";
import { createEvent, inboxRoutes, untilAllEnded } from "../../support/stack/events.ts";
import { startStack } from "../../support/stack/test-stack.ts";

test.each(["event-grid", "cloud-events"] as const)(
  "the app's webhook responds to the handshake of cloud events, and accepts %s in one piece and in chunks",
  async (schema) => {
    const events = await startStack({ settings: inboxRoutes() });
    const path = "/runtime/webhooks/EventGrid?functionName=storageEvents";
    const origin = { "webhook-request-origin": "eventgrid.azure.net" };
    const { host } = events.local;
    const handshake = await send(host.port, { method: "OPTIONS", path, headers: origin });
    expect([handshake.status, handshake.text]).toEqual([200, ""]);
    expect(handshake.headers["webhook-allowed-origin"]).toBe("eventgrid.azure.net");
    const sent = { "aeg-event-type": "Notification" };
    for (const [name, framing] of Object.entries({
      whole: {},
      chunks: { "transfer-encoding": "chunked" },
    })) {
      const event = await createEvent(await events.upload(`inbox/${name}`, "film"));
      const { subject, eventTime, eventType, topic, id, data } = event;
      const cloudEvent = {
        specversion: "1.0",
        type: eventType,
        source: topic,
        id,
        time: eventTime,
        subject,
        data,
      };
      const isCloud = schema === "cloud-events";
      const type = isCloud ? "application/cloudevents-batch+json" : "application/json";
      const headers = { ...sent, ...framing, "content-type": `${type}; charset=utf-8` };
      const content = JSON.stringify([isCloud ? cloudEvent : event]);
      const request = { method: "POST", path, headers, body: content };
      expect((await send(host.port, request)).status).toBe(202);
    }
    const copies = await untilAllEnded(events);
    expect(copies.map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
  },
);

test.each(["application/json", "application/cloudevents+json"])(
  "the app's webhook responds to the validation of a subscription in chunks: %s",
  async (type) => {
    const { host } = (await startStack()).local;
    const data = { validationCode: "512d38b6" };
    const isCloud = type.includes("cloudevents");
    const response = await send(host.port, {
      method: "POST",
      path: "/runtime/webhooks/EventGrid?functionName=storageEvents",
      headers: {
        "aeg-event-type": "SubscriptionValidation",
        "content-type": type,
        "transfer-encoding": "chunked",
        expect: "100-continue",
      },
      body: JSON.stringify(isCloud ? { data } : [{ data }]),
    });
    expect([response.status, JSON.parse(response.text)]).toEqual([
      200,
      { validationResponse: data.validationCode },
    ]);
  },
);
