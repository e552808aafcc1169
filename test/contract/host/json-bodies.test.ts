import { expect, test } from "vitest";
import { startSample, writtenApp } from "../../support/host/host.ts";
import { send } from "../../support/host/raw-http.ts";

/* Bodies that reach the host's own routes: extensions and admin. Functions check their bodies themselves. */

const main = `
  import { app } from "@azure/functions";
  import * as df from "durable-functions";
  let calls = 0;
  app.get("calls", () => ({ body: String(calls) }));
  app.eventGrid("received", { handler: () => { calls++; } });
  df.app.activity("count", { handler: () => { calls++; } });
  df.app.orchestration("quick", function* () { calls++; });
`;

const start = async () => startSample(await writtenApp({ "main.js": main }));

const bodies = [
  { what: "without a type" },
  { what: "of plain text", type: "text/plain;charset=UTF-8" },
  { what: "of a form", type: "application/x-www-form-urlencoded" },
  { what: "of several parts", type: "multipart/form-data; boundary=a" },
  { what: "of text with a JSON parameter", type: "text/plain; a=application/json" },
  { what: "of two types", type: "application/json, text/plain" },
  { what: "of a different JSON type", type: "application/problem+json" },
];

const routesWithBodies = [
  { path: "/runtime/webhooks/durabletask/orchestrators/quick", body: "{}", served: 202 },
  { path: "/runtime/webhooks/durabletask/instances/a/terminate", body: "{}", served: 404 },
  { path: "/admin/functions/count", body: "{}", served: 202 },
  { path: "/runtime/webhooks/EventGrid?functionName=received", body: "[{}]", served: 202 },
];

test.each(bodies)("the host's own routes reject a body $what", async ({ type }) => {
  const { port, url } = await start();
  const own = { "aeg-event-type": "Notification" };
  const sent = { ...own, ...(type === undefined ? {} : { "content-type": type }) };
  for (const { path, body } of routesWithBodies) {
    for (const framing of [{}, { "transfer-encoding": "chunked" }]) {
      const headers = { ...sent, ...framing };
      const response = await send(port, { method: "POST", path, headers, body });
      expect(response.status, path).toBe(415);
      expect(response.text, path).toMatch(/the header \\?"Content-Type: application\/json\\?"/);
      expect(response.headers["accept"], path).toMatch(/^application\/json(, |$)/);
    }
  }
  expect(await (await fetch(`${url}/api/calls`)).text()).toBe("0");
  for (const { path, body, served } of routesWithBodies) {
    const headers = { ...own, "content-type": "Application/JSON; charset=utf-8" };
    const response = await send(port, { method: "POST", path, headers, body });
    expect(response.status, path).toBe(served);
  }
});

test.each(["application/cloudevents+json", "application/cloudevents-batch+json"])(
  "%s is accepted for events, and for nothing else",
  async (type) => {
    const { port } = await start();
    const headers = { "content-type": `${type}; charset=utf-8`, "aeg-event-type": "Notification" };
    const statuses: number[] = [];
    for (const { path, body } of routesWithBodies) {
      statuses.push((await send(port, { method: "POST", path, headers, body })).status);
    }
    expect(statuses).toEqual([415, 415, 415, 202]);
  },
);

test("a request without a body needs no type", async () => {
  const { port } = await start();
  const statusOf = async (path: string, headers = {}) =>
    (await send(port, { method: "POST", path, headers })).status;
  expect(await statusOf("/runtime/webhooks/durabletask/orchestrators/quick/one")).toBe(202);
  expect(await statusOf("/runtime/webhooks/durabletask/instances/none/terminate")).toBe(404);
  expect(await statusOf("/admin/host/ping")).toBe(200);
  const unsubscribe = { "aeg-event-type": "Unsubscribe" };
  const webhook = "/runtime/webhooks/EventGrid?functionName=received";
  expect(await statusOf(webhook, unsubscribe)).toBe(202);
});

test("the extension itself still rejects an event that is plain text", async () => {
  const { port } = await start();
  const path = "/runtime/webhooks/durabletask/instances/a/raiseEvent/b";
  const response = await send(port, { method: "POST", path, body: "text" });
  expect(response.status).toBe(400);
  expect(response.text).toContain("Only application/json");
});
