import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { optionsOff, optionsShape } from "../../../../src/copy/request/copy-options.ts";
import type { CopyOptions } from "../../../../src/copy/request/copy-options.ts";
import { fileOptionsShape } from "../../../../src/copy/request/file-options.ts";
import { grants } from "../../../../src/copy/request/grants.ts";
import type { Grant } from "../../../../src/copy/request/grants.ts";
import { missingGrants, powers } from "../../../../src/copy/request/powers.ts";

/*
 * Goal: for every option of a request, there is a decision about its effects beyond overwriting the destination, so
 * that a new option cannot be granted because it was forgotten.
 */

const { file: _, ...shapes } = optionsShape.shape;
const options = [
  ...Object.keys(shapes),
  ...Object.keys(fileOptionsShape.shape).map((name) => `file.${name}`),
];

test("every option of a request has a decision, and no other one has", () => {
  expect(Object.keys(powers).toSorted()).toEqual(options.toSorted());
});

const policy = { until: "2027-01-01T00:00:00Z", mode: "Unlocked" } as const;

/** The values that need a word. */
const byWord: [Partial<CopyOptions>, Grant, string][] = [
  [{ sourceLease: "hold" }, "hold-source", "/options/sourceLease"],
  [{ immutabilityPolicy: policy }, "lock", "/options/immutabilityPolicy"],
  [{ legalHold: true }, "legal-hold", "/options/legalHold"],
  [{ sealBlob: true }, "seal", "/options/sealBlob"],
  [{ ifBusy: "replace" }, "replace", "/options/ifBusy"],
  [{ file: { permission: "source" } }, "permissions", "/options/file/permission"],
  [{ file: { permission: { sddl: "D:P" } } }, "permissions", "/options/file/permission"],
  [{ file: { permission: { binary: "AQAEgA==" } } }, "permissions", "/options/file/permission"],
  [{ file: { permission: { key: "1*2" } } }, "permissions", "/options/file/permission"],
  [{ file: { owner: "source" } }, "permissions", "/options/file/owner"],
  [{ file: { owner: { user: "0", group: "0" } } }, "permissions", "/options/file/owner"],
  [{ file: { mode: "source" } }, "permissions", "/options/file/mode"],
  [{ file: { mode: "4755" } }, "permissions", "/options/file/mode"],
  [{ file: { mode: "2755" } }, "permissions", "/options/file/mode"],
  [{ file: { mode: "0644" } }, "permissions", "/options/file/mode"],
];

/** The values that, along a route, only the route may set. */
const byRoute: [Partial<CopyOptions>, string][] = [
  [{ tier: "Archive" }, "/options/tier"],
  [{ file: { attributes: ["Hidden", "ReadOnly"] } }, "/options/file/attributes"],
  [{ file: { attributes: "source" } }, "/options/file/attributes"],
  [{ file: { ignoreReadOnly: true } }, "/options/file/ignoreReadOnly"],
];

/** Values that every pair and every route grants. */
const granted: Partial<CopyOptions>[] = [
  {},
  { overwrite: "always" },
  { overwrite: "skip" },
  { ifBusy: "wait" },
  { rollback: "snapshot" },
  { tier: "Cool", rehydratePriority: "High" },
  { metadata: { a: "b" } },
  { tags: { a: "b" } },
  { tags: "source" },
  { sourceConditions: { ifTags: "a='b'" }, destinationConditions: { ifTags: "a='b'" } },
  { destinationLease: "5e1a9a36-22dc-4cbb-a3b2-1e4e3bd4a9f1" },
  { file: {} },
  { file: { attributes: "none" } },
  { file: { attributes: ["Hidden", "System", "Archive", "Offline"], setArchive: true } },
  { file: { ignoreReadOnly: false } },
  { file: { creationTime: "source", lastWriteTime: "source", changeTime: "source" } },
];

