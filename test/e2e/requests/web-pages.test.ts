import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { jsonOf } from "../../support/host/host.ts";
import { send } from "../../support/host/raw-http.ts";
import type { RawRequest } from "../../support/host/raw-http.ts";
import { startExternalServer } from "../../support/stack/outside.ts";
import { openStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* Everything that a page in the developer's browser can send to `npm start` without a preflight. */

let stack: TestStack;
beforeAll(async () => {
  stack = await openStack();
  await stack.upload("inbox/film.mp4", "film");
});
afterAll(() => stack.close());

let known = 0;
afterEach(async function nothingWasStartedAndStorageWasNotCalled() {
  await stack.clock.settled();
  const instances = `${stack.local.host.url}/runtime/webhooks/durabletask/instances`;
  expect(await jsonOf(fetch(instances))).toEqual([]);
  const { requests } = stack.local.emulator;
  const calls = requests.slice(known).map(({ operation }) => operation);
  known = requests.length;
  expect(calls).toEqual([]);
});
beforeAll(() => {
  known = stack.local.emulator.requests.length;
});

const copy = () => {
  const source = stack.blob("inbox/film.mp4").url;
  return { source, destination: stack.blob("archive/film.mp4").url };
};

/** What a page may send to any address: text in three types, or a body without a type. */
const simpleTypes: Record<string, string>[] = [
  {},
  { "content-type": "text/plain;charset=UTF-8" },
  { "content-type": "application/x-www-form-urlencoded" },
  { "content-type": "multipart/form-data; boundary=a" },
];

const pages: { what: string; headers: Record<string, string> }[] = [
  {
    what: "a page of another origin",
    headers: { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
  },
  {
    what: "a page of another origin, in an older browser",
    headers: { origin: "http://evil.example" },
  },
  { what: "a sandboxed page", headers: { origin: "null", "sec-fetch-site": "cross-site" } },
  {
    what: "a page whose name resolves to this machine",
    headers: { host: "evil.example:7071", origin: "http://evil.example:7071" },
  },
  {
    what: "the same page, which can send any content type",
    headers: {
      host: "evil.example:7071",
      origin: "http://evil.example:7071",
      "sec-fetch-site": "same-origin",
      "content-type": "application/json",
    },
  },
];

/** The attacker's input names its own server as an endpoint, to receive the identity's token. */
const attackers = (origin: string): RawRequest[] => {
  const endpoint = { service: "blob", origin, account: "x", container: "c", path: "via-durable/x" };
  const input = { version: 1, source: endpoint, destination: endpoint, options: {} };
  const durable = "/runtime/webhooks/durabletask";
  const event = { eventType: "Microsoft.Storage.BlobCreated", data: {}, subject: "a" };
  return [
    { path: "/api/copies", body: JSON.stringify(copy()) },
    { path: "/api/copies/01a1fb88-0c5b-77ed-8af1-403e51b453cb/abort" },
    { path: `${durable}/orchestrators/copyOrchestration`, body: JSON.stringify(input) },
    { path: `${durable}/orchestrators/copyOrchestration` },
    { path: `${durable}/instances/a/raiseEvent/abort`, body: "null" },
    { path: `${durable}/instances/a/terminate?reason=x` },
    {
      path: "/admin/functions/readCopy",
      body: JSON.stringify({ input: JSON.stringify({ input, copyId: "x" }) }),
    },
    { path: "/admin/functions/purge", body: "{}" },
    { path: "/admin/functions/storageEvents", body: JSON.stringify({ input: event }) },
    {
      path: "/runtime/webhooks/EventGrid?functionName=storageEvents",
      body: JSON.stringify([event]),
      headers: { "aeg-event-type": "Notification" },
    },
  ];
};

test.each(pages)("$what starts nothing, and reaches no Storage", async ({ headers }) => {
  const server = await startExternalServer({});
  const before = stack.log.length;
  for (const request of attackers(server.origin)) {
    for (const type of simpleTypes) {
      const all = { ...type, ...request.headers, ...headers };
      const response = await send(stack.local.host.port, {
        ...request,
        method: "POST",
        headers: all,
      });
      expect([403, 421], request.path).toContain(response.status);
      expect(JSON.stringify(response)).not.toContain("evil.example");
    }
  }
  expect(server.requests).toEqual([]);
  const invoked = stack.log.slice(before).filter(({ kind }) => /function|activity/.test(kind));
  expect(invoked).toEqual([]);
});

test("a page cannot read copies, instances, keys or functions if its name resolves to this machine", async () => {
  for (const path of [
    "/api/health",
    "/api/copies/01a1fb88-0c5b-77ed-8af1-403e51b453cb",
    "/runtime/webhooks/durabletask/instances?showInput=true",
    "/admin/host/systemkeys",
    "/admin/functions",
  ]) {
    const headers = { host: "evil.example:7071" };
    const response = await send(stack.local.host.port, { path, headers });
    expect(response.status, path).toBe(421);
    expect(response.text, path).toContain("LOCAL_HOST_NAMES");
  }
});

test.each(simpleTypes)(
  "a body with %o starts no copy even without the headers of a page",
  async (type) => {
    const body = JSON.stringify(copy());
    const request = { method: "POST", path: "/api/copies", headers: type, body };
    const response = await send(stack.local.host.port, request);
    expect(response.status).toBe(415);
    expect(JSON.parse(response.text)).toMatchObject({
      type: "urn:ferry:problem:unsupported-media-type",
      detail: 'Send the header "Content-Type: application/json"',
    });
  },
);

test("a preflight fails: OPTIONS allows no other origin", async () => {
  const path = "/api/copies";
  for (const origin of ["https://evil.example", "http://localhost:3000"]) {
    const headers = {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    };
    const response = await send(stack.local.host.port, { method: "OPTIONS", path, headers });
    expect(response.status).toBe(origin.includes("evil") ? 403 : 204);
    expect(Object.keys(response.headers).join()).not.toContain("access-control");
  }
});

test("a page whose name resolves to this machine cannot use Storage either, though it knows the key", async () => {
  const url = new URL(await stack.readSas(stack.blob("inbox/film.mp4"), { permissions: "racwd" }));
  const path = url.pathname + url.search;
  const { port } = stack.local.emulator;
  const blob = { "x-ms-blob-type": "BlockBlob" };
  const statusOf = async (method: string, headers: Record<string, string>) =>
    (await send(port, { method, path, headers: { ...blob, ...headers } })).status;
  for (const method of ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"]) {
    expect(await statusOf(method, { host: `evil.example:${port}` }), method).toBe(421);
  }
  for (const method of ["PUT", "POST", "DELETE", "OPTIONS"]) {
    expect(await statusOf(method, { origin: "https://evil.example" }), method).toBe(403);
    expect(await statusOf(method, { "sec-fetch-site": "cross-site" }), method).toBe(403);
  }
  const files = await send(stack.local.emulator.filePort, { path: "/", headers: { host: "evil" } });
  expect(files.status).toBe(421);
});

test("a page may embed a blob, as in Azure", async () => {
  const url = new URL(await stack.readSas(stack.blob("inbox/film.mp4")));
  const response = await send(stack.local.emulator.port, {
    path: url.pathname + url.search,
    headers: { host: `localhost:${stack.local.emulator.port}`, "sec-fetch-site": "cross-site" },
  });
  expect([response.status, response.text]).toEqual([200, "film"]);
  known++;
});
