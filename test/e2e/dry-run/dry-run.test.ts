import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { allCopies, inboxRoutes } from "../../support/stack/events.ts";
import { openStack, secondAccount } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* POST /copies with "dryRun": true */

let stack: TestStack;
beforeAll(async () => {
  stack = await openStack({
    settings: inboxRoutes({ options: { tier: "Cool" } }),
    environment: { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") },
  });
  await stack.upload("inbox/film.mp4", "film");
});
afterAll(() => stack.close());

let calls = 0;
beforeEach(() => {
  calls = stack.local.emulator.requests.length;
});

const body = () => ({
  source: stack.blob("inbox/film.mp4").url,
  destination: stack.blob("archive/film.mp4").url,
});

const post = (request: object, headers: Record<string, string> = {}) =>
  stack.call("POST", "/copies", { body: { ...request, dryRun: true }, headers });

/** The plan; expects that nothing was called, started or written. */
async function plan(request: object, headers: Record<string, string> = {}) {
  const response = await post(request, headers);
  expect(response.status, response.text).toBe(200);
  expect(response.headers.get("location")).toBeNull();
  await stack.clock.settled();
  expect(stack.local.emulator.requests.slice(calls).map(({ operation }) => operation)).toEqual([]);
  expect(await allCopies(stack)).toEqual([]);
  return response.json;
}

test("a dry run shows what a copy would read, write and mint, and starts nothing", async () => {
  const request = body();
  const app = "app-identity";
  expect(await plan(request)).toMatchObject({
    dryRun: true,
    ...request,
    route: null,
    options: { overwrite: "fail", ifBusy: "fail", tier: null },
    reads: [
      { operation: "Get Blob Properties", url: request.source, authorization: app, when: null },
      { operation: "Get Blob Properties", url: request.destination, authorization: app },
      { url: request.destination, when: "while the copy is pending" },
    ],
    writes: [
      { operation: "Copy Blob", url: request.destination, authorization: app, when: null },
      { operation: "Abort Copy Blob", url: request.destination },
      { operation: "Delete Blob", url: request.destination },
    ],
    mints: [],
    conditions: expect.arrayContaining([
      "The destination does not exist; otherwise the copy fails with destination-exists",
    ]),
  });
});

test("a dry run lists the properties that would not be copied, each with the option that changes that", async () => {
  const { notCarried } = await plan(body());
  const options = notCarried.map(({ option }: { option: string | null }) => option);
  expect(options.filter(Boolean)).toEqual(["tags", "tier", "immutabilityPolicy", "legalHold"]);
  const what = notCarried.map((each: { what: string }) => each.what);
  expect(what).toEqual(expect.arrayContaining(["index tags", "access tier", "leases"]));
  const set = { tags: "source", tier: "Cool", metadata: { a: "b" } };
  const carried = await plan({ ...body(), options: set });
  const left = carried.notCarried.map(({ option }: { option: string | null }) => option);
  expect(left.filter(Boolean)).toEqual(["immutabilityPolicy", "legalHold", "metadata"]);
  expect(carried.reads).toContainEqual(expect.objectContaining({ operation: "Get Blob Tags" }));
});

test("a dry run shows the calls of rollback, leases and conditions", async () => {
  const options = {
    overwrite: "always",
    rollback: "snapshot",
    sourceLease: "hold",
    sourceConditions: { ifMatch: '"0x1"' },
  };
  const { writes, conditions } = await plan({ ...body(), options });
  expect(writes.map(({ operation }: { operation: string }) => operation)).toEqual([
    "Lease Blob",
    "Lease Blob",
    "Snapshot Blob",
    "Copy Blob",
    "Abort Copy Blob",
    "Delete Blob",
    "Copy Blob",
    "Set Blob Metadata",
    "Delete Blob",
  ]);
  expect(conditions).toContain(
    'ifMatch of the source: "0x1"; otherwise the copy fails with condition-not-met',
  );
});

test("a SAS of the request is used, and not shown", async () => {
  const source = await stack.upload("inbox/film.mp4", "film", secondAccount);
  calls = stack.local.emulator.requests.length;
  const url = await stack.readSas(source);
  const request = { ...body(), source: url };
  const { reads, mints } = await plan(request);
  expect(reads[0]).toMatchObject({ url: source.url, authorization: "request-sas" });
  expect(mints).toEqual([]);
  expect(JSON.stringify(await plan(request))).not.toContain("sig=");
});

test("a dry run with a route shows the route's destination and options", async () => {
  const { source } = body();
  expect(await plan({ source, route: "films" })).toMatchObject({
    route: "films",
    destination: stack.blob("archive/film.mp4").url,
    options: { tier: "Cool" },
  });
});

test.each([
  [{ destination: "x" }, 400],
  [{ options: { overwrite: "sometimes" } }, 400],
  [{ dryRun: "yes" }, 400],
  [{ destination: "https://stranger.blob.core.windows.net/archive/film.mp4" }, 403],
])("a dry run is rejected for the same reasons as a copy: %j is %i", async (change, status) => {
  const request = { ...body(), dryRun: true, ...change };
  expect((await stack.call("POST", "/copies", { body: request })).status).toBe(status);
});

test("a dry run claims no Idempotency-Key, and ignores an earlier claim", async () => {
  const headers = { "idempotency-key": "dry" };
  const first = await plan(body(), headers);
  const second = await plan({ ...body(), options: { overwrite: "always" } }, headers);
  expect([first.options.overwrite, second.options.overwrite]).toEqual(["fail", "always"]);
});

test('"dryRun": false starts the copy, which is the same request as without it', async () => {
  const headers = { "idempotency-key": "wet" };
  const first = await stack.call("POST", "/copies", {
    body: { ...body(), dryRun: false },
    headers,
  });
  const second = await stack.call("POST", "/copies", { body: body(), headers });
  expect([first.status, second.status]).toEqual([202, 200]);
  expect(second.json.id).toBe(first.json.id);
});
