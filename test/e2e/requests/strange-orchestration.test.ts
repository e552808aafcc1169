import { expect, test } from "vitest";
import { epochMs } from "../../../src/copy/time.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { startExternalServer } from "../../support/stack/outside.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/*
 * Goal: with the task hub's key, or with write access to it, a copy can be started that no trigger has checked. It can do
 * no more than a request. Method: Durable's own HTTP API starts the orchestration with any input.
 */

const json = { "content-type": "application/json" };
const id = "01a21ba0-496d-7000-8000-000000000001";

async function startStrange(
  stack: TestStack,
  input: unknown,
  {
    id = newInstanceId(epochMs(stack.clock.now())),
    name = "copyOrchestration",
  }: { id?: string; name?: string } = {},
) {
  const hub = `${stack.local.host.url}/runtime/webhooks/durabletask`;
  const started = await fetch(`${hub}/orchestrators/${name}/${encodeURIComponent(id)}`, {
    method: "POST",
    headers: json,
    body: JSON.stringify(input),
  });
  expect(started.status).toBe(202);
  await stack.clock.advance(60_000);
  // "Get instance status" of Durable's HTTP API.
  const response = await fetch(`${hub}/instances/${encodeURIComponent(id)}?showInput=true`);
  return (await response.json()) as { runtimeStatus: string; output: unknown };
}

/** The input that a request would get, with other endpoints and options. */
function inputFor(stack: TestStack, changes: object = {}) {
  const endpoint = (container: string, path: string) => ({
    service: "blob",
    origin: stack.local.emulator.blobUrl,
    account: "devstoreaccount1",
    secondary: false,
    emulated: true,
    container,
    path,
  });
  return {
    version: 1,
    source: endpoint("inbox", "film.mp4"),
    destination: endpoint("archive", "film.mp4"),
    sourceSas: null,
    destinationSas: null,
    options: {},
    createdAt: "2026-11-20T12:00:00.000Z",
    ...changes,
  };
}

const place = (path: string) => `http://127.0.0.1:10000/devstoreaccount1/${path}`;

async function start() {
  const allowed = [{ from: place("inbox"), to: place("archive") }];
  const source = place("inbox");
  const routes = [
    { name: "films", source, destination: place("vault/{path}") },
    { name: "dated", source, destination: place("dated/{year}/{path}") },
    {
      name: "fixed",
      source,
      destination: place("fixed/{path}"),
      options: { overwrite: "fail", metadata: { by: "route", at: "noon" } },
    },
  ];
  const settings = { COPY_ALLOWED: JSON.stringify(allowed), COPY_ROUTES: JSON.stringify(routes) };
  const stack = await startStack({ settings });
  await stack.upload("inbox/film.mp4", "film");
  await stack.upload("secret/film.mp4", "secret");
  await stack.container("vault").create();
  await stack.container("fixed").create();
  return stack;
}

const fixed = { by: "route", at: "noon" };

/** The input along the route "fixed", with other options. */
function along({ destination }: ReturnType<typeof inputFor>, options: object) {
  return {
    destination: { ...destination, container: "fixed" },
    route: "fixed",
    options: { overwrite: "fail", metadata: fixed, ...options },
  };
}

