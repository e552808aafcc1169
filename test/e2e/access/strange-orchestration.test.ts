import { expect, test } from "vitest";
import { epochMs } from "../../../src/copy/time.ts";
import { eventOwner } from "../../../src/copy/contract/activities.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { startExternalServer } from "../../support/servers/outside.ts";
import {
  id,
  inputFor,
  json,
  place,
  plan,
  refused,
  startStrange,
  startStrangeStack as start,
} from "../../support/access/strange.ts";
import { startStack } from "../../support/stack/test-stack.ts";

/*
 * Goal: a client with the task hub's key, or with write access to the task hub, can start a copy that no trigger has
 * checked. Such a copy can do no more than a request. Method: Durable's own HTTP API starts the orchestration with any
 * input.
 */

const fixed = { by: "route", at: "noon" };

/** The input for the route "fixed", with other options. */
function along({ destination }: ReturnType<typeof inputFor>, options: object) {
  return {
    destination: { ...destination, container: "fixed" },
    route: "fixed",
    options: { overwrite: "fail", metadata: fixed, ...options },
  };
}

test("an input that a request could cause is copied", async () => {
  const stack = await start();
  expect(await startStrange(stack, inputFor(stack))).toMatchObject({
    output: { status: "succeeded" },
  });
});

test.each<[string, (input: ReturnType<typeof inputFor>) => object]>([
  ["a source without a pair", ({ source }) => ({ source: { ...source, container: "secret" } })],
  ["a destination without a pair", ({ source }) => ({ destination: { ...source, path: "x" } })],
  [
    "a name that leads out of the pair",
    ({ source }) => ({ source: { ...source, path: "../secret/film.mp4" } }),
  ],
  [
    "a container that leads out of the pair",
    ({ source }) => ({ source: { ...source, container: "inbox/../secret" } }),
  ],
  [
    "the app's own state",
    ({ destination }) => ({ destination: { ...destination, container: "ferry-ledger" } }),
  ],
  ["an option without its word", () => ({ options: { legalHold: true } })],
  ["an option of a wrong type without its word", () => ({ options: { sealBlob: "yes" } })],
  ["a lease without its word", () => ({ leasesSource: true, options: { sourceLease: "hold" } })],
  ["the flag of a lease without its word", () => ({ leasesSource: true })],
  [
    "a policy without its word",
    () => ({ options: { immutabilityPolicy: { until: "9999-12-31T00:00:00Z", mode: "Locked" } } }),
  ],
  ["a route with another destination", () => ({ route: "films" })],
  [
    "a route's event with another destination",
    () => ({
      event: { route: "films", etag: "x", at: "2026-11-20T12:00:00.000Z" },
      owner: eventOwner,
    }),
  ],
  ["a route that does not exist", () => ({ route: "none" })],
  [
    "an option that its route sets to another value",
    (input) => ({ ...along(input, { overwrite: "always" }) }),
  ],
  ["without an option that its route sets", (input) => ({ ...along(input, { metadata: null }) })],
  [
    "metadata that its route sets to another value",
    (input) => ({ ...along(input, { metadata: { by: "me", at: "noon" } }) }),
  ],
  [
    "more metadata than its route sets",
    (input) => ({ ...along(input, { metadata: { ...fixed, x: "y" } }) }),
  ],
  [
    "an option that the route of its event sets to another value",
    (input) => ({
      ...along(input, { overwrite: "always" }),
      route: undefined,
      event: { route: "fixed", etag: "x", at: "2026-11-20T12:00:00.000Z" },
      owner: eventOwner,
    }),
  ],
  [
    "a route's event without a valid time",
    ({ destination }) => ({
      destination: { ...destination, container: "dated" },
      event: { route: "dated", etag: "x", at: "soon" },
      owner: eventOwner,
    }),
  ],
])("an input with %s is not copied", async (_, change) => {
  const stack = await start();
  const before = (await stack.blob("inbox/film.mp4").getProperties()).etag;
  const input = inputFor(stack);
  expect(await startStrange(stack, { ...input, ...change(input) })).toMatchObject(refused);
  const operations = stack.local.emulator.requests.map(({ operation }) => operation);
  expect(operations).not.toContain("CopyBlob");
  const actions = stack.local.emulator.requests.map(({ headers }) => headers["x-ms-lease-action"]);
  expect(actions).not.toContain("acquire");
  expect((await stack.blob("inbox/film.mp4").getProperties()).etag).toBe(before);
});

