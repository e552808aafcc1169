import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createOptionFlags } from "../../../src/cli/flags/copy-flags.ts";
import { nameField, nameFlags } from "../../../src/cli/flags/flag-names.ts";

/* Messages of the app name fields of a request; the command line names its flags. */

const options = createOptionFlags();

test.each(options.map(({ field, option, value }) => [field, option.long ?? "", value]))(
  "the problem of the field %s names %s",
  (field = "", flag = "", value) => {
    const pointer = `/${field.replaceAll(".", "/")}`;
    const other = options.find((each) => each.field === field && each.value === undefined);
    const expected = value === undefined ? flag : other?.option.long;
    expect(nameField(pointer)).toBe(expected);
    const [, ...names] = field.split(".");
    expect(nameFlags(`Set options.${names.join(".")} to "x"`)).toBe(`Set ${expected} to "x"`);
    expect(nameFlags(`its options are not allowed: options/${names.join("/")} needs`)).toBe(
      `its options are not allowed: ${expected} needs`,
    );
    if (value !== undefined)
      expect(nameFlags(`For ${names.join()} "${value}"`)).toBe(`For ${flag}`);
  },
);

test("every field of a copy in the document of the API has an argument or a flag", () => {
  const { components } = JSON.parse(readFileSync("src/http/openapi/openapi.json", "utf8"));
  const [first, second] = components.schemas.CopyRequest.anyOf;
  const { options: all, ...rest } = { ...first.properties, ...second.properties };
  delete rest.dryRun; // the app reports no problem with it
  const nested = Object.entries<{ properties?: object }>(all.properties).flatMap(([name, each]) => {
    const parts = Object.keys(each.properties ?? {}).map((part) => `options/${name}/${part}`);
    return [`options/${name}`, ...parts];
  });
  const { properties } = components.schemas.JobRequest;
  const ofSelect = Object.keys(properties.select.properties).map((name) => `select/${name}`);
  const ofJob = ["concurrency", "maxFailures", "report", ...ofSelect];
  for (const path of [...Object.keys(rest), ...nested, ...ofJob]) {
    expect(nameField(`/${path}`), path).toMatch(/^(--[a-z-]+…?( [a-z-]+=…)?|<[a-z]+>)$/);
  }
});

test.each([
  ["", ""],
  ["/source", "<source>"],
  ["/route", "--route"],
  ["/options/tags/a~1b", "--tag a/b"],
  ["/options/sourceConditions/ifTags", "--source-if tags=…"],
  ["/options/immutabilityPolicy", "--immutable-until"],
  ["/options/file", "--file-…"],
  ["/options/later", "/options/later (only in the API)"],
  ["/constructor", "/constructor (only in the API)"],
])("the pointer %s is shown as %s", (pointer, name) => {
  expect(nameField(pointer)).toBe(name);
});

test.each([
  [
    'can be "replace" only when overwrite is "always"',
    'can be "replace" only when --overwrite is "always"',
  ],
  ['with overwrite "skip", it copies', 'with --overwrite "skip", it copies'],
  ["because sourceConditions.ifMatch does not hold", "because --source-if match=… does not hold"],
  ["(with tags or ifTags, also t)", "(with tags or the condition tags, also t)"],
  ["ifBusy says what happens", "--if-busy says what happens"],
  ["use a new Idempotency-Key", "use a new --idempotency-key"],
  ["Send it again with POST /copies", "Send it again with ferry copy"],
  ["POST /copies/{id}/retry starts it", "ferry retry starts it"],
  ["GET /jobs returns the jobs", "ferry job list returns the jobs"],
  ["more failures than maxFailures allows", "more failures than --max-failures allows"],
  ["Set options.later to 1", "Set options.later (only in the API) to 1"],
])("%s", (text, expected) => {
  expect(nameFlags(text)).toBe(expected);
});

test.each([
  "https://a.blob.core.windows.net/b/ifTags/options.tier/ifBusy?overwrite=1",
  "https://a/b/sourceLease-1/x.ifBusy",
  "destinationConditions.ifTags of the route reads the tags",
  'the route "tags" sets other options: tier',
  "The source is a file, the tags are kept, and the tier is Hot",
])("URLs, routes and plain English stay unchanged: %s", (text) => {
  expect(nameFlags(text)).toBe(text);
});