const refused = {
  runtimeStatus: "Completed",
  output: { status: "failed", failure: { cause: "not-allowed" } },
};

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
    () => ({ event: { route: "films", etag: "x", at: "2026-11-20T12:00:00.000Z" } }),
  ],
  ["a route that does not exist", () => ({ route: "none" })],
  [
    "an option that its route sets otherwise",
    (input) => ({ ...along(input, { overwrite: "always" }) }),
  ],
  ["without an option that its route sets", (input) => ({ ...along(input, { metadata: null }) })],
  [
    "metadata that its route sets otherwise",
    (input) => ({ ...along(input, { metadata: { by: "me", at: "noon" } }) }),
  ],
  [
    "more metadata than its route sets",
    (input) => ({ ...along(input, { metadata: { ...fixed, x: "y" } }) }),
  ],
  [
    "an option that the route of its event sets otherwise",
    (input) => ({
      ...along(input, { overwrite: "always" }),
      event: { route: "fixed", etag: "x", at: "2026-11-20T12:00:00.000Z" },
    }),
  ],
  [
    "a route's event without a valid time",
    ({ destination }) => ({
      destination: { ...destination, container: "dated" },
      event: { route: "dated", etag: "x", at: "soon" },
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

test("an input along a route is copied where the route says, and only there", async () => {
  const stack = await start();
  const input = inputFor(stack);
  const destination = { ...input.destination, container: "vault" };
  expect(await startStrange(stack, { ...input, destination, route: "films" })).toMatchObject({
    output: { status: "succeeded" },
  });
});

test("an input has the options of its route, in any order, and others of its own", async () => {
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

const plan = { source: { etag: "x", length: 1 }, destinationEtag: null };
const record = { abortRequested: false, startedAt: null, statusReads: 0 };

/** The input that a repair of this copy would get. */
function repairFor(stack: TestStack, changes: object = {}) {
  const taken = { instanceId: id, plan: null, copyId: null, settlement: null, record };
  return { version: 1, copy: { ...inputFor(stack), notifies: true }, ...taken, ...changes };
}

test.each([
  "../../secret/film.mp4",
  "../secret/film.mp4",
  `${id}/../../../secret/film.mp4`,
  "",
  "..",
  id.toUpperCase(),
  null,
  [id],
])("a repair of the copy %j does nothing", async (instanceId) => {
  const stack = await start();
  const requests = stack.local.emulator.requests.length;
  const repair = { id: "r1", name: "repairOrchestration" };
  const ended = await startStrange(stack, repairFor(stack, { instanceId }), repair);
  expect(ended).toMatchObject(refused);
  const writes = stack.local.emulator.requests
    .slice(requests)
    .filter(({ method, url }) => method !== "GET" && !url.includes("?restype=container"));
  expect(writes).toEqual([]);
  expect(await stack.blob("secret/film.mp4").exists()).toBe(true);
});

test.each(["one", "..secret", id.toUpperCase()])(
  "a copy with the instance id %j does nothing",
  async (strangeId) => {
    const stack = await start();
    const requests = stack.local.emulator.requests.length;
    const ended = await startStrange(stack, inputFor(stack), { id: strangeId });
    expect(ended).toMatchObject(refused);
    const writes = stack.local.emulator.requests
      .slice(requests)
      .filter(({ method, url }) => method !== "GET" && !url.includes("?restype=container"));
    expect(writes).toEqual([]);
  },
);

test.each<[string, (stack: TestStack) => unknown]>([
  ["null", () => null],
  ["a text", () => "copy"],
  ["a list", () => []],
  ["an empty object", () => ({})],
  ["an input without a source", (stack) => inputFor(stack, { source: undefined })],
  ["an input with a source that is null", (stack) => inputFor(stack, { source: null })],
  ["an input without options", (stack) => inputFor(stack, { options: undefined })],
  ["an input at no time", (stack) => inputFor(stack, { createdAt: "soon" })],
])("an instance with %s is no copy: it cannot be read or aborted", async (_, build) => {
  const stack = await start();
  expect(await startStrange(stack, build(stack), { id })).toMatchObject(refused);
  const copy = `${stack.local.host.url}/api/copies/${id}`;
  for (const [url, method] of [
    [copy, "GET"],
    [`${copy}/abort`, "POST"],
  ] as const) {
    const response = await fetch(url, { method });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ status: 404 });
  }
});

test.each<[string, object]>([
  ["no copy", { copy: undefined }],
  ["another copy's id", { instanceId: "01a21ba0-496d-7000-8000-000000000002" }],
])("a repair instance with %s shows no copy", async (_, change) => {
  const stack = await start();
  const repair = { id: `repair-${id}`, name: "repairOrchestration" };
  await startStrange(stack, repairFor(stack, change), repair);
  for (const [path, method] of [
    ["", "GET"],
    ["/abort", "POST"],
  ] as const) {
    const response = await fetch(`${stack.local.host.url}/api/copies/${id}${path}`, { method });
    expect(response.status).toBe(404);
  }
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

test.each(["readCopy", "abortCopy", "settleCopy", "sendNotifications"])(
  "run alone through the admin API, %s changes nothing for an id that leads out of the ledger",
  async (name) => {
    const stack = await start();
    const step = {
      ...repairFor(stack, { instanceId: "../../secret/film.mp4" }),
      plan,
      copyId: id,
      result: { kind: "aborted-before-start" },
      outcome: { status: "aborted" },
      targets: [],
      isLastAttempt: true,
    };
    const response = await fetch(`${stack.local.host.url}/admin/functions/${name}`, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ input: JSON.stringify(step) }),
    });
    expect(response.status).toBe(202);
    await stack.clock.settled();
    expect(await stack.blob("secret/film.mp4").exists()).toBe(true);
  },
);

test.each(["readCopy", "abortCopy", "prepareCopy", "startCopy"])(
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