test("an input with a route is copied only to the route's destination", async () => {
  const stack = await start();
  const input = inputFor(stack);
  const destination = { ...input.destination, container: "vault" };
  expect(await startStrange(stack, { ...input, destination, route: "films" })).toMatchObject({
    output: { status: "succeeded" },
  });
});

const threeDays = 3 * 24 * 3_600_000;

/** The input for the route "dated", requested at this time, with the destination for that time. */
function dated(stack: Awaited<ReturnType<typeof start>>, at: number, createdAt = at) {
  const input = inputFor(stack);
  const iso = (ms: number) => new Date(ms).toISOString();
  const path = `${iso(createdAt).slice(0, 4)}/film.mp4`;
  const destination = { ...input.destination, container: "dated", path };
  return {
    id: newInstanceId(epochMs(at)),
    copy: { ...input, destination, createdAt: iso(createdAt) },
  };
}

test.each<[string, (now: number) => { at: number; createdAt?: number }]>([
  [
    "a time that is not that of its id",
    (now) => ({ at: now, createdAt: Date.parse("2001-01-01") }),
  ],
  ["an id of years ago", () => ({ at: Date.parse("2001-01-01") })],
  ["an id of three days ago", (now) => ({ at: now - threeDays - 1 })],
  ["an id of the next year", () => ({ at: Date.parse("2027-01-01") })],
])("an input with a route whose destination has a date is not copied with %s", async (_, build) => {
  const stack = await start();
  await stack.container("dated").create();
  const { at, createdAt } = build(stack.clock.now());
  const { id, copy } = dated(stack, at, createdAt);
  const input = { ...copy, route: "dated" };
  expect(await startStrange(stack, input, { id })).toMatchObject(refused);
  const operations = stack.local.emulator.requests.map(({ operation }) => operation);
  expect(operations).not.toContain("CopyBlob");
});

test("an input with a route whose destination has a date is copied within three days of the time in its id", async () => {
  const stack = await start();
  await stack.container("dated").create();
  const { id, copy } = dated(stack, stack.clock.now() - threeDays + 60_000);
  expect(await startStrange(stack, { ...copy, route: "dated" }, { id })).toMatchObject({
    output: { status: "succeeded" },
  });
});

test("an input without a route is copied within three days of the time in its id, and not later", async () => {
  const stack = await start();
  const at = (ms: number) => {
    const createdAt = new Date(ms).toISOString();
    return { id: newInstanceId(epochMs(ms)), input: inputFor(stack, { createdAt }) };
  };
  const late = at(stack.clock.now() - threeDays - 1);
  expect(await startStrange(stack, late.input, late)).toMatchObject(refused);
  const operations = stack.local.emulator.requests.map(({ operation }) => operation);
  expect(operations).not.toContain("CopyBlob");
  const early = at(stack.clock.now() - threeDays + 60_000);
  expect(await startStrange(stack, early.input, early)).toMatchObject({
    output: { status: "succeeded" },
  });
});

test("an input with an event with the blob's ETag is not copied if the event's time does not match the blob", async () => {
  const stack = await start();
  await stack.container("dated").create();
  const { etag = "", lastModified } = await stack.blob("inbox/film.mp4").getProperties();
  const event = { route: "dated", etag: etag.replaceAll('"', "") };
  const old = dated(stack, stack.clock.now());
  const path = "2001/film.mp4";
  const owner = "event";
  const copy = { ...old.copy, owner, destination: { ...old.copy.destination, path } };
  const forged = { ...copy, event: { ...event, at: "2001-01-01T00:00:00.000Z" } };
  expect(await startStrange(stack, forged, { id: old.id })).toMatchObject(refused);
  const genuine = dated(stack, stack.clock.now());
  const at = lastModified?.toISOString();
  const input = { ...genuine.copy, owner, event: { ...event, at } };
  expect(await startStrange(stack, input, { id: genuine.id })).toMatchObject({
    output: { status: "succeeded" },
  });
});

