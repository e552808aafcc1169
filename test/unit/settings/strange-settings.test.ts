import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readSettings, SettingsError } from "../../../src/settings/settings.ts";
import { settingsTable } from "../../../src/settings/settings-table.ts";

/*
 * Goal: whatever a setting contains, the app starts or names the setting that is wrong. With any other error, Azure
 * would respond with 404 on every path, and the app's health would not name the setting.
 */

const acct = (path: string) => `https://acct1.blob.core.windows.net/${path}`;
const account = { AzureWebJobsStorage__accountName: "acme" };
const films = { name: "films", source: acct("inbox"), destination: acct("out/{path}") };

/** The problems of the settings; empty if the app starts. */
function problemsOf(environment: object): readonly string[] {
  try {
    readSettings({ ...account, ...environment });
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

const problemsOfRoutes = (...routes: unknown[]) =>
  problemsOf({ COPY_ROUTES: JSON.stringify(routes) });

test.each([
  ["{🎬,🎥}/**", ""],
  ["{😀,😁}*.mp4", ""],
  ["films/{🎬,🎥}/**", "films/"],
  ["{é,è}/**", ""],
  ["🎬{🎬,🎥}/**", "🎬"],
])("a route whose alternatives begin with different characters starts: %s", (glob, start) => {
  expect(problemsOfRoutes({ ...films, glob })).toEqual([]);
  const { routes } = readSettings({
    ...account,
    COPY_ROUTES: JSON.stringify([{ ...films, glob }]),
  });
  expect(routes[0]?.start.source).toBe(start);
});

const half =
  "has the character U+D83C, an unpaired surrogate; remove it, because no name in Storage contains it";

test.each([
  ["prefix", "a\ud83c"],
  ["suffix", "\ud83c.mp4"],
  ["glob", "\ud83c*"],
  ["glob", "{\ud83c,b}/**"],
])("half of a character in the field %s of a route is named: %j", (field, text) => {
  expect(problemsOfRoutes({ ...films, [field]: text })).toEqual([
    `COPY_ROUTES [0].${field} ${half}`,
  ]);
});

test("half of a character in each field of a route is named for each field", () => {
  const fields = { prefix: "\ud83c", suffix: "\ud83c", glob: "\ud83c" };
  expect(problemsOfRoutes({ ...films, ...fields })).toEqual(
    ["glob", "prefix", "suffix"].map((field) => `COPY_ROUTES [0].${field} ${half}`),
  );
});

test("a route name that is not a text is rejected with its place, whatever its fields", () => {
  const name = { toString: 1, valueOf: 1 };
  const isNoText = (index: number) => `COPY_ROUTES [${index}].name must be of the type string`;
  expect(problemsOfRoutes({ ...films, name }, { ...films, name })).toEqual([
    isNoText(0),
    isNoText(1),
  ]);
  const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
  const text = JSON.stringify([{ ...films, name: "deep" }]).replace('"deep"', deep);
  expect(problemsOf({ COPY_ROUTES: text })).toEqual([isNoText(0)]);
});

test(
  "a setting of the maximum length that Linux allows can have more problems than a function call can have arguments",
  { timeout: 60_000 },
  () => {
    const text = `[${"{},".repeat(43_000)}{}]`;
    expect(problemsOf({ COPY_ROUTES: text })).toHaveLength(3 * 43_001);
  },
);

/** Characters that the parsers of URLs, JSON, globs and templates treat differently. */
const marks = [
  ...Array.from("/%?#{}[],*:;=@&\\.-_$ \"'\t\u0000éA1"),
  "\ud83c",
  "\udfac",
  "🎬",
  "%2F",
  "%ff",
];
const words = [
  "https://",
  "acct1",
  ".blob.core.windows.net/",
  "inbox",
  "{path}",
  "..",
  "AccountName=",
];
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({ unit: fc.constantFrom(...marks), maxLength: 20 }),
  fc.string({ unit: fc.constantFrom(...marks, ...words), maxLength: 20 }),
  // A text after a valid start reaches the later checks.
  fc
    .tuple(
      fc.constantFrom(
        acct(""),
        acct("inbox/"),
        "https://",
        "aad/",
        "AccountName=acme;BlobEndpoint=",
      ),
      fc.string({ unit: fc.constantFrom(...marks), maxLength: 8 }),
    )
    .map((parts) => parts.join("")),
);
const value = fc.oneof(
  text,
  fc.json({ stringUnit: "binary" }),
  fc.constantFrom("[]", "{}", "null", "[null]", "1"),
);
const object = fc.constant({ toString: 1, valueOf: null });
const anything = fc.oneof({ weight: 4, arbitrary: text }, fc.jsonValue(), object);
/** Some fields of a valid value replaced. */
const damaged = (valid: object, arbitrary: fc.Arbitrary<unknown>, names: readonly string[]) =>
  fc
    .dictionary(fc.constantFrom(...names), arbitrary, { maxKeys: 3, noNullPrototype: true })
    .map((fields) => ({ ...valid, ...fields }));
const names = ["name", "source", "prefix", "suffix", "glob", "destination", "options", "allow"];
const option = fc.dictionary(
  fc.constantFrom("metadata", "tags", "overwrite", "tier", "file", "rollback", "__proto__"),
  fc.oneof(anything, fc.dictionary(text, anything, { maxKeys: 2, noNullPrototype: true })),
  { noNullPrototype: true },
);
const list = (one: fc.Arbitrary<unknown>) =>
  fc.array(one, { minLength: 1, maxLength: 3 }).map((all) => JSON.stringify(all));
const routes = fc.oneof(
  list(damaged(films, anything, names)),
  list(damaged(films, text, ["prefix", "suffix", "glob"])),
  list(option.map((options) => ({ ...films, options }))),
);
const pair = { from: acct("inbox"), to: acct("out") };
const pairs = list(damaged(pair, anything, ["from", "to", "allow"]));

const settings = fc.oneof(
  fc.record(Object.fromEntries(Object.keys(settingsTable).map((name) => [name, value])), {
    requiredKeys: [],
  }),
  fc.record({ COPY_ROUTES: routes, COPY_ALLOWED: pairs }, { requiredKeys: [] }),
  fc.record({ COPY_ROUTES: routes, COPY_EMULATOR: fc.constant("http://127.0.0.1:10000") }),
);

test(
  "settings with any texts start the app, or each problem names its setting",
  { timeout: 120_000 },
  () => {
    const met = { started: 0, refused: 0 };
    fc.assert(
      fc.property(settings, (environment) => {
        const problems = problemsOf(environment);
        met[problems.length === 0 ? "started" : "refused"]++;
        for (const problem of problems) expect(problem).toMatch(/^(COPY_|AzureWebJobs)\w*[ (]/);
      }),
      { numRuns: 3_000 },
    );
    expect(met.started).toBeGreaterThan(50);
    expect(met.refused).toBeGreaterThan(50);
  },
);
