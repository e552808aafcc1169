import { afterAll, beforeAll, expect, test } from "vitest";
import { openStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* Headers of responses: caches, conditions, preferences and origins. */

let stack: TestStack;
beforeAll(async () => {
  stack = await openStack({ copies: { bytesPerSecond: 10_000 } });
  await stack.upload("inbox/film.mp4", Buffer.alloc(1_000_000, "film"));
});
afterAll(() => stack.close());

const body = (name: string) => ({
  source: stack.blob("inbox/film.mp4").url,
  destination: stack.blob(`archive/${name}`).url,
});
const get = (id: string, headers: Record<string, string> = {}, method = "GET") =>
  stack.call(method, `/copies/${id}`, { headers });

test("a copy has a strong ETag, and only its caller's cache may store it", async () => {
  const { id } = await stack.start(body("etag"));
  const { headers } = await get(id);
  expect(headers.get("etag")).toMatch(/^"[\w-]{22}"$/);
  expect(headers.get("cache-control")).toBe("private, no-cache");
  expect(headers.get("vary")).toBe("Prefer");
});

test("If-None-Match with the current ETag returns 304, until the copy changes", async () => {
  const { id } = await stack.start(body("unchanged"));
  const etag = (await get(id)).headers.get("etag") ?? "";
  for (const ifNoneMatch of [etag, `W/${etag}`, `"a", ${etag}`, "*"]) {
    for (const method of ["GET", "HEAD"]) {
      const response = await get(id, { "if-none-match": ifNoneMatch }, method);
      expect([response.status, response.text], ifNoneMatch).toEqual([304, ""]);
      expect(response.headers.get("etag")).toBe(etag);
      expect(response.headers.get("retry-after")).not.toBeNull();
    }
  }
  for (const other of ['"a"', etag.slice(1, -1), "", `"${etag.slice(2)}`]) {
    expect((await get(id, { "if-none-match": other })).status, other).toBe(200);
  }
  await stack.clock.advance(30_000);
  const changed = await get(id, { "if-none-match": etag });
  expect(changed.status).toBe(200);
  expect(changed.headers.get("etag")).not.toBe(etag);
});

test("responses that start or change something, lists and problems are not stored, and have no ETag", async () => {
  const post = await stack.call("POST", "/copies", { body: body("stored") });
  const responses = [
    post,
    await stack.call("POST", `/copies/${post.json.id}/abort`),
    await stack.call("GET", "/copies"),
    await stack.call("GET", "/copies/x"),
    await stack.call("PUT", "/copies/x"),
    await stack.call("GET", "/health"),
  ];
  expect(responses.map(({ status }) => status)).toEqual([202, 202, 200, 404, 405, 200]);
  for (const { headers } of responses) {
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("etag")).toBeNull();
  }
});

test("a rejected request is not held, regardless of its Prefer header", async () => {
  const headers = { prefer: "wait=20" };
  for (const response of [
    await stack.call("POST", "/copies", { body: {}, headers }),
    await get("x", headers),
    await stack.call("GET", "/copies", { headers }),
  ]) {
    expect(response.headers.get("preference-applied")).toBeNull();
  }
});

test("no response allows another origin to read it, not even a response to a preflight", async () => {
  const own = { origin: stack.local.host.url, "access-control-request-method": "POST" };
  for (const [method, path] of [
    ["GET", "/copies"],
    ["OPTIONS", "/copies"],
    ["OPTIONS", "/copies/x/abort"],
    ["GET", "/health"],
    ["GET", "/copies/x"],
  ] as const) {
    const { headers } = await stack.call(method, path, { headers: own });
    const names = [...headers.keys()].filter((name) => name.startsWith("access-control-"));
    expect(names, `${method} ${path}`).toEqual([]);
  }
});

test("the response to every rejected request is a problem with a matching status and type", async () => {
  const { id } = await stack.start(body("problem"));
  const responses = [
    await stack.call("POST", "/copies", { body: {} }),
    await stack.call("POST", "/copies", { raw: "x", headers: { "content-type": "text/plain" } }),
    await stack.call("POST", "/copies", { raw: "x".repeat(70_000) }),
    await stack.call("GET", "/copies?limit=0"),
    await stack.call("GET", "/copies/x"),
    await stack.call("DELETE", `/copies/${id}`),
    await stack.call("POST", `/copies/${id}/retry`),
    await stack.call("PATCH", "/copies"),
  ];
  expect(responses.map(({ status }) => status)).toEqual([400, 415, 413, 400, 404, 409, 409, 405]);
  for (const { status, headers, json } of responses) {
    expect(headers.get("content-type")).toBe("application/problem+json");
    expect(json).toMatchObject({
      type: expect.stringMatching(/^urn:ferry:problem:[a-z-]+$/),
      title: expect.any(String),
      detail: expect.any(String),
      status,
    });
  }
});
