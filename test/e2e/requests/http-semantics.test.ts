import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exchange, send } from "../../support/host/raw-http.ts";
import { openStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* Bodies of requests to the API, HEAD and OPTIONS. */

let stack: TestStack;
beforeAll(async () => {
  stack = await openStack({ copies: { bytesPerSecond: 10_000 } });
  await stack.upload("inbox/film.mp4", Buffer.alloc(1_000_000, "film"));
});
afterAll(() => stack.close());

const port = () => stack.local.host.port;
const body = (name: string) =>
  JSON.stringify({
    source: stack.blob("inbox/film.mp4").url,
    destination: stack.blob(`archive/${name}`).url,
  });
const json = { "content-type": "application/json" };
const chunked = { "transfer-encoding": "chunked" };

async function post(headers: Record<string, string>, content: string | Buffer) {
  const request = { method: "POST", path: "/api/copies", headers, body: content };
  const response = await send(port(), request);
  return { ...response, json: JSON.parse(response.text) };
}

const lengthNeeded = {
  status: 411,
  json: {
    type: "urn:ferry:problem:length-required",
    status: 411,
    detail: "The body was lost because it came in chunks",
    fix: "Send the body in one piece, with the header Content-Length",
  },
};

test.each([
  ["valid JSON", {}, body],
  ["valid JSON after Expect", { expect: "100-continue" }, body],
  ["text that is not JSON", {}, () => "{"],
  ["no bytes", {}, () => ""],
  ["more than the limit", {}, () => "x".repeat(100_000)],
  ["gzip as a transfer coding", { "transfer-encoding": "gzip, chunked" }, body],
])(
  "a body in chunks with %s returns 411, because the host drops it",
  async (_, headers, content) => {
    expect(await post({ ...json, ...chunked, ...headers }, content("chunked"))).toMatchObject(
      lengthNeeded,
    );
  },
);

test("a body in chunks returns 411, for every form of chunks", async () => {
  const sent = body("pieces");
  const half = Math.floor(sent.length / 2);
  const chunk = (text: string) => `${text.length.toString(16)};x=1\r\n${text}\r\n`;
  const head = `POST /api/copies HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n`;
  const lines = `Content-Type: application/json\r\nTransfer-Encoding: Chunked\r\nTrailer: X\r\n\r\n`;
  const chunks = `${chunk(sent.slice(0, half))}${chunk(sent.slice(half))}0\r\nX: 1\r\n\r\n`;
  const response = await exchange(port(), head + lines + chunks);
  expect(response.head).toMatch(/^HTTP\/1\.1 411 /);
  expect(response.body).toContain("length-required");
});

test.each([
  ["gzip", (text: string) => gzipSync(text)],
  ["GZIP", (text: string) => gzipSync(text)],
  ["br", (text: string) => text],
  ["deflate", (text: string) => text],
  ["identity, gzip", (text: string) => gzipSync(text)],
  ["unknown", (text: string) => text],
])("Content-Encoding: %s returns 415, because a body must not be encoded", async (coding, pack) => {
  const response = await post({ ...json, "content-encoding": coding }, pack(body("compressed")));
  expect(response).toMatchObject({
    status: 415,
    json: { type: "urn:ferry:problem:unsupported-media-type", status: 415 },
  });
  expect(response.json.detail).toContain("its header Content-Encoding");
  expect(response.json.fix).toContain("Send uncompressed JSON");
  expect(response.headers["accept-encoding"]).toBe("identity");
});

test.each(["identity", "Identity", ""])("Content-Encoding: %s is a plain body", async (coding) => {
  const headers = { ...json, "content-encoding": coding };
  expect((await post(headers, body(`plain-${coding}`))).status).toBe(202);
});

test.each([
  undefined,
  "",
  ";",
  "json",
  "text/plain",
  "text/json",
  "application/jsonp",
  "application/json-patch+json",
  "application/problem+json",
  "application/cloudevents+json",
  "application/json, text/plain",
  "text/plain; application/json",
  "text/plain;,application/json",
  "application/octet-stream",
])("Content-Type: %s returns 415, which names the header to send", async (type) => {
  const headers = type === undefined ? {} : { "content-type": type };
  const response = await post(headers, body("typed"));
  expect(response).toMatchObject({
    status: 415,
    json: { detail: "The content type of the body is not application/json" },
  });
  expect(response.headers["accept"]).toBe("application/json");
});

test.each([
  "application/json",
  "APPLICATION/JSON",
  " application/json ; charset=utf-8",
  "application/json; charset='utf-8'",
])("Content-Type: %s is JSON", async (type) => {
  const response = await post({ "content-type": type }, body(`json-${type.length}`));
  expect(response.status).toBe(202);
});

test("a request without a body gets a different reason than an invalid body", async () => {
  const response = await post(json, "");
  expect(response).toMatchObject({
    status: 400,
    json: { errors: [{ pointer: "", message: "is empty; send a JSON object" }] },
  });
  expect(response.json.detail).toContain("Content-Length");
});

async function startOne(name: string): Promise<string> {
  const { json: started } = await post(json, body(name));
  return `/api/copies/${started.id}`;
}

test("an abort needs no body and no type; a body must be JSON", async () => {
  const path = `${await startOne("aborted")}/abort`;
  const abort = async (headers: Record<string, string>, content = "") =>
    (await send(port(), { method: "POST", path, headers, body: content })).status;
  expect(await abort({ "content-type": "text/plain" }, "x")).toBe(415);
  expect(await abort({}, "{}")).toBe(415);
  expect(await abort({ ...json, "content-encoding": "gzip" }, "x")).toBe(415);
  expect(await abort(json, "x".repeat(100_000))).toBe(413);
  for (const content of ["{bad", "{", "x", "{} {}", "\ufeff{", "\u0000"]) {
    expect(await abort(json, content)).toBe(400);
  }
  const view = await send(port(), { path: path.replace("/abort", "") });
  expect(JSON.parse(view.text)).toMatchObject({ abortRequested: false });
  expect(await abort({})).toBe(202);
  await stack.clock.settled();
  expect(await abort({ "content-type": "text/plain" })).toBe(200);
  expect(await abort(chunked)).toBe(200);
  expect(await abort(json, "{}")).toBe(200);
});

test.each(["/api/health", "a copy", "an unknown copy"])(
  "HEAD of %s has the status and the headers of GET, and no body",
  async (what) => {
    const path = what.startsWith("/")
      ? what
      : what === "a copy"
        ? await startOne("head")
        : "/api/copies/01a1fb88-0c5b-77ed-8af1-403e51b453cb";
    await stack.clock.settled(); // between the two calls the copy must not get further
    const [get, head] = [
      await send(port(), { path }),
      await send(port(), { method: "HEAD", path }),
    ];
    expect(get.status).toBe(what === "an unknown copy" ? 404 : 200);
    expect([head.status, head.text]).toEqual([get.status, ""]);
    for (const name of ["content-type", "cache-control", "etag", "vary", "retry-after"]) {
      expect(head.headers[name], name).toBe(get.headers[name]);
    }
  },
);

test("HEAD is not allowed where GET is not", async () => {
  const path = "/api/copies/x/abort";
  expect((await send(port(), { method: "HEAD", path })).status).toBe(405);
});

test.each([
  ["/api/copies", "GET, POST, HEAD, OPTIONS"],
  ["/api/copies/01a1fb88-0c5b-77ed-8af1-403e51b453cb", "GET, DELETE, HEAD, OPTIONS"],
  ["/api/copies/x/abort", "POST, OPTIONS"],
  ["/api/copies/x/retry", "POST, OPTIONS"],
  ["/api/health", "GET, HEAD, OPTIONS"],
])("OPTIONS of %s allows %s", async (path, allow) => {
  const response = await send(port(), { method: "OPTIONS", path });
  expect([response.status, response.text, response.headers.allow]).toEqual([204, "", allow]);
  const refused = await send(port(), { method: "PUT", path });
  expect([refused.status, refused.headers.allow]).toEqual([405, allow]);
  expect(JSON.parse(refused.text)).toMatchObject({
    detail: "PUT is not allowed here",
    fix: `Use ${allow}`,
  });
});

test.each([
  ["a space after it", (id: string) => `${id}%20`, 404],
  ["a space before it", (id: string) => `%20${id}`, 404],
  ["an encoded slash after it", (id: string) => `${id}%2F`, 404],
  ["a NUL after it", (id: string) => `${id}%00`, 404],
  ["a byte that is not UTF-8 after it", (id: string) => `${id}%E9`, 404],
  ["no hyphens", (id: string) => id.replaceAll("-", ""), 404],
  ["upper case", (id: string) => id.toUpperCase(), 200],
  ["a slash after it", (id: string) => `${id}/`, 200],
  ["a query after it", (id: string) => `${id}?a=%00&a=b`, 200],
])("an id with %s is found by both GET and HEAD, or by neither", async (_, write, status) => {
  const path = await startOne("id");
  const id = path.split("/").at(-1) ?? "";
  for (const method of ["GET", "HEAD"]) {
    const response = await send(port(), { method, path: path.replace(id, write(id)) });
    expect(response.status, method).toBe(status);
    const type = status === 200 ? "application/json" : "application/problem+json";
    expect(response.headers["content-type"], method).toBe(type);
  }
});