function missing(
  given: Partial<CopyOptions>,
  allow: readonly Grant[],
  route: { sets: string[]; options?: Partial<CopyOptions> } | null,
) {
  const granter = {
    name: "it",
    allow: new Set(allow),
    route:
      route === null ? null : { sets: route.sets, options: { ...optionsOff, ...route.options } },
  };
  return missingGrants({ ...optionsOff, ...given }, granter).map(({ pointer }) => pointer);
}

const others = (word: Grant) => grants.filter((each) => each !== word);
const along = { sets: [] };

test.each(byWord)("%j needs the word %s", (given, word, pointer) => {
  for (const route of [null, along, { sets: Object.keys(given), options: given }]) {
    expect(missing(given, others(word), route)).toEqual([pointer]);
    expect(missing(given, [word], route)).toEqual([]);
  }
});

test.each(byRoute)("along a route, only the route may set %j; no word allows it", (given, at) => {
  expect(missing(given, [], null)).toEqual([]);
  expect(missing(given, grants, along)).toEqual([at]);
  expect(missing(given, grants, { sets: ["metadata"] })).toEqual([at]);
  expect(missing(given, [], { sets: Object.keys(given), options: given })).toEqual([]);
});

test.each(granted)("%j needs nothing", (given) => {
  expect(missing(given, [], null)).toEqual([]);
  expect(missing(given, [], along)).toEqual([]);
});

test("the tests above have a value of every option", () => {
  const given = [...byWord, ...byRoute].map(([each]) => each).concat(granted);
  const names = given.flatMap(({ file, ...rest }) => [
    ...Object.keys(rest),
    ...Object.keys(file ?? {}).map((name) => `file.${name}`),
  ]);
  expect([...new Set(names)].toSorted()).toEqual(options.toSorted());
});

test("along a route that reads the destination's tags, only the route may set tags", () => {
  const reads = { destinationConditions: { ifTags: "state='open'" } };
  for (const tags of [{ state: "closed" }, "source"] as const) {
    expect(missing({ tags }, grants, { sets: [], options: reads })).toEqual(["/options/tags"]);
    const itself = { sets: ["tags"], options: { ...reads, tags } };
    expect(missing({ tags }, [], itself)).toEqual([]);
  }
  expect(missing({}, [], { sets: [], options: reads })).toEqual([]);
});

test("all problems of a request are returned, the words first", () => {
  const given = {
    legalHold: true,
    tier: "Archive",
    file: { mode: "4755", attributes: ["ReadOnly" as const], owner: "source" as const },
  };
  expect(missing(given, [], along)).toEqual([
    "/options/legalHold",
    "/options/file/owner",
    "/options/file/mode",
    "/options/tier",
    "/options/file/attributes",
  ]);
});

const root = new URL("../../../../", import.meta.url);

test("the security page states what every option needs", () => {
  const page = readFileSync(new URL("src/SECURITY.md", root), "utf8");
  const [, after = ""] = page.split("### What each option needs");
  const [table = ""] = /(^\|.*\n)+/m.exec(after) ?? [];
  const rows = table.split("\n").slice(2, -1);
  const cells = rows.map((row) => row.split("|").map((cell) => cell.trim()));
  const named = cells.flatMap(([, names = "", pair = "", route = ""]) =>
    [...names.matchAll(/`([\w.]+)(?::[^`]*)?`/g)].map(([, name = ""]) => ({ name, pair, route })),
  );
  const decided = Object.entries(powers).map(([name, power]) => {
    if (power.kind === "free") return { name, pair: "nothing", route: "nothing" };
    if (power.kind === "route") return { name, pair: "nothing", route: "the route must set it" };
    const word = `\`${power.word}\``;
    return { name, pair: power.word === "replace" ? "nothing" : word, route: word };
  });
  const byName = (one: { name: string }, other: { name: string }) =>
    one.name < other.name ? -1 : 1;
  expect(named.toSorted(byName)).toEqual(decided.toSorted(byName));
});

test("the templates know every word", () => {
  const template = readFileSync(new URL("infra/ends.bicep", root), "utf8");
  const [, words = ""] = /^type Power = (.*)$/m.exec(template) ?? [];
  expect(words.split(" | ")).toEqual(grants.map((word) => `'${word}'`));
});
