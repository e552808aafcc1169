import { expect, test } from "vitest";
import { copy, id, json, problem, scriptedFerry } from "../../support/client/scripted-app.ts";

/* The calls of the client: requests and results. */

const request = { source: "https://a.blob.core.windows.net/in/x", destination: "https://b/out/x" };
const api = "http://127.0.0.1:7071/api";

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

test.each([
  "http://127.0.0.1:7071",
  "http://127.0.0.1:7071/",
  "http://127.0.0.1:7071/api",
  "http://127.0.0.1:7071/api/",
])("the URL works with and without /api: %s", async (url) => {
  const { ferry, sent } = scriptedFerry([json({ status: "ok" })], { url });
  await ferry.health();
  expect(sent[0]?.url).toBe(`${api}/health`);
});

test.each([
  ["", /not a URL/],
  ["ftp://host", /does not begin with https:\/\/ or http:\/\//],
  ["http://user:secret-canary@host", /contains a user or a password/],
  ["http://host/api?code=secret-canary", /contains a query/],
])("an unusable URL is an error that does not quote it: %s", (url, message) => {
  expect(() => scriptedFerry([], { url })).toThrow(message);
  expect(() => scriptedFerry([], { url })).not.toThrow(/secret-canary/);
});

test("start sends the request with a random Idempotency-Key", async () => {
  const { ferry, sent } = scriptedFerry([json(copy("queued"), 202), json(copy("queued"), 202)]);
  expect(await ferry.start(request)).toEqual(copy("queued"));
  await ferry.start(request);
  expect(sent[0]).toMatchObject({ method: "POST", url: `${api}/copies`, body: request });
  expect(sent.map(({ headers }) => headers.get("idempotency-key"))).toEqual(["key-1", "key-2"]);
  expect(sent[0]?.headers.get("content-type")).toBe("application/json");
});

test("start sends the caller's Idempotency-Key, and holds the response for `wait` seconds", async () => {
  const { ferry, sent, timeouts } = scriptedFerry([json(copy("succeeded"), 202)]);
  await ferry.start(request, { idempotencyKey: "mine", wait: 20 });
  expect(Object.fromEntries(sent[0]?.headers ?? [])).toMatchObject({
    "idempotency-key": "mine",
    prefer: "wait=20",
  });
  expect(timeouts).toEqual([80_000]);
});

test("start never plans, and plan never starts", async () => {
  const steps = [json(copy("queued"), 202), json({ dryRun: true, reads: [] })];
  const { ferry, sent } = scriptedFerry(steps);
  await ferry.start(Object.assign({ dryRun: true }, request));
  await ferry.plan(request);
  expect(sent[0]?.body).toEqual(request);
  expect(sent[1]?.body).toEqual({ ...request, dryRun: true });
});

test("abort, retry, timeline and delete call their paths", async () => {
  const { ferry, sent } = scriptedFerry([
    json(copy("aborting"), 202),
    json(copy("queued"), 202),
    json({ id, entries: [] }),
    new Response(null, { status: 204 }),
  ]);
  await ferry.abort(id);
  await ferry.retry(id);
  await ferry.timeline(id);
  await ferry.delete(id);
  const calls = sent.map(
    ({ method, url }) => `${method} ${url.replace(`${api}/copies/${id}`, "")}`,
  );
  expect(calls).toEqual(["POST /abort", "POST /retry", "GET /timeline", "DELETE "]);
  expect(sent[1]?.headers.get("idempotency-key")).toBe("key-1");
});

test.each(["", "..", "a/b", "a?b", "a b", "ä"])("an invalid id is not sent: %j", async (bad) => {
  const { ferry, sent } = scriptedFerry([]);
  await expect(ferry.get(bad)).rejects.toMatchObject({ kind: "usage" });
  expect(sent).toEqual([]);
});

test("get with the ETag of an earlier response returns the same object if nothing has changed", async () => {
  const { ferry, sent } = scriptedFerry([
    json(copy("copying"), 200, { etag: '"1"' }),
    new Response(null, { status: 304, headers: { etag: '"1"' } }),
    json(copy("succeeded"), 200, { etag: '"2"' }),
  ]);
  const first = await ferry.get(id);
  const etag = ferry.etag(first) ?? "";
  expect(etag).toBe('"1"');
  expect(await ferry.get(id, { etag })).toBe(first);
  expect(sent[1]?.headers.get("if-none-match")).toBe('"1"');
  expect(await ferry.get(id, { etag })).toMatchObject({ status: "succeeded" });
});

test("an ETag that this client has not read is not sent, because a 304 contains no copy", async () => {
  const { ferry, sent } = scriptedFerry([json(copy("copying"))]);
  await ferry.get(id, { etag: '"other"' });
  expect(sent[0]?.headers.has("if-none-match")).toBe(false);
});

test("list reads short and empty pages until there is no cursor", async () => {
  const item = (name: string) => ({ ...copy("failed"), id: name });
  const { ferry, sent } = scriptedFerry([
    json({ items: [item("1")], nextCursor: "a" }),
    json({ items: [], nextCursor: "b" }),
    json({ items: [item("2"), item("3")], nextCursor: null }),
  ]);
  const found = await collect(ferry.list({ status: "failed" }));
  expect(found.map((each) => each.id)).toEqual(["1", "2", "3"]);
  expect(sent.map(({ url }) => new URL(url).search)).toEqual([
    "?status=failed",
    "?status=failed&cursor=a",
    "?status=failed&cursor=b",
  ]);
});

test("list does not read one page forever", async () => {
  const page = () => json({ items: [], nextCursor: "a" });
  const { ferry } = scriptedFerry([page(), page(), page()]);
  await expect(collect(ferry.list())).rejects.toThrow("the same cursor twice");
});

test("wait reads until the copy has ended, held by the app, and does not read faster than the app allows", async () => {
  const held = { "preference-applied": "wait=20", "retry-after": "30" };
  const { ferry, sent, pauses } = scriptedFerry([
    json(copy("copying"), 200, held),
    json(copy("copying"), 200, { "retry-after": "7" }),
    json(copy("succeeded")),
  ]);
  expect(await ferry.wait(id)).toMatchObject({ status: "succeeded" });
  expect(sent.map(({ headers }) => headers.get("prefer"))).toEqual(Array(3).fill("wait=20"));
  expect(pauses).toEqual([100, 7_000]);
});

test("wait with onUpdate reports each change once, and is held until Ferry polls Storage again", async () => {
  const held = { "preference-applied": "wait=5", "retry-after": "60" };
  const { ferry, sent } = scriptedFerry([
    json(copy("queued"), 200, { "retry-after": "5", etag: '"1"' }),
    json(copy("copying"), 200, { ...held, etag: '"2"' }),
    new Response(null, { status: 304, headers: { ...held, etag: '"2"' } }),
    json(copy("failed")),
  ]);
  const seen: string[] = [];
  await ferry.wait(id, { onUpdate: ({ status }) => seen.push(status) });
  expect(seen).toEqual(["queued", "copying", "failed"]);
  const prefer = sent.map(({ headers }) => headers.get("prefer"));
  expect(prefer).toEqual([null, "wait=5", "wait=20", "wait=20"]);
  const etags = sent.map(({ headers }) => headers.get("if-none-match"));
  expect(etags).toEqual([null, '"1"', '"2"', '"2"']);
});

test.each([
  [undefined, 1_000],
  ["0", 1_000],
  ["Wed, 21 Oct 2026 07:28:00 GMT", 1_000],
  ["99999999", 60_000],
])("wait pauses for one second to one minute: Retry-After %s", async (value, pause) => {
  const headers: Record<string, string> = value === undefined ? {} : { "retry-after": value };
  const first = json(copy("copying"), 200, headers);
  const { ferry, pauses } = scriptedFerry([first, json(copy("aborted"))]);
  await ferry.wait(id);
  expect(pauses).toEqual([pause]);
});

test("wait survives a restart of the app that takes longer than the attempts of other calls", async () => {
  const down = () => new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } });
  const steps = [...Array.from({ length: 9 }, down), json(copy("succeeded"))];
  const { ferry, retries } = scriptedFerry(steps);
  expect(await ferry.wait(id)).toMatchObject({ status: "succeeded" });
  expect(retries).toHaveLength(9);
});

test("the problems of a request are an error with its fields", async () => {
  const errors = [{ pointer: "/source", message: "must be a URL" }];
  const { ferry, sent } = scriptedFerry([problem("invalid-request", 400, { errors })]);
  await expect(ferry.start(request)).rejects.toMatchObject({
    name: "FerryError",
    kind: "problem",
    causeName: "invalid-request",
    message: "Title: Detail",
    status: 400,
    errors,
  });
  expect(sent).toHaveLength(1);
});

test("a signal ends a call with its reason, and nothing is repeated", async () => {
  const caller = new AbortController();
  const reason = new Error("the page was left");
  const { ferry, sent } = scriptedFerry([
    async (signal) => {
      caller.abort(reason);
      throw signal.reason;
    },
  ]);
  await expect(ferry.get(id, { signal: caller.signal })).rejects.toBe(reason);
  await expect(ferry.get(id, { signal: caller.signal })).rejects.toBe(reason);
  expect(sent).toHaveLength(1);
});

test("the signal of the client ends all of its calls", async () => {
  const { ferry, sent } = scriptedFerry([], { signal: AbortSignal.abort(new Error("over")) });
  await expect(ferry.health()).rejects.toThrow("over");
  expect(sent).toEqual([]);
});
