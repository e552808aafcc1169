import { expect, test } from "vitest";
import {
  id,
  inputFor,
  json,
  plan,
  refused,
  repairFor,
  startStrange,
  startStrangeStack as start,
} from "../../support/access/strange.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/*
 * Goal: an instance that no trigger has started accesses no blob outside the ledger, and is not shown to any caller.
 * Method: as in strange-orchestration.test.ts, with ids and inputs that Ferry cannot have written.
 */

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
  ["an input without a valid time", (stack) => inputFor(stack, { createdAt: "soon" })],
])("an instance with %s is not a copy: it cannot be read or aborted", async (_, build) => {
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

test.each([
  "ffffffff-ffff-7000-8000-000000000001",
  "e677d21f-dc00-7000-8000-000000000001", // the year 10000
  "07dba821-8000-7000-8000-000000000001", // the year 2243, after the last day that a record can have
])("the id %s, with a time in a distant year, is never the id of a copy: 404", async (distant) => {
  const stack = await start();
  const requests = stack.local.emulator.requests.length;
  const copy = `${stack.local.host.url}/api/copies/${distant}`;
  for (const [url, method] of [
    [copy, "GET"],
    [`${copy}/abort`, "POST"],
  ] as const) {
    const response = await fetch(url, { method });
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  }
  expect(stack.local.emulator.requests).toHaveLength(requests);
  expect(await startStrange(stack, inputFor(stack), { id: distant })).toMatchObject(refused);
  const repair = { id: "r1", name: "repairOrchestration" };
  const input = repairFor(stack, { instanceId: distant });
  expect(await startStrange(stack, input, repair)).toMatchObject(refused);
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

test.each(["readCopy", "abortCopy", "settleCopy", "sendNotifications"])(
  "run alone through the admin API, %s changes nothing for an id that would name a blob outside the ledger",
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
