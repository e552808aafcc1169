import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { createFerry, FerryError } from "../../../src/client/ferry.ts";
import { systemRuntime } from "../../../src/client/runtime.ts";
import { copy, id, json, problem, scriptedFerry } from "../../support/client/scripted-app.ts";
import type { Step } from "../../support/client/scripted-app.ts";

/* Failures of calls: their repetition, their errors, and that the key is sent to no other server. */

const key = "canary-key-0123456789";
const down = () => new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } });
const busy = (seconds: string) =>
  problem("unavailable", 503, { headers: { "retry-after": seconds } });
const html = (status: number) =>
  new Response("<h1>Sign in</h1>", { status, headers: { "content-type": "text/html" } });
const caught = async (call: Promise<unknown>): Promise<FerryError> => {
  const error: unknown = await call.then(
    () => new Error("the call succeeded"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FerryError);
  return error as FerryError;
};

test.each<[string, () => Step, number]>([
  ["no response", down, 500],
  ["429", () => new Response(null, { status: 429 }), 500],
  [
    "429 with Retry-After",
    () => new Response(null, { status: 429, headers: { "retry-after": "3" } }),
    3_000,
  ],
  ["502", () => html(502), 500],
  ["503 with Retry-After", () => busy("10"), 10_000],
  ["504", () => html(504), 500],
])("a call is repeated after %s", async (_, failure, pause) => {
  const { ferry, pauses } = scriptedFerry([failure(), json(copy("copying"))]);
  expect(await ferry.get(id)).toEqual(copy("copying"));
  expect(pauses).toEqual([pause]);
});

test.each<[string, () => Response]>([
  ["400", () => problem("invalid-request", 400)],
  ["404", () => problem("not-found", 404)],
  ["409", () => problem("not-ended", 409, { headers: { "retry-after": "10" } })],
  ["500", () => problem("internal", 500)],
  ["503 of wrong settings", () => problem("settings", 503)],
  ["a Retry-After of more than a minute", () => busy("61")],
  ["a page of a proxy", () => html(200)],
])("a call is not repeated after %s", async (_, failure) => {
  const { ferry, sent } = scriptedFerry([failure(), json(copy("copying"))]);
  await caught(ferry.get(id));
  expect(sent).toHaveLength(1);
});

test("a repeated start has the same Idempotency-Key, and gives up after four attempts with growing pauses", async () => {
  const { ferry, sent, pauses } = scriptedFerry([down(), down(), down(), down(), down()]);
  const error = await caught(
    ferry.start({ source: "https://a/b/c", destination: "https://d/e/f" }),
  );
  expect(error).toMatchObject({ kind: "network", causeName: "network", status: null });
  expect(error.message).toBe(
    "Cannot call POST http://127.0.0.1:7071/api/copies because nothing listens at this address: ECONNREFUSED",
  );
  const keys = sent.map(({ headers }) => headers.get("idempotency-key"));
  expect(keys).toEqual(["key-1", "key-1", "key-1", "key-1"]);
  expect(pauses).toEqual([500, 1_000, 2_000]);
});

const lost = () => new TypeError("fetch failed", { cause: { code: "ECONNRESET" } });

test("a delete whose response was lost, and that then finds nothing, has succeeded", async () => {
  const { ferry } = scriptedFerry([lost(), problem("not-found", 404)]);
  await ferry.delete(id);
  for (const before of [[], [down()]]) {
    const first = scriptedFerry([...before, problem("not-found", 404)]);
    expect(await caught(first.ferry.delete(id))).toMatchObject({ status: 404 });
  }
});

test.each<[string, () => Step[], boolean]>([
  ["was not accepted by the host", () => [down(), down(), down(), down()], false],
  ["was lost once, and then not accepted", () => [lost(), down(), down(), down()], true],
  ["was rejected", () => [problem("invalid-request", 400)], false],
  ["was lost, and then rejected", () => [lost(), problem("not-allowed", 403)], true],
  ["failed in the app", () => [problem("internal", 500)], true],
])(
  "an error states whether the app may have received the call: it %s",
  async (_, steps, expected) => {
    const { ferry } = scriptedFerry(steps());
    const error = await caught(
      ferry.start({ source: "https://a/b/c", destination: "https://d/e/f" }),
    );
    expect(error.mayHaveArrived).toBe(expected);
  },
);

test("a response that does not arrive in time is a separate kind of error, after four attempts", async () => {
  const never: Step = async (signal) => {
    client.elapse();
    throw signal.reason;
  };
  const client = scriptedFerry([never, never, never, never], { timeoutMs: 5_000 });
  const error = await caught(client.ferry.get(id));
  expect(error).toMatchObject({ kind: "timeout", causeName: "timeout", status: null });
  expect(error.message).toContain("because there was no response within 5 s");
  expect(client.sent).toHaveLength(4);
  expect(client.timeouts).toEqual([5_000, 5_000, 5_000, 5_000]);
});

test.each<[string, () => Response, string]>([
  ["a page of HTML", () => html(200), "not-ferry"],
  ["a page of HTML with 500", () => html(500), "not-ferry"],
  ["JSON of another app", () => json({ hello: "world" }), "not-ferry"],
  ["JSON that is not an object", () => json(null), "not-ferry"],
  [
    "a progress without numbers",
    () => json({ ...copy("copying"), progress: { percent: "1" } }),
    "not-ferry",
  ],
  ["an empty 200", () => new Response(null, { status: 200 }), "not-ferry"],
  ["the host's 401", () => new Response(null, { status: 401 }), "key-rejected"],
  ["the host's 403", () => html(403), "key-rejected"],
  [
    "a redirect",
    () => new Response(null, { status: 302, headers: { location: "https://b" } }),
    "redirected",
  ],
])("%s is not accepted as a response of Ferry", async (_, response, causeName) => {
  const { ferry } = scriptedFerry([response()], { key });
  const error = await caught(ferry.get(id));
  expect(error).toMatchObject({ kind: "foreign", causeName });
  expect(error.message).toContain(`GET http://127.0.0.1:7071/api/copies/${id}`);
  expect(error.fix).not.toBeNull();
});

test("a key from a file may end in a line break; one with other characters is rejected without being shown", async () => {
  const { ferry, sent } = scriptedFerry([json({ status: "ok" })], { key: `${key}\n` });
  await ferry.health();
  expect(sent[0]?.headers.get("x-functions-key")).toBe(key);
  expect(() => scriptedFerry([], { key: `${key}\nx` })).toThrow(/Cannot use the key because/);
  expect(() => scriptedFerry([], { key: `${key}\nx` })).not.toThrow(/canary/);
});

test("a value that no header can have is an error that does not show it, and is not repeated", async () => {
  const { ferry, sent } = scriptedFerry([]);
  const request = { source: "https://a/b/c", destination: "https://d/e/f" };
  const error = await caught(ferry.start(request, { idempotencyKey: "canary\nvalue" }));
  expect(error).toMatchObject({ kind: "usage" });
  expect(inspect(error)).not.toContain("canary");
  expect(sent).toEqual([]);
});

test("the key is sent to the app's origin only: no redirect is followed", async () => {
  const seen: string[] = [];
  const listen = async (onRequest: () => { status: number; location?: string }) => {
    const server = createServer((request, response) => {
      seen.push(`${request.headers.host} ${request.headers["x-functions-key"]}`);
      const { status, location } = onRequest();
      response.writeHead(status, location === undefined ? {} : { location }).end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const other = await listen(() => ({ status: 200 }));
  for (const status of [301, 302, 303, 307, 308]) {
    const first = await listen(() => ({ status, location: `http://${other}/api/health` }));
    const ferry = createFerry({ url: `http://${first}`, key });
    expect(await caught(ferry.health())).toMatchObject({ causeName: "redirected", status });
    expect(seen.splice(0)).toEqual([`${first} ${key}`]);
  }
});

test("no error contains the key or the query of the URL", async () => {
  const failures: (() => Step)[] = [
    down,
    () => html(401),
    () => html(500),
    () => json([]),
    () => busy("100"),
  ];
  for (const failure of failures) {
    const { ferry } = scriptedFerry([failure(), failure(), failure(), failure()], { key });
    const query = { source: "https://a.blob.core.windows.net/in?sig=canary-sas" };
    const error = await caught(ferry.page(query));
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("canary");
  }
});

test("the pause of the system ends after its time, or with the signal's reason", async () => {
  await systemRuntime.pause(0, undefined);
  const caller = new AbortController();
  const pause = systemRuntime.pause(1_000_000, caller.signal);
  caller.abort(new Error("enough"));
  await expect(pause).rejects.toThrow("enough");
  await expect(systemRuntime.pause(1_000_000, caller.signal)).rejects.toThrow("enough");
  expect(systemRuntime.newKey()).toMatch(/^[0-9a-f]{32}$/);
});
