import { afterAll, beforeAll, expect, test } from "vitest";
import { openStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const account = (name: string, path: string) => `http://127.0.0.1:10000/${name}/${path}`;
const route = {
  name: "films",
  source: account("devstoreaccount1", "inbox"),
  prefix: "film",
  suffix: ".mp4",
  destination: account("devstoreaccount1", "archive/{year}/{month}/films-{name}"),
};
/** Never overwrites, for any request. */
const careful = {
  ...route,
  name: "careful",
  destination: account("devstoreaccount1", "vault/{name}"),
  options: { overwrite: "skip" },
};

let stack: TestStack;

beforeAll(async () => {
  const listed = {
    from: account("devstoreaccount1", "inbox/film-listed.mp4"),
    to: account("devstoreaccount1", "archive"),
  };
  const settings = {
    COPY_ALLOWED: JSON.stringify([listed]),
    COPY_ROUTES: JSON.stringify([route, careful]),
  };
  stack = await openStack({ settings, copies: { finishOnStart: "always" } });
  await stack.upload("inbox/film.mp4", "film");
});
afterAll(() => stack.close());

const url = (path: string) => stack.blob(path).url;
const post = (body: object, headers: Record<string, string> = {}) =>
  stack.call("POST", "/copies", { body, headers });

test("a request names a route, which determines the destination", async () => {
  const source = url("inbox/film.mp4");
  const { id, destination } = await stack.start({ source, route: "films" });
  expect(destination).toBe(url("archive/2026/11/films-film.mp4"));
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", destination });
  // The route overwrites by default; the request can change that.
  const again = await stack.start({ source, route: "films", options: { overwrite: "skip" } });
  expect(await stack.untilEnded(again.id)).toMatchObject({ status: "skipped" });
});

test("a route needs no COPY_ALLOWED entry, and grants no access to requests that do not name it", async () => {
  const [source, destination] = [url("inbox/film.mp4"), url("archive/2026/11/films-film.mp4")];
  for (const endpoints of [
    { source, destination },
    { source, destination: url("archive/2026/by-hand.mp4") },
    { source: url("inbox/film.key"), destination: url("archive/film.key") },
    { source: url("inbox/other.mp4"), destination },
    { source, destination: url("films/film.mp4") },
    { source: stack.blob("inbox/film.mp4", "devstoreaccount2").url, destination },
  ]) {
    expect(await post(endpoints), JSON.stringify(endpoints)).toMatchObject({ status: 403 });
  }
});

test("a request cannot override the options that its route sets", async () => {
  const source = url("inbox/film.mp4");
  await stack.upload("vault/film.mp4", "kept");
  const asked = (options: object) => post({ source, route: "careful", options });
  expect(await asked({ overwrite: "always", tier: "Cool" })).toMatchObject({
    status: 400,
    json: {
      errors: [
        { pointer: "/options/overwrite", message: "is set by the route and cannot be overridden" },
      ],
    },
  });
  const { json } = await asked({ metadata: { by: "hand" } });
  expect(await stack.untilEnded(json.id)).toMatchObject({ status: "skipped" });
  expect((await stack.blob("vault/film.mp4").downloadToBuffer()).toString()).toBe("kept");
});

test.each<[what: string, body: () => object, pointers: string[]]>([
  ["an unknown route", () => ({ source: url("inbox/film.mp4"), route: "film" }), ["/route"]],
  [
    "a route that is not a string",
    () => ({ source: url("inbox/film.mp4"), route: {} }),
    ["/route"],
  ],
  [
    "a destination in addition to the route",
    () => ({ source: url("inbox/film.mp4"), route: "films", destination: url("archive/a") }),
    ["/route"],
  ],
  [
    "a source that the route does not match",
    () => ({ source: url("inbox/film.mov"), route: "films" }),
    ["/source"],
  ],
  [
    "an unknown route, and other invalid fields",
    () => ({ source: "film", route: "film", options: { speed: 1 }, extra: 1 }),
    ["/route", "/source", "/options/speed", "/extra"],
  ],
])("%s is rejected, and each invalid field is named", async (_, body, pointers) => {
  const response = await post(body());
  expect(response.status).toBe(400);
  const named = response.json.errors.map(({ pointer }: { pointer: string }) => pointer);
  expect(named.toSorted()).toEqual(pointers.toSorted());
});

test("the same key and route return the same copy, even after the route's template changed", async () => {
  const source = url("inbox/film-listed.mp4");
  const first = await post({ source, route: "films" }, { "idempotency-key": "k" });
  await stack.clock.advance(11 * 86_400_000);
  const again = await post({ source, route: "films" }, { "idempotency-key": "k" });
  expect([again.status, again.json.id]).toEqual([200, first.json.id]);
  expect(again.json.destination).toContain("/2026/11/");
  const { status } = await post(
    { source, destination: first.json.destination },
    { "idempotency-key": "k" },
  );
  expect(status).toBe(409);
});
