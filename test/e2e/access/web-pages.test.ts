import { BlobSASPermissions } from "@azure/storage-blob";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { jsonOf } from "../../support/host/host.ts";
import { exchange, send } from "../../support/host/raw-http.ts";
import type { RawRequest } from "../../support/host/raw-http.ts";
import { startExternalServer } from "../../support/servers/outside.ts";
import { hour, openStack } from "../../support/stack/test-stack.ts";
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

/** Bodies that a page may send to any address: text in three types, or a body without a type. */
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
      detail: "The content type of the body is not application/json",
      fix: 'Send uncompressed JSON with the header "Content-Type: application/json"',
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

test("a page whose name resolves to this machine cannot use Storage either, although the key is published", async () => {
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

/** A link that any page can make, because the key is published, to a blob that any caller may have written. */
async function pageLink(type = "text/html"): Promise<string> {
  const url = new URL(
    await stack.blob("inbox/film.mp4").generateSasUrl({
      permissions: BlobSASPermissions.parse("r"),
      expiresOn: new Date(stack.clock.now() + hour),
      contentType: type,
    }),
  );
  return url.pathname + url.search;
}

test.each(["image", "audio", "video", "track"])(
  "a page of another site may show a blob as %s, without reading it",
  async (dest) => {
    const path = await pageLink("image/png");
    const { port } = stack.local.emulator;
    const headers = { host: `localhost:${port}`, "sec-fetch-site": "cross-site" };
    const shown = await send(port, { path, headers: { ...headers, "sec-fetch-dest": dest } });
    expect([shown.status, shown.text]).toEqual([200, "film"]);
    known++;
    const read = { ...headers, "sec-fetch-dest": dest, origin: "https://evil.example" };
    expect((await send(port, { path, headers: read })).status).toBe(403);
  },
);

test.each([
  "document",
  "iframe",
  "frame",
  "embed",
  "object",
  "script",
  "style",
  "font",
  "worker",
  "serviceworker",
  "xslt",
  "empty",
  "image, document",
  "",
])(
  "a page of another site cannot load a blob as %j, even by a link that the user follows",
  async (dest) => {
    const path = await pageLink();
    for (const method of ["GET", "HEAD"]) {
      for (const port of [stack.local.emulator.port, stack.local.emulator.filePort]) {
        const headers = { "sec-fetch-site": "cross-site", "sec-fetch-dest": dest };
        const response = await send(port, { method, path, headers });
        expect(response.status).toBe(403);
        expect(response.headers).toMatchObject(inert);
      }
    }
  },
);

const inert = { "content-security-policy": "sandbox", "x-content-type-options": "nosniff" };

test("a blob of any type that the user opens is sandboxed, so it cannot call the host", async () => {
  const { port } = stack.local.emulator;
  for (const type of ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml"]) {
    for (const headers of [{}, { "sec-fetch-site": "none", "sec-fetch-dest": "document" }]) {
      const response = await send(port, { path: await pageLink(type), headers });
      expect([response.status, response.headers["content-type"]]).toEqual([200, type]);
      expect(response.headers).toMatchObject(inert);
      known++;
    }
  }
  const missing = await send(port, { path: "/devstoreaccount1/inbox/missing" });
  expect(missing.headers).toMatchObject(inert);
  known++;
  // This is the origin of a sandboxed page.
  const headers = { origin: "null", "content-type": "application/json" };
  const request = { method: "POST", path: "/api/copies", headers, body: JSON.stringify(copy()) };
  expect((await send(stack.local.host.port, request)).status).toBe(403);
});

test.each([
  ["a user before the name", "/devstoreaccount1?comp=list", "evil.example@127.0.0.1", 421],
  ["a path after the name", "/devstoreaccount1?comp=list", "127.0.0.1/evil.example", 421],
  ["a foreign name in the target", "http://evil.example/devstoreaccount1", "127.0.0.1", 421],
  ["a foreign user in the target", "http://127.0.0.1@evil.example/", "127.0.0.1", 421],
])("Storage refuses %s", async (_, target, host, status) => {
  for (const port of [stack.local.emulator.port, stack.local.emulator.filePort]) {
    const lines = [`GET ${target} HTTP/1.1`, `Host: ${host}`, "Connection: close", "", ""];
    const { head } = await exchange(port, lines.join("\r\n"));
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(head).not.toContain("evil");
  }
});
