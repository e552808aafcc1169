import { expect, test } from "vitest";
import { onlyStorage, parseDestination } from "../../../src/copy/location/parse-endpoint.ts";
import { isWellFormed } from "../../../src/copy/location/trusted-endpoint.ts";
import { parseAllowedPairs } from "../../../src/copy/request/access-policy.ts";
import { parseRoutes } from "../../../src/copy/routing/routes.ts";
import { blobIn } from "../../../src/jobs/contract/job-input.ts";
import { planObject } from "../../../src/jobs/decisions/plan-object.ts";
import { parseJobRequest } from "../../../src/jobs/request/job-request.ts";
import { parsePlace } from "../../../src/jobs/request/places.ts";
import { aListedBlob, anInput } from "../../support/jobs/records.ts";

/* A place is judged from the text that the caller wrote, by the same rules as the URL of a single copy. */

const acct = "https://acct1.blob.core.windows.net/";

function read(path: string) {
  const parsed = parsePlace(`${acct}${path}`, "destination", onlyStorage);
  return parsed.ok ? parsed.place : parsed.problems;
}

const blank = "ends with U+0020 SPACE; write %20 if the name ends with it, or remove it";

test.each([
  ["archive/films ", blank],
  ["archive/films/ ", blank],
  ["archive ", blank],
  ["archive/films? ", blank],
  [
    "archive/films\t",
    "has the character U+0009 TAB; remove it, because no name in Storage contains it",
  ],
  [
    "archive/films\n",
    "has the character U+000A LINE FEED; remove it, because no name in Storage contains it",
  ],
  ["archive/films\\", 'has the character U+005C BACKSLASH; write "/" between the parts of a name'],
])("a place that is written %j is rejected as a copy's URL is: %s", (path, problem) => {
  expect(read(path)).toEqual([problem]);
  const copy = parseDestination(`${acct}${path}`, onlyStorage);
  expect(copy.ok ? [] : copy.problems).toEqual([problem]);
});

test.each([
  ["archive/films%20", "films /"],
  ["archive/films%20/", "films /"],
  ["archive/my films", "my films/"],
  ["archive/films//", "films//"],
  ["archive", ""],
  ["archive/", ""],
])("the place %j has the prefix %j", (path, prefix) => {
  expect(read(path)).toMatchObject({ prefix });
});

test.each([
  ["archive/films%2F", "films/"],
  ["archive/films%2f", "films/"],
  ["archive/films/%2F", "films//"],
  ["archive/films%2F/", "films//"],
  ["archive/films%2F%2f", "films//"],
  ["archive/films%2F/%2F", "films///"],
  ["archive/films%2F2026%2F", "films/2026/"],
  ["archive/films%2F2026", "films/2026/"],
  ["archive/%2F", "/"],
  ["archive/films%252F", "films%2F/"],
])("an encoded slash in the place %j means the same as a raw one: %j", (path, prefix) => {
  expect(read(path)).toMatchObject({ prefix });
  expect(read(`${path}?sv=2026-02-06&sig=x`)).toMatchObject({ prefix });
  const raw = path.replaceAll(/%2F/gi, "/");
  expect(read(raw)).toEqual(read(path));
  // A copy of a blob in the place reads the same name.
  const copy = parseDestination(`${acct}${raw.replace(/\/?$/, "/")}a.txt`, onlyStorage);
  expect(copy).toMatchObject({ endpoint: { path: `${prefix}a.txt` } });
});

test.each(["archive%2F", "archive%2f", "archive%2Ffilms%2F", "archive%2Ffilms", "$root%2F"])(
  "an encoded slash does not separate a container from a folder, as in a copy's URL: %s",
  (path) => {
    expect(read(path)).toEqual([expect.stringMatching(/container/)]);
    const copy = parseDestination(`${acct}${path}a.txt`, onlyStorage);
    expect(copy).toMatchObject({ ok: false });
  },
);

test("blanks and line breaks around a pasted place with a SAS are ignored, as for a copy", () => {
  expect(read("archive/films?sv=2026-02-06&sig=x \n")).toMatchObject({ prefix: "films/" });
});

const inRoot = "has a slash in its blob name, and no blob in the root container ($root) has one";

test("a copy, a folder of a job, a pair and a route in $root have no slash in a blob's name", () => {
  const copy = parseDestination(`${acct}$root/a/b.txt`, onlyStorage);
  expect(copy).toEqual({ ok: false, problems: [inRoot] });
  expect(read("$root/a/")).toEqual([inRoot]);
  const to = `${acct}$root/a/b`;
  const pairs = [{ from: `${acct}inbox`, to }];
  expect(parseAllowedPairs(JSON.stringify(pairs), onlyStorage.emulator).problems).toEqual([
    `[0].to ${inRoot}`,
  ]);
  const route = { name: "r", source: `${acct}inbox`, destination: `${acct}$root/a/{name}` };
  expect(parseRoutes(JSON.stringify([route]), onlyStorage).problems).toEqual([
    `[0].destination ${inRoot}`,
  ]);
});

test("names without a slash are copied into $root", () => {
  expect(parseDestination(`${acct}$root/b.txt`, onlyStorage)).toMatchObject({ ok: true });
  expect(read("$root/")).toMatchObject({ prefix: "" });
  const route = { name: "r", source: `${acct}inbox`, destination: `${acct}$root/{name}` };
  expect(parseRoutes(JSON.stringify([route]), onlyStorage).problems).toEqual([]);
});

test("an activity does not accept a blob in $root with a slash in its name", () => {
  const { container } = anInput.destination;
  const root = { container: { ...container, container: "$root" } };
  expect(isWellFormed(blobIn(root, "b.txt"), onlyStorage)).toBe(true);
  expect(isWellFormed(blobIn(root, "a/b.txt"), onlyStorage)).toBe(false);
});

test("a job into $root fails each object with a slash in its name before it calls Storage", () => {
  const { source, destination } = anInput;
  const root = { container: { ...destination.container, container: "$root" }, prefix: "" };
  const job = { ...anInput, destination: root };
  const plan = (name: string) =>
    planObject(job, name, aListedBlob(`${source.prefix}${name}`), null).do;
  expect(plan("a.txt")).toMatchObject({ kind: "copy" });
  expect(plan("a/b.txt")).toEqual({
    kind: "fail",
    cause: "not-supported",
    message: `Cannot copy the object because its name ${inRoot}: https://acct1.blob.core.windows.net/inbox/2026/a/b.txt`,
  });
});

test("a report in $root is rejected, because its files are in a folder", () => {
  const body = { source: `${acct}inbox`, destination: `${acct}archive`, report: `${acct}$root` };
  const parsed = parseJobRequest(body, onlyStorage);
  expect(parsed.ok ? [] : parsed.problems).toEqual([
    {
      pointer: "/report",
      message: "is in the root container ($root), whose blobs are in no folder",
    },
  ]);
});
