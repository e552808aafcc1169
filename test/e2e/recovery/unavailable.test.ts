import { expect, onTestFinished, test, vi } from "vitest";
import { systemClock } from "../../../src/local/clock.ts";
import type { ManagementResponse } from "../../../src/local/durable/api/engine-api.ts";
import { openDurableEngine } from "../../../src/local/durable/engine.ts";
import { startLocalStack } from "../../../src/local/local-stack.ts";
import { appDirectory } from "../../support/app-directory.ts";

/*
 * Goal: callers get a response within ten seconds while the task hub or the ledger is unavailable. Method: the app on the
 * local host, with an engine whose management routes fail or never respond, and a Storage emulator that fails the
 * ledger.
 */

/** "no binding": the host cannot build a durable client binding, for example because WEBSITE_HOSTNAME is not set. */
type Hub = "well" | "failing" | "hanging" | "no binding";

async function start(settings: Record<string, string> = {}) {
  let hub: Hub = "well";
  let held: (() => void)[] = [];
  const log: string[] = [];
  const stack = await startLocalStack({
    appDirectory,
    stateDirectory: null,
    clock: systemClock(),
    functionsPort: 0,
    blobPort: 0,
    log: ({ message }) => log.push(message),
    settings,
    openEngine: (options) => {
      const engine = openDurableEngine(options);
      const failing: ManagementResponse = { status: 500, headers: {}, body: "the hub is down" };
      return {
        ...engine,
        clientBinding: (origin) => {
          if (hub === "no binding") throw new Error("Webhooks are not configured");
          return engine.clientBinding(origin);
        },
        handle: (request) => {
          if (hub === "hanging") {
            return new Promise((resolve) => held.push(() => resolve(failing)));
          }
          return hub === "failing" ? Promise.resolve(failing) : engine.handle(request);
        },
      };
    },
  });
  onTestFinished(() => stack.close());
  const root = `${stack.emulator.blobUrl}/devstoreaccount1`;
  const request = { source: `${root}/inbox/film`, destination: `${root}/archive/film` };
  /** A hub that works again answers the calls that it held. */
  const set = (state: Hub) => {
    hub = state;
    for (const release of held) release();
    held = [];
  };
  const call = (method: string, path: string, body?: unknown) =>
    fetch(`${stack.host.url}/api${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
  return { stack, log, request, call, set, heldCalls: () => held.length };
}

const unavailable = async (response: Response) => {
  expect(response.status).toBe(503);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(response.headers.get("retry-after")).toBe("10");
  return (await response.json()) as { type: string; detail: string };
};

test("a hub that fails is reported as unavailable by GET, abort and POST", async () => {
  const { call, request, set } = await start();
  const { id } = (await (await call("POST", "/copies", request)).json()) as { id: string };
  set("failing");
  for (const [method, path] of [
    ["GET", `/copies/${id}`],
    ["POST", `/copies/${id}/abort`],
  ] as const) {
    const { type, detail } = await unavailable(await call(method, path));
    expect(type).toBe("urn:ferry:problem:unavailable");
    expect(detail).not.toContain("the hub is down");
  }
  await unavailable(
    await call("POST", "/copies", { ...request, destination: `${request.destination}2` }),
  );
  set("well");
  expect((await call("GET", `/copies/${id}`)).status).toBe(200);
});

test("a hub that hangs is reported as unavailable after nine seconds, to callers and to Event Grid", async () => {
  const { call, request, set, stack, heldCalls } = await start({
    COPY_ROUTES: JSON.stringify([
      {
        name: "all",
        source: "http://127.0.0.1:10000/devstoreaccount1/inbox",
        destination: "http://127.0.0.1:10000/devstoreaccount1/archive/{path}",
      },
    ]),
  });
  const { id } = (await (await call("POST", "/copies", request)).json()) as { id: string };
  // The routed blob cannot be read either, so its event is passed to the hub.
  stack.emulator.faults.add({
    operation: "GetBlobProperties",
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  set("hanging");
  const event = {
    id: "1",
    eventType: "Microsoft.Storage.BlobCreated",
    subject: "/blobServices/default/containers/inbox/blobs/film",
    eventTime: new Date().toISOString(),
    dataVersion: "1",
    topic: "t",
    data: { api: "PutBlob", eTag: "0x1", url: request.source, blobType: "BlockBlob" },
  };
  const responses = Promise.all([
    call("GET", `/copies/${id}`),
    call("POST", `/copies/${id}/abort`),
    call("POST", "/copies", { ...request, destination: `${request.destination}2` }),
    fetch(`${stack.host.url}/runtime/webhooks/EventGrid?functionName=storageEvents`, {
      method: "POST",
      headers: { "content-type": "application/json", "aeg-event-type": "Notification" },
      body: JSON.stringify([event]),
    }),
  ]);
  // Each call has set its deadline by the time the hub holds it.
  while (heldCalls() < 4) await new Promise(setImmediate);
  await vi.advanceTimersByTimeAsync(9_000);
  vi.useRealTimers();
  const [read, abort, started, delivered] = await responses;
  for (const response of [read, abort, started]) await unavailable(response);
  expect(delivered.status).toBe(500);
  set("well");
});

test("health needs no durable client", async () => {
  const { stack, call, set } = await start();
  set("failing");
  expect((await call("GET", "/health")).status).toBe(200);
  set("no binding");
  expect((await call("GET", "/copies/x")).status).toBe(500);
  expect((await call("GET", "/health")).status).toBe(200);
  expect((await call("POST", "/health")).status).toBe(405);
  expect(stack.host.functions.filter(({ name }) => name === "health")).toHaveLength(1);
});

test("outside a developer's machine, health of an app with invalid settings reports every problem", async () => {
  const { call, stack } = await start({
    AZURE_FUNCTIONS_ENVIRONMENT: "Production",
    COPY_ALLOWED: "nonsense",
    COPY_WATCHDOG: "never",
  });
  expect(stack.host.functions.map(({ name }) => name)).toEqual(["health", "dashboard"]);
  const response = await call("GET", "/health");
  expect(response.status).toBe(503);
  const { type, detail } = (await response.json()) as { type: string; detail: string };
  expect(type).toBe("urn:ferry:problem:settings");
  expect(detail).toContain("COPY_ALLOWED must be a JSON list");
  expect(detail).toContain("COPY_WATCHDOG");
  expect((await call("GET", "/copies/x")).status).toBe(404);
});

test("without the platform's sign-in, COPY_AUTH=entra leaves only health and the page, and health names the fault", async () => {
  const entra = { AZURE_FUNCTIONS_ENVIRONMENT: "Production", COPY_AUTH: "entra" };
  const { call, stack } = await start(entra);
  expect(stack.host.functions.map(({ name }) => name)).toEqual(["health", "dashboard"]);
  const response = await call("GET", "/health");
  expect(response.status).toBe(503);
  expect(await response.text()).toContain("App Service authentication is off");
  await stack.close();

  const signedIn = await start({ ...entra, WEBSITE_AUTH_ENABLED: "true" });
  expect(signedIn.stack.host.functions.length).toBeGreaterThan(1);
  expect((await signedIn.call("GET", "/health")).status).toBe(200);
});

test("on a developer's machine, invalid settings stop the host with a message", async () => {
  await expect(start({ COPY_ALLOWED: "nonsense" })).rejects.toThrow(/COPY_ALLOWED must be/);
});
