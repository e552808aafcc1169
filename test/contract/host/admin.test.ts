import { expect, test } from "vitest";
import { jsonOf, startSample } from "../../support/host/host.ts";

const json = { "content-type": "application/json" };

test("admin routes list the functions and run them", async () => {
  const host = await startSample("events");
  const admin = (path: string, body?: unknown) =>
    fetch(`${host.url}/admin/${path}`, {
      method: body === undefined ? "GET" : "POST",
      ...(body !== undefined && { headers: json, body: JSON.stringify(body) }),
    });
  expect(await jsonOf(admin("host/status"))).toEqual({
    id: expect.stringMatching(/./),
    state: "Running",
    version: "4.1037.0.0",
    versionDetails: "4.1037.0",
    platformVersion: "",
    instanceId: "",
    computerName: "",
    processUptime: expect.any(Number),
    functionAppContentEditingState: "Unknown",
  });
  const ping = await admin("host/ping");
  expect([ping.status, await ping.text()]).toEqual([200, ""]);
  expect(ping.headers.get("cache-control")).toBe("no-store,no-cache");
  expect(ping.headers.get("pragma")).toBe("no-cache");
  expect(await jsonOf(admin("host/drain/status"))).toEqual({
    state: "Disabled",
    outstandingInvocations: 0,
    outstandingRetries: 0,
  });
  const functions = await jsonOf(admin("functions"));
  expect(functions.map(({ name }: { name: string }) => name)).toEqual([
    "blobCreated",
    "hourly",
    "atStart",
    "seen",
  ]);
  expect(await jsonOf(admin("functions/seen"))).toMatchObject({
    name: "seen",
    invoke_url_template: `${host.url}/api/seen`,
    config: { bindings: [{ type: "httpTrigger" }, { type: "http", name: "$return" }] },
  });
  expect(await jsonOf(admin("functions/seen/status"))).toEqual({});

  const event = JSON.stringify({ id: "by hand", data: {} });
  expect((await admin("functions/BlobCreated", { input: event })).status).toBe(202);
  expect((await admin("functions/hourly", {})).status).toBe(202);
  const { seen, timers } = await jsonOf(fetch(`${host.url}/api/seen`));
  expect(seen).toMatchObject([{ event: { id: "by hand" } }]);
  expect(timers).toContainEqual(expect.objectContaining({ name: "hourly" }));

  const refused = await admin("functions/hourly", "text");
  expect([refused.status, await refused.text()]).toEqual([400, ""]);
  expect((await admin("functions/other", "text")).status).toBe(400);
  expect((await admin("functions/other", {})).status).toBe(404);
  expect((await admin("other")).status).toBe(404);
});

test.each([
  ["an HTTP function", "greeting", "call its route"],
  ["an orchestrator", "greetLater", "start an orchestration through a durable client"],
])("%s is accepted by the admin route, and fails in the background", async (_, name, hint) => {
  const host = await startSample("greeter");
  const body = JSON.stringify({ input: "" });
  const init = { method: "POST", headers: json, body };
  const response = await fetch(`${host.url}/admin/functions/${name}`, init);
  expect([response.status, await response.text()]).toEqual([202, ""]);
  expect(host.log).toContainEqual(
    expect.objectContaining({
      level: "error",
      subject: name,
      message: `Cannot run the function because its trigger takes no input from an admin request: ${hint}`,
    }),
  );
});

test.each(["keys", "functionkeys", "systemkeys"])(
  "a host without keys lists none: %s",
  async (name) => {
    const { url } = await startSample("web");
    const href = `${url}/admin/host/${name}`;
    expect(await jsonOf(fetch(href))).toEqual({ keys: [], links: [{ rel: "self", href }] });
  },
);
