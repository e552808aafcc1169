import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const there = "http://127.0.0.1:1/devstoreaccount1/archive/film.mp4";

/** Every kind of invalid call: the request, the status, and the pointers that must be named. */
const calls: {
  what: string;
  method?: string;
  path?: string;
  raw?: string | Buffer<ArrayBuffer>;
  body?: unknown;
  headers?: Record<string, string>;
  status: number;
  pointers?: string[];
}[] = [
  { what: "no body", raw: "", status: 400, pointers: [""] },
  { what: "a body that is not JSON", raw: "{", status: 400, pointers: [""] },
  {
    what: "bytes that are not UTF-8",
    raw: Buffer.from([0x22, 0xff, 0x22]),
    status: 400,
    pointers: [""],
  },
  { what: "JSON null", raw: "null", status: 400, pointers: [""] },
  { what: "a number", raw: "7", status: 400, pointers: [""] },
  { what: "a list", raw: "[]", status: 400, pointers: [""] },
  { what: "an empty object", body: {}, status: 400, pointers: ["/source", "/destination"] },
  {
    what: "wrong types everywhere",
    body: { source: 1, destination: [], options: { overwrite: 3, tier: {}, metadata: "x" } },
    status: 400,
    pointers: [
      "/source",
      "/destination",
      "/options/overwrite",
      "/options/tier",
      "/options/metadata",
    ],
  },
  {
    what: "unknown fields at every level",
    body: { source: there, destination: there, extra: 1, options: { speed: "fast", "a/b~c": 1 } },
    status: 400,
    pointers: ["/extra", "/options/speed", "/options/a~1b~0c"],
  },
  {
    what: "options null",
    body: { source: there, destination: there, options: null },
    status: 400,
    pointers: ["/options"],
  },
  {
    what: "metadata and tags that are objects with a value that is not a string",
    body: {
      source: there,
      destination: there,
      options: { metadata: { a: { toString: null } }, tags: { b: { toString: null } } },
    },
    status: 400,
    pointers: ["/options/metadata/a", "/options/tags/b"],
  },
  {
    what: "metadata that no header can contain",
    body: {
      source: there,
      destination: there,
      options: { metadata: { "1a": "x", b: "é", c: 5, d: " x" } },
    },
    status: 400,
    pointers: [
      "/options/metadata/1a",
      "/options/metadata/b",
      "/options/metadata/c",
      "/options/metadata/d",
    ],
  },
  {
    what: "more than 8 KiB of metadata",
    body: { source: there, destination: there, options: { metadata: { a: "x".repeat(8_192) } } },
    status: 400,
    pointers: ["/options/metadata"],
  },
  { what: "a body of 1 MB", raw: JSON.stringify({ source: "x".repeat(1_000_000) }), status: 413 },
  { what: "deep nesting", raw: "[".repeat(30_000), status: 400, pointers: [""] },
  {
    what: "a form",
    raw: "a=b",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    status: 415,
  },
  {
    what: "an Idempotency-Key with spaces",
    body: { source: there, destination: there },
    headers: { "idempotency-key": "a b" },
    status: 400,
    pointers: [""],
  },
  {
    what: "two Idempotency-Keys, which the host joins",
    body: { source: there, destination: there },
    headers: { "idempotency-key": "a,b" },
    status: 400,
    pointers: [""],
  },
  {
    what: "a long Idempotency-Key",
    body: { source: there, destination: there },
    headers: { "idempotency-key": "k".repeat(256) },
    status: 400,
    pointers: [""],
  },
  ...["PUT", "PATCH", "DELETE"].map((method) => ({
    what: `${method} /copies`,
    method,
    status: 405,
  })),
  ...["POST", "PUT", "PATCH"].map((method) => ({
    what: `${method} /copies/{id}`,
    method,
    path: "/copies/x",
    status: 405,
  })),
  ...["GET", "PUT", "DELETE"].map((method) => ({
    what: `${method} abort`,
    method,
    path: "/copies/x/abort",
    status: 405,
  })),
  { what: "POST /health", method: "POST", path: "/health", status: 405 },
  ...[
    "x",
    "01a1fb88-0c5b-77ed-8af1-403e51b453cb",
    "..%2f..",
    "%00",
    "'; drop table",
    "a".repeat(2_000),
    "0".repeat(36),
  ].flatMap((id) => [
    {
      what: `GET of the unknown id ${id.slice(0, 40)}`,
      method: "GET",
      path: `/copies/${id}`,
      status: 404,
    },
    {
      what: `abort of the unknown id ${id.slice(0, 40)}`,
      method: "POST",
      path: `/copies/${id}/abort`,
      status: 404,
    },
  ]),
];

