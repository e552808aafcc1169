import { expect, test } from "vitest";
import { allCopies, createEvent, deliver, inboxRoutes } from "../../support/stack/events.ts";
import { untilAllEnded } from "../../support/stack/events.ts";
import { manage } from "../../support/stack/ledger-blobs.ts";
import { hour, secondAccount, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* POST /copies/{id}/retry */

const film = Buffer.alloc(1_000_000, "film");
const slowly = { copies: { bytesPerSecond: 10_000 } };
const sealing = { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") };
const day = 24 * hour;

async function request(stack: TestStack, options: object = {}) {
  const source = await stack.upload("inbox/film.mp4", film);
  return { source: source.url, destination: stack.blob("archive/film.mp4").url, options };
}

const retry = (stack: TestStack, id: string, headers: Record<string, string> = {}) =>
  stack.call("POST", `/copies/${id}/retry`, { headers });

/** A copy that failed because its destination existed; the destination has been deleted since. */
async function failOne(stack: TestStack, body?: object) {
  const older = await stack.upload("archive/film.mp4", "older");
  const { id } = await stack.start(body ?? (await request(stack, { tags: { a: "b" } })));
  expect(await stack.untilEnded(id)).toMatchObject({ error: { cause: "destination-exists" } });
  await older.delete();
  return id;
}

test("a retry is a new copy with the stored request, and names the copy that it repeats", async () => {
  const stack = await startStack();
  const id = await failOne(stack);
  const response = await retry(stack, id);
  const first = await stack.get(id);
  expect(response).toMatchObject({
    status: 202,
    json: { retryOf: id, source: first.source, destination: first.destination, error: null },
  });
  expect(response.headers.get("location")).toBe(
    `${stack.local.host.url}/api/copies/${response.json.id}`,
  );
  expect(response.json.id).not.toBe(id);
  expect(await stack.untilEnded(response.json.id)).toMatchObject({ status: "succeeded" });
  expect((await stack.blob("archive/film.mp4").getTags()).tags).toEqual({ a: "b" });
  expect(await stack.get(id)).toEqual(first);
  expect(first.retryOf).toBeNull();
});

test("a retry of a retry names the retry", async () => {
  const stack = await startStack();
  const { id } = await stack.start(await request(stack, { overwrite: "always" }));
  await stack.untilEnded(id);
  const second = await retry(stack, id);
  await stack.untilEnded(second.json.id);
  const third = await retry(stack, second.json.id);
  expect(third.json.retryOf).toBe(second.json.id);
  expect(await stack.untilEnded(third.json.id)).toMatchObject({ status: "succeeded" });
});

test("a retry that was denied still names the copy that it repeats when its history is purged", async () => {
  const stack = await startStack();
  const id = await failOne(stack);
  await stack.upload("archive/film.mp4", "newer");
  const { json } = await retry(stack, id);
  const ended = await stack.untilEnded(json.id);
  expect(ended).toMatchObject({ retryOf: id, error: { cause: "destination-exists" } });
  await stack.clock.settled();
  await manage(stack, json.id, "purge");
  expect(await stack.get(json.id)).toMatchObject({ retryOf: id, status: "failed" });
});

test("a retry of a running copy returns 409", async () => {
  const stack = await startStack(slowly);
  const { id } = await stack.start(await request(stack));
  const response = await retry(stack, id);
  expect(response).toMatchObject({ status: 409, json: { type: "urn:ferry:problem:not-ended" } });
  expect(await allCopies(stack)).toHaveLength(1);
});

test("a missing copy returns 404, and a body that is not JSON returns 415", async () => {
  const stack = await startStack();
  expect((await retry(stack, "01a21ba0-496d-7000-8000-000000000000")).status).toBe(404);
  expect((await retry(stack, "x")).status).toBe(404);
  const id = await failOne(stack);
  const wrong = { raw: "x", headers: { "content-type": "text/plain" } };
  expect((await stack.call("POST", `/copies/${id}/retry`, wrong)).status).toBe(415);
});

test("an Idempotency-Key makes a retry safe to repeat, and belongs only to this retry", async () => {
  const stack = await startStack(slowly);
  const id = await failOne(stack);
  const headers = { "idempotency-key": "retry-1" };
  const one = await retry(stack, id, headers);
  const two = await retry(stack, id, headers);
  expect([one.status, two.status]).toEqual([202, 200]);
  expect(two.json.id).toBe(one.json.id);
  const body = await request(stack);
  const other = await stack.call("POST", "/copies", { body, headers });
  expect(other.json.type).toBe("urn:ferry:problem:idempotency-key-reused");
  expect((await retry(stack, id, { "idempotency-key": "a b" })).status).toBe(400);
});

test("the SAS of the request is sealed again for the new copy", async () => {
  const stack = await startStack({ environment: sealing });
  const source = await stack.upload("inbox/film.mp4", film, secondAccount);
  const body = {
    source: await stack.readSas(source, { expiresAt: stack.clock.now() + day }),
    destination: stack.blob("archive/film.mp4").url,
  };
  const id = await failOne(stack, body);
  const { json } = await retry(stack, id);
  expect(await stack.untilEnded(json.id)).toMatchObject({ status: "succeeded" });
});

test("an expired SAS returns 409 with a fix", async () => {
  const stack = await startStack({ environment: sealing });
  const source = await stack.upload("inbox/film.mp4", film, secondAccount);
  const body = {
    source: await stack.readSas(source, { expiresAt: stack.clock.now() + hour }),
    destination: stack.blob("archive/film.mp4").url,
  };
  const id = await failOne(stack, body);
  await stack.clock.advance(2 * hour);
  const response = await retry(stack, id);
  expect(response).toMatchObject({
    status: 409,
    json: {
      type: "urn:ferry:problem:cannot-retry",
      detail: "Cannot retry the copy because the SAS of its source has expired",
      fix: "Send the request again with POST /copies and a fresh SAS",
    },
  });
  expect(await allCopies(stack)).toHaveLength(1);
});

test("a SAS whose key was removed returns 409 with the key's id", async () => {
  const stack = await startStack({ environment: sealing, persistent: true });
  const source = await stack.upload("inbox/film.mp4", film, secondAccount);
  const body = {
    source: await stack.readSas(source, { expiresAt: stack.clock.now() + day }),
    destination: stack.blob("archive/film.mp4").url,
  };
  const id = await failOne(stack, body);
  process.env["COPY_SECRET_KEYS"] = Buffer.alloc(32, 8).toString("base64");
  await stack.restart();
  const response = await retry(stack, id);
  expect(response).toMatchObject({ status: 409, json: { title: "The copy cannot be retried" } });
  expect(response.json.fix).toMatch(/^Add the key to COPY_SECRET_KEYS, .* POST \/copies$/);
  expect(response.json.detail).toMatch(/key, which has the id [0-9a-f]{8}/);
});

test("a copy that the settings no longer allow returns 403", async () => {
  const place = "http://127.0.0.1:10000/devstoreaccount1/";
  const settings = { COPY_ALLOWED: JSON.stringify([{ from: place, to: place }]) };
  const stack = await startStack({ persistent: true, settings });
  const id = await failOne(stack);
  settings.COPY_ALLOWED = "[]";
  await stack.restart();
  const response = await retry(stack, id);
  expect(response).toMatchObject({ status: 403, json: { type: "urn:ferry:problem:not-allowed" } });
  expect(await allCopies(stack)).toHaveLength(1);
});

const dated = {
  destination: "http://127.0.0.1:10000/devstoreaccount1/archive/{year}-{month}-{day}/{path}",
};

test("a retry of a request with a route uses the route's current destination", async () => {
  const stack = await startStack({ settings: inboxRoutes(dated) });
  const source = await stack.upload("inbox/film.mp4", film);
  const { id, destination } = await stack.start({ source: source.url, route: "films" });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect(destination).toContain("/archive/2026-11-20/film.mp4");
  await stack.clock.advance(2 * day - (stack.clock.now() % day));
  const { json } = await retry(stack, id);
  expect(json.destination).toContain("/archive/2026-11-22/film.mp4");
  // The start checks the route again.
  expect(await stack.untilEnded(json.id)).toMatchObject({ status: "succeeded", retryOf: id });
});

test("a retry of an event's copy copies the content of the event, or nothing", async () => {
  const stack = await startStack({ settings: inboxRoutes() });
  const source = await stack.upload("inbox/film.mp4", film);
  await stack.upload("archive/film.mp4", "older");
  await deliver(stack, await createEvent(source));
  const [copy] = await untilAllEnded(stack);
  await stack.upload("inbox/film.mp4", "newer");
  const { status, json } = await retry(stack, copy.id);
  expect(status).toBe(202);
  expect(await stack.untilEnded(json.id)).not.toMatchObject({ status: "succeeded" });
});

const signedIn = (id: string) => ({
  "x-ms-client-principal-id": id,
  "x-ms-client-principal-idp": "aad",
});

test("an operator's retry belongs to the caller of the first copy", async () => {
  const environment = { WEBSITE_AUTH_ENABLED: "True", COPY_OPERATORS: "aad/ops" };
  const stack = await startStack({ environment });
  const alice = signedIn("alice");
  const { id } = await stack.start(await request(stack, { overwrite: "always" }), alice);
  await stack.untilEnded(id, 24, alice);
  for (const stranger of [signedIn("bob"), {}]) {
    expect((await retry(stack, id, stranger)).status).toBe(404);
    const removed = await stack.call("DELETE", `/copies/${id}`, { headers: stranger });
    expect(removed.status).toBe(404);
  }
  const { status, json } = await retry(stack, id, signedIn("ops"));
  expect(status).toBe(202);
  expect(await stack.untilEnded(json.id, 24, alice)).toMatchObject({ status: "succeeded" });
  const removed = await stack.call("DELETE", `/copies/${json.id}`, { headers: alice });
  expect(removed.status).toBe(204);
});
