import { expect, test } from "vitest";
import { openDurableEngine } from "../../../src/local/durable/engine.ts";
import { manage } from "../../support/stack/ledger-blobs.ts";
import { hour, secondAccount, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/*
 * Goal: a call that is repeated with its Idempotency-Key gets the copy that the first one started, whatever has changed
 * since. Until that copy is started, the time of the first call counts.
 */

const place = (path: string) => `http://127.0.0.1:10000/devstoreaccount1/${path}`;
const route = {
  name: "films",
  source: place("inbox"),
  destination: place("archive/{year}/{month}/{day}/{name}"),
};
const day = 24 * hour;
const headers = { "idempotency-key": "k" };

const kinds = ["POST /copies", "retry"] as const;
type Kind = (typeof kinds)[number];

/** A call with a key: a POST, or the retry of a first copy that has ended. */
async function createCall(stack: TestStack, kind: Kind, body: () => Promise<object> | object) {
  if (kind === "POST /copies") {
    return {
      former: null,
      call: async () => stack.call("POST", "/copies", { body: await body(), headers }),
    };
  }
  const { id: former } = await stack.start(await body());
  await stack.untilEnded(former);
  return { former, call: () => stack.call("POST", `/copies/${former}/retry`, { headers }) };
}

const routed = (source: string) => ({ source, route: "films", options: { tags: { a: "b" } } });
const finished = { finishOnStart: "always" } as const;

test.each(kinds)(
  "a %s that got no response from Durable has the destination of its first call, although the date has changed",
  async (kind) => {
    let isDown = false;
    const stack = await startStack({
      settings: { COPY_ROUTES: JSON.stringify([route]) },
      copies: finished,
      openEngine(options) {
        const engine = openDurableEngine(options);
        const failing = { status: 500, headers: {}, body: "down" };
        return {
          ...engine,
          handle: async (request) =>
            isDown && request.method === "POST" ? failing : await engine.handle(request),
        };
      },
    });
    const source = await stack.upload("inbox/film.mp4", "film");
    const { call } = await createCall(stack, kind, () => routed(source.url));
    await stack.clock.advance(11.9 * hour);
    isDown = true;
    expect(await call()).toMatchObject({ status: 503 });
    isDown = false;
    await stack.clock.advance(hour);
    const again = await call();
    expect(again).toMatchObject({ status: 202 });
    const ended = await stack.untilEnded(again.json.id);
    const destination = stack.blob("archive/2026/11/20/film.mp4").url;
    expect(ended).toMatchObject({ status: "succeeded", destination });
    expect(ended.createdAt).toContain("2026-11-20T23:5");
    expect(await call()).toMatchObject({ status: 200, json: { id: again.json.id, destination } });
  },
);

test.each(kinds)(
  "a %s whose history was purged in Durable is shown from its record, and starts nothing",
  async (kind) => {
    const settings = { COPY_ROUTES: JSON.stringify([route]) };
    const stack = await startStack({ settings, copies: finished });
    const source = await stack.upload("inbox/film.mp4", "film");
    const { call, former } = await createCall(stack, kind, () => routed(source.url));
    const { id } = (await call()).json;
    const ended = await stack.untilEnded(id);
    await stack.clock.settled();
    await manage(stack, id, "purge");
    await stack.clock.advance(day);
    const { destination, createdAt, completedAt } = ended;
    const known = { status: "succeeded", destination, createdAt, completedAt, retryOf: former };
    expect(await call()).toMatchObject({ status: 200, json: { id, ...known } });
    expect(await stack.get(id)).toMatchObject(known);
    expect(await stack.blob("archive/2026/11/21/film.mp4").exists()).toBe(false);
  },
);

test.each(kinds)("a %s whose SAS has expired since gets its copy", async (kind) => {
  const environment = { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") };
  const stack = await startStack({ environment, copies: finished });
  const source = await stack.upload("inbox/film.mp4", "film", secondAccount);
  const destination = stack.blob("archive/film.mp4").url;
  const url = await stack.readSas(source, { expiresAt: stack.clock.now() + hour });
  const options = { overwrite: "always" };
  const { call } = await createCall(stack, kind, () => ({ source: url, destination, options }));
  const { id } = (await call()).json;
  await stack.untilEnded(id);
  await stack.clock.advance(2 * hour);
  expect(await call()).toMatchObject({ status: 200, json: { id, status: "succeeded" } });
});

test.each(kinds)("a %s gets its copy although the key of its SAS was removed", async (kind) => {
  const environment = { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") };
  const stack = await startStack({ environment, copies: finished, persistent: true });
  const source = await stack.upload("inbox/film.mp4", "film", secondAccount);
  const destination = stack.blob("archive/film.mp4").url;
  const url = await stack.readSas(source, { expiresAt: stack.clock.now() + hour });
  const options = { overwrite: "always" };
  const { call } = await createCall(stack, kind, () => ({ source: url, destination, options }));
  const { id } = (await call()).json;
  await stack.untilEnded(id);
  process.env["COPY_SECRET_KEYS"] = Buffer.alloc(32, 8).toString("base64");
  await stack.restart();
  expect(await call()).toMatchObject({ status: 200, json: { id } });
});

test.each(kinds)("a %s gets its copy although the settings no longer allow it", async (kind) => {
  const settings = {
    COPY_ALLOWED: JSON.stringify([{ from: place(""), to: place("") }]),
    COPY_ROUTES: JSON.stringify([route]),
  };
  const stack = await startStack({ settings, copies: finished, persistent: true });
  const source = await stack.upload("inbox/film.mp4", "film");
  const destination = stack.blob("archive/film.mp4").url;
  const options = { overwrite: "always" };
  const { call } = await createCall(stack, kind, () => ({
    source: source.url,
    destination,
    options,
  }));
  const { id } = (await call()).json;
  await stack.untilEnded(id);
  settings.COPY_ALLOWED = "[]";
  await stack.restart();
  expect(await call()).toMatchObject({ status: 200, json: { id, destination } });
  const other = { source: source.url, destination, options };
  expect((await stack.call("POST", "/copies", { body: other })).status).toBe(403);
});

test.each(kinds)(
  "a %s along a route gets its copy although the route has changed",
  async (kind) => {
    const settings = { COPY_ROUTES: JSON.stringify([{ ...route, options: { tier: "Cool" } }]) };
    const stack = await startStack({ settings, copies: finished, persistent: true });
    const source = await stack.upload("inbox/film.mp4", "film");
    const { call } = await createCall(stack, kind, () => routed(source.url));
    const { id, destination } = (await call()).json;
    await stack.untilEnded(id);
    const changed = {
      ...route,
      destination: place("archive/new/{name}"),
      options: { tier: "Hot" },
    };
    settings.COPY_ROUTES = JSON.stringify([changed]);
    await stack.restart();
    expect(await call()).toMatchObject({ status: 200, json: { id, destination } });
  },
);

test("a retry gets its copy although the first one was deleted or purged", async () => {
  const stack = await startStack({ copies: finished });
  const source = await stack.upload("inbox/film.mp4", "film");
  const body = { source: source.url, destination: stack.blob("archive/film.mp4").url };
  const overwrite = { options: { overwrite: "always" } };
  for (const action of ["purge", "delete"] as const) {
    const { id: former } = await stack.start({ ...body, ...overwrite });
    await stack.untilEnded(former);
    const call = () =>
      stack.call("POST", `/copies/${former}/retry`, { headers: { "idempotency-key": action } });
    const { id } = (await call()).json;
    await stack.untilEnded(id);
    if (action === "purge") await manage(stack, former, "purge");
    else expect((await stack.call("DELETE", `/copies/${former}`)).status).toBe(204);
    expect(await call()).toMatchObject({ status: 200, json: { id, retryOf: former } });
    const unkeyed = await stack.call("POST", `/copies/${former}/retry`);
    expect(unkeyed.status).toBe(action === "purge" ? 409 : 404);
  }
});

test("a retry whose copy was deleted returns 410", async () => {
  const stack = await startStack({ copies: finished });
  const source = await stack.upload("inbox/film.mp4", "film");
  const body = { source: source.url, destination: stack.blob("archive/film.mp4").url };
  const { id: former } = await stack.start({ ...body, options: { overwrite: "always" } });
  await stack.untilEnded(former);
  const call = () => stack.call("POST", `/copies/${former}/retry`, { headers });
  const { id } = (await call()).json;
  await stack.untilEnded(id);
  for (const each of [id, former]) {
    expect((await stack.call("DELETE", `/copies/${each}`)).status).toBe(204);
    expect(await call()).toMatchObject({
      status: 410,
      json: { type: "urn:ferry:problem:deleted" },
    });
  }
});

test("a caller that is no longer an operator does not get the copy that it retried for another caller", async () => {
  const environment = { WEBSITE_AUTH_ENABLED: "True", COPY_OPERATORS: "aad/ops" };
  const stack = await startStack({ environment, copies: finished, persistent: true });
  const as = (id: string) => ({
    "x-ms-client-principal-id": id,
    "x-ms-client-principal-idp": "aad",
  });
  const source = await stack.upload("inbox/film.mp4", "film");
  const body = { source: source.url, destination: stack.blob("archive/film.mp4").url };
  const request = { ...body, options: { overwrite: "always" } };
  const { id: former } = await stack.start(request, as("alice"));
  await stack.untilEnded(former, 24, as("alice"));
  const call = () =>
    stack.call("POST", `/copies/${former}/retry`, { headers: { ...headers, ...as("ops") } });
  expect((await call()).status).toBe(202);
  await stack.clock.settled();
  expect((await call()).status).toBe(200);
  process.env["COPY_OPERATORS"] = "";
  await stack.restart();
  expect((await call()).status).toBe(404);
});

test("a POST that is in flight while its copy is deleted returns 410, and starts nothing", async () => {
  let holdNext = false;
  let release = () => {};
  let reached = () => {};
  const isHeld = new Promise<void>((resolve) => (reached = resolve));
  const stack = await startStack({
    copies: finished,
    openEngine(options) {
      const engine = openDurableEngine(options);
      return {
        ...engine,
        async handle(request) {
          if (holdNext) {
            holdNext = false;
            reached();
            await new Promise<void>((resolve) => (release = resolve));
          }
          return await engine.handle(request);
        },
      };
    },
  });
  const source = await stack.upload("inbox/film.mp4", "film");
  const body = { source: source.url, destination: stack.blob("archive/film.mp4").url };
  const post = () => stack.call("POST", "/copies", { body, headers });
  const { id } = (await post()).json;
  await stack.untilEnded(id);
  holdNext = true;
  const repeated = post();
  await isHeld;
  expect((await stack.call("DELETE", `/copies/${id}`)).status).toBe(204);
  release();
  expect(await repeated).toMatchObject({
    status: 410,
    json: { type: "urn:ferry:problem:deleted" },
  });
  await stack.clock.settled();
  expect((await stack.call("GET", `/copies/${id}`)).status).toBe(404);
});