/** Source and destination URLs that are rejected with every allow-list. */
const urls: { what: string; url: string; says: RegExp }[] = [
  { what: "no URL", url: "film.mp4", says: /not an absolute URL/ },
  { what: "an empty string", url: "", says: /not an absolute URL/ },
  { what: "another scheme", url: "ftp://acct1.blob.core.windows.net/inbox/a", says: /https/ },
  { what: "a file", url: "file:///etc/passwd", says: /not Azure Storage/ },
  { what: "plain http", url: "http://acct1.blob.core.windows.net/inbox/a", says: /https/ },
  {
    what: "a host that is not Storage",
    url: "https://example.com/inbox/a",
    says: /not Azure Storage/,
  },
  {
    what: "a host that ends almost like Storage",
    url: "https://acct1.blob.core.windows.net.evil.com/inbox/a",
    says: /not Azure Storage/,
  },
  {
    what: "a host without its dot",
    url: "https://acct1xblob.core.windows.net/inbox/a",
    says: /not Azure Storage/,
  },
  {
    what: "a trailing dot",
    url: "https://acct1.blob.core.windows.net./inbox/a",
    says: /without the trailing dot/,
  },
  { what: "an IP literal", url: "https://169.254.169.254/inbox/a", says: /not Azure Storage/ },
  {
    what: "an IP literal in hex",
    url: "https://0x7f000001/inbox/a",
    says: /which is read as "127\.0\.0\.1"/,
  },
  { what: "an IPv6 literal", url: "https://[::1]/inbox/a", says: /not Azure Storage/ },
  {
    what: "an IDN look-alike",
    url: "https://acct1.blob.core.windоws.net/inbox/a",
    says: /which is read as "acct1\.blob\.core\.xn--windws-zqf\.net"/,
  },
  {
    what: "user information",
    url: "https://me:pw@acct1.blob.core.windows.net/inbox/a",
    says: /user information/,
  },
  { what: "a port", url: "https://acct1.blob.core.windows.net:8443/inbox/a", says: /port 8443/ },
  {
    what: "another service",
    url: "https://acct1.queue.core.windows.net/inbox/a",
    says: /service "queue"/,
  },
  { what: "no blob", url: "https://acct1.blob.core.windows.net/inbox", says: /not a blob/ },
  { what: "no container", url: "https://acct1.blob.core.windows.net/", says: /container/ },
  {
    what: "an invalid container name",
    url: "https://acct1.blob.core.windows.net/In_box/a",
    says: /container/,
  },
  {
    what: "dots after encoded slashes",
    url: "https://acct1.blob.core.windows.net/inbox/a%2f..%2f..%2fb",
    says: /"\.\."/,
  },
  {
    what: "a backslash",
    url: "https://acct1.blob.core.windows.net/inbox/a%5c..%5cb",
    says: /U\+005C BACKSLASH/,
  },
  {
    what: "a control character",
    url: "https://acct1.blob.core.windows.net/inbox/a%00b",
    says: /U\+0000 NULL/,
  },
  {
    what: "broken percent encoding",
    url: "https://acct1.blob.core.windows.net/inbox/%zz",
    says: /percent-encoded/,
  },
  { what: "a fragment", url: "https://acct1.blob.core.windows.net/inbox/a#b", says: /fragment/ },
  {
    what: "a query that is not a SAS",
    url: "https://acct1.blob.core.windows.net/inbox/a?comp=copy",
    says: /"comp"/,
  },
  {
    what: "a SAS without signature",
    url: "https://acct1.blob.core.windows.net/inbox/a?sv=2026-10-06&sp=r",
    says: /signature/,
  },
  {
    what: "a SAS with a parameter twice",
    url: "https://acct1.blob.core.windows.net/inbox/a?sp=r&sp=w&sig=x",
    says: /repeats/,
  },
  {
    what: "more than 2 KiB",
    url: `https://acct1.blob.core.windows.net/inbox/${"a".repeat(2_048)}`,
    says: /1,024/,
  },
  {
    what: "a blob name of 1,025 characters",
    url: `https://acct1.blob.core.windows.net/inbox/${"a".repeat(1_025)}`,
    says: /1,024/,
  },
];