test("a copy onto itself without a rollback is denied, because Ferry would complete its request", async () => {
  const source = place("inbox");
  const allowed = JSON.stringify([{ from: source, to: source }]);
  const stack = await startStack({ settings: { COPY_ALLOWED: allowed } });
  const blob = await stack.upload("inbox/film.mp4", "film");
  const { etag } = await blob.getProperties();
  const { source: destination } = inputFor(stack);
  const itself = (options: object) => inputFor(stack, { destination, options });
  expect(await startStrange(stack, itself({ overwrite: "always" }))).toMatchObject(refused);
  expect((await blob.getProperties()).etag).toBe(etag);
  const options = { overwrite: "always", rollback: "snapshot" };
  expect(await startStrange(stack, itself(options))).toMatchObject({
    output: { status: "succeeded" },
  });
});

test("an input has the options of its route, in any order, and its own other options", async () => {
  const stack = await start();
  const input = inputFor(stack);
  const strange = along(input, { metadata: { at: "noon", by: "route" }, tier: "Cool" });
  expect(await startStrange(stack, { ...input, ...strange })).toMatchObject({
    output: { status: "succeeded" },
  });
});

test.each<[string, object]>([
  ["an empty snapshot", { snapshot: "" }],
  ["an empty version", { version: "" }],
  ["a snapshot", { snapshot: "2026-11-20T12:00:00.0000000Z" }],
  ["a version", { version: "2026-11-20T12:00:00.0000000Z" }],
  ["a secondary", { secondary: true }],
])("a destination with %s gets no second lock", async (_, change) => {
  const stack = await start();
  const input = inputFor(stack);
  const destination = { ...input.destination, ...change };
  expect(await startStrange(stack, { ...input, destination })).toMatchObject(refused);
  const locks = stack.local.emulator.requests.filter(({ url }) => url.includes("/locks/"));
  expect(locks.filter(({ method }) => method === "PUT")).toEqual([]);
});

test("a host outside Storage gets no request, as the source or the destination", async () => {
  const stack = await start();
  const outside = await startExternalServer({ "/inbox/film.mp4": Buffer.from("x") });
  const input = inputFor(stack);
  const elsewhere = { ...input.source, origin: outside.origin };
  for (const change of [
    { source: elsewhere },
    { destination: elsewhere },
    { source: { ...elsewhere, emulated: false } },
    { source: { service: "external", origin: outside.origin, path: "/inbox/film.mp4" } },
    { destination: { service: "external", origin: outside.origin, path: "/x" } },
    { source: null },
    { destination: {} },
  ]) {
    expect(await startStrange(stack, { ...input, ...change })).toMatchObject(refused);
  }
  expect(outside.requests).toEqual([]);
});

test("a path outside Storage does not lead out of the folder of its pair", async () => {
  const outside = await startExternalServer({ "/secret/film.mp4": Buffer.from("x") });
  const allowed = [{ from: `${outside.origin}/pub`, to: place("archive") }];
  const stack = await startStack({ settings: { COPY_ALLOWED: JSON.stringify(allowed) } });
  for (const path of [
    "/pub/../secret/film.mp4",
    "/pub/%2e%2e/secret/film.mp4",
    "/pub/%252e%252e%252fsecret/film.mp4",
    "/pub?x=/../secret/film.mp4",
    "@127.0.0.1/pub/film.mp4",
  ]) {
    const source = { service: "external", origin: outside.origin, path };
    expect(await startStrange(stack, inputFor(stack, { source }))).toMatchObject(refused);
  }
  expect(outside.requests).toEqual([]);
});

test.each(["readCopy", "abortCopy", "startCopy"])(
  "run directly through the admin API, %s calls no host outside Storage",
  async (name) => {
    const stack = await start();
    const outside = await startExternalServer({});
    const input = inputFor(stack);
    const copy = {
      ...input,
      source: { ...input.source, origin: outside.origin },
      destination: { ...input.destination, origin: outside.origin },
    };
    const step = { instanceId: id, copy, plan, copyId: id };
    const response = await fetch(`${stack.local.host.url}/admin/functions/${name}`, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ input: JSON.stringify(step) }),
    });
    expect(response.status).toBe(202);
    await stack.clock.settled();
    expect(outside.requests).toEqual([]);
  },
);
