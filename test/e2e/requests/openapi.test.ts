import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { operations } from "../../../src/http/openapi/operations.ts";
import { inboxRoutes } from "../../support/stack/events.ts";
import { expectDocumented } from "../../support/stack/documented.ts";
import type { Received } from "../../support/stack/documented.ts";
import { untilJobEnded } from "../../support/jobs/stack-jobs.ts";
import { openStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* The document of the API, its examples, and the check of every response that the tests receive. */

const documentFile = new URL("../../../src/http/openapi/openapi.json", import.meta.url);

let stack: TestStack;
beforeAll(async () => {
  stack = await openStack({ settings: inboxRoutes(), copies: { finishOnStart: "always" } });
  await stack.upload("inbox/film.mp4", "film");
});
afterAll(() => stack.close());

test("GET /openapi.json is the document that was built, for every caller", async () => {
  const response = await stack.call("GET", "/openapi.json");
  expect(response.status).toBe(200);
  expect(response.json).toEqual(JSON.parse(readFileSync(documentFile, "utf8")));
  expect(response.headers.get("cache-control")).toBe("public, max-age=3600");
  expect((await stack.call("HEAD", "/openapi.json")).status).toBe(200);
  expect((await stack.call("POST", "/openapi.json", { body: {} })).status).toBe(405);
});

/** Both accounts of the examples are replaced by one of the emulator, within which the app may copy without a SAS. */
function onEmulator(example: object): object {
  const { blobUrl } = stack.local.emulator;
  const text = JSON.stringify(example)
    .replaceAll("https://acct1.blob.core.windows.net", `${blobUrl}/devstoreaccount1`)
    .replaceAll("https://acct2.blob.core.windows.net", `${blobUrl}/devstoreaccount1`);
  return JSON.parse(text);
}

const { request } = operations["/copies"]?.["post"] ?? { request: null };

test.each(Object.entries(request?.examples ?? {}))(
  "the example %s of a request is accepted",
  async (name, example) => {
    const response = await stack.call("POST", "/copies", { body: onEmulator(example) });
    expect(response.status, response.text).toBe(name === "dryRun" ? 200 : 202);
  },
);

const jobs = operations["/jobs"]?.["post"]?.request?.examples ?? {};

test.each(Object.entries(jobs))("the example %s of a job is accepted", async (_, example) => {
  const { status, text, json } = await stack.call("POST", "/jobs", { body: onEmulator(example) });
  expect(status, text).toBe(202);
  // The examples have one destination.
  await untilJobEnded(stack, json.id);
});

test.each(["status", "limit"])(
  "the example of the parameter %s of jobs is accepted",
  async (name) => {
    const parameter = parametersOf("/jobs", "get", "query").find((each) => each.name === name);
    const query = new URLSearchParams({ [name]: parameter?.example ?? "" });
    expect((await stack.call("GET", `/jobs?${query.toString()}`)).status).toBe(200);
  },
);

const parametersOf = (path: string, method: string, place: string) =>
  (operations[path]?.[method]?.parameters ?? []).filter(
    ({ in: where, example = "" }) => where === place && example !== "",
  );

test.each(parametersOf("/copies", "get", "query"))(
  "the example of the parameter $name is accepted",
  async ({ name, example = "" }) => {
    const query = new URLSearchParams({ [name]: example });
    expect((await stack.call("GET", `/copies?${query.toString()}`)).status).toBe(200);
  },
);

test.each([
  ...parametersOf("/copies", "post", "header"),
  ...parametersOf("/copies/{id}", "get", "header"),
])("the example of the header $name is accepted", async ({ name, example = "" }) => {
  const headers = { [name]: example };
  const body = { ...onEmulator(request?.examples["simple"] ?? {}), dryRun: true };
  expect((await stack.call("POST", "/copies", { body, headers })).status).toBe(200);
  const { json } = await stack.call("GET", "/copies");
  expect((await stack.call("GET", `/copies/${json.items[0].id}`, { headers })).status).toBe(200);
});

test("a status, a header or a field that the document does not declare fails the tests", async () => {
  const { status, headers, text, json } = await stack.call("GET", "/copies");
  const good: Received = { method: "GET", path: "/copies?limit=5", status, headers, text };
  expect(() => expectDocumented(good)).not.toThrow();
  const { items, nextCursor } = json;
  const [item] = items;
  const changes: [Partial<Received>, RegExp][] = [
    [{ status: 201 }, /no such response: GET \/copies → 201/],
    [{ headers: [...headers, ["x-more", "1"]] }, /no header "x-more"/],
    [{ text: JSON.stringify({ ...json, more: 1 }) }, /more/],
    [{ text: JSON.stringify({ items: [{ ...item, more: 1 }], nextCursor }) }, /more/],
    [{ text: JSON.stringify({ items: [{ ...item, status: "new" }], nextCursor }) }, /status/],
    [{ text: JSON.stringify({ items }) }, /nextCursor/],
    [{ method: "DELETE" }, /no such response: DELETE/],
    [{ method: "DELETE", path: "/copies/x", status: 204 }, /no body/],
  ];
  for (const [change, message] of changes) {
    expect(() => expectDocumented({ ...good, ...change })).toThrow(message);
  }
});