let stack: TestStack;
beforeAll(async () => {
  stack = await openStack();
});

afterAll(() => stack.close());

afterEach(async function nothingWasWrittenOrStarted() {
  const response = await fetch(`${stack.local.host.url}/runtime/webhooks/durabletask/instances/`);
  expect(await response.json()).toEqual([]);
  const writes = stack.local.emulator.requests.filter(({ method }) => method !== "GET");
  // The only write is the test's own container.
  expect(writes.map(({ operation }) => operation)).toEqual(["CreateContainer"]);
});

test.each(calls)("$what is rejected with problem details", async (row) => {
  const { method = "POST", path = "/copies", raw, body, headers } = row;
  const response = await stack.call(method, path, {
    ...(raw === undefined ? {} : { raw }),
    body,
    ...(headers === undefined ? {} : { headers }),
  });
  expect(response.status).toBe(row.status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(response.json).toMatchObject({
    status: row.status,
    type: expect.stringMatching(/^urn:ferry:problem:/),
  });
  expect(response.json.detail).not.toBe("");
  if (row.status === 405)
    expect(response.headers.get("allow")).toMatch(
      /^(GET, HEAD|POST|GET, POST, HEAD|GET, DELETE, HEAD), OPTIONS$/,
    );
  if (row.pointers !== undefined) {
    const named = response.json.errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(named).toEqual(expect.arrayContaining(row.pointers));
    for (const { message } of response.json.errors) expect(message).not.toBe("");
  }
});

test.each(urls)(
  "$what is rejected as source and as destination, in one response",
  async ({ url, says }) => {
    const response = await stack.call("POST", "/copies", {
      body: { source: url, destination: url },
    });
    expect(response.status).toBe(400);
    for (const pointer of ["/source", "/destination"]) {
      const messages = response.json.errors
        .filter((error: { pointer: string }) => error.pointer === pointer)
        .map(({ message }: { message: string }) => message);
      expect(messages.join("; ")).toMatch(says);
    }
  },
);

test.each([
  { what: "the reverse of an allowed pair", from: "devstoreaccount1", to: "devstoreaccount2" },
  { what: "an account that no pair names", from: "devstoreaccount3", to: "devstoreaccount1" },
])("$what is not allowed", async ({ from, to }) => {
  const { blobUrl } = stack.local.emulator;
  const body = {
    source: `${blobUrl}/${from}/inbox/a`,
    destination: `${blobUrl}/${to}/archive/a`,
  };
  const response = await stack.call("POST", "/copies", { body });
  expect(response.status).toBe(403);
  const pair = { from: `${blobUrl}/${from}/inbox`, to: `${blobUrl}/${to}/archive` };
  expect(response.json).toMatchObject({
    type: "urn:ferry:problem:not-allowed",
    fix: `Ask an operator of the app to add a pair to COPY_ALLOWED, such as ${JSON.stringify(pair)}`,
  });
});

test("a destination on a read-only secondary is rejected", async () => {
  const source = "https://acct1.blob.core.windows.net/inbox/a";
  const destination = "https://acct1-secondary.blob.core.windows.net/inbox/b";
  const response = await stack.call("POST", "/copies", { body: { source, destination } });
  expect(response.json.errors).toEqual([
    { pointer: "/destination", message: expect.stringContaining("read-only") },
  ]);
});

test("HEAD of an abort, which has no GET, returns no body and the allowed methods", async () => {
  const response = await stack.call("HEAD", "/copies/x/abort");
  expect([response.status, response.text]).toEqual([405, ""]);
  expect(response.headers.get("allow")).toBe("POST, OPTIONS");
});
