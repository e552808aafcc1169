import { readFileSync } from "node:fs";
import { Command } from "commander";
import { expect, test } from "vitest";
import { createOptionFlags, readCopyOptions } from "../../../src/cli/flags/copy-flags.ts";

/* The flags of `ferry copy` are the options of the API: all of them, with the same values. */

function parse(...args: string[]) {
  const command = new Command("copy").exitOverride().configureOutput({ writeErr() {} });
  for (const { option } of createOptionFlags()) command.addOption(option);
  return readCopyOptions(command.parse(args, { from: "user" }).opts());
}

const flags: [string, string[], object][] = [
  ["overwrite", ["--overwrite", "if-newer"], { overwrite: "if-newer" }],
  ["ifBusy", ["--if-busy", "wait"], { ifBusy: "wait" }],
  ["rollback", ["--rollback", "snapshot"], { rollback: "snapshot" }],
  ["tier", ["--tier", "Cool"], { tier: "Cool" }],
  ["rehydratePriority", ["--rehydrate-priority", "High"], { rehydratePriority: "High" }],
  ["metadata", ["--metadata", "a=1", "--metadata", "b=x=y"], { metadata: { a: "1", b: "x=y" } }],
  [
    "metadata with an odd name",
    ["--metadata", "__proto__=1"],
    { metadata: JSON.parse('{"__proto__":"1"}') },
  ],
  ["tags", ["--tag", "team=video", "--tag", "empty="], { tags: { team: "video", empty: "" } }],
  ["tags of the source", ["--tags-from-source"], { tags: "source" }],
  ["sealBlob", ["--seal-blob"], { sealBlob: true }],
  ["legalHold", ["--legal-hold"], { legalHold: true }],
  [
    "immutabilityPolicy",
    ["--immutable-until", "2027-01-01T00:00:00Z"],
    { immutabilityPolicy: { until: "2027-01-01T00:00:00Z", mode: "Unlocked" } },
  ],
  [
    "sourceConditions",
    ["--source-if", "match=0x1", "--source-if", "tags=\"a\"='b'"],
    { sourceConditions: { ifMatch: "0x1", ifTags: "\"a\"='b'" } },
  ],
  [
    "destinationConditions",
    [
      "--destination-if",
      "none-match=*",
      "--destination-if",
      "modified-since=2026-01-01T00:00:00Z",
      "--destination-if",
      "unmodified-since=2026-01-02T00:00:00Z",
    ],
    {
      destinationConditions: {
        ifNoneMatch: "*",
        ifModifiedSince: "2026-01-01T00:00:00Z",
        ifUnmodifiedSince: "2026-01-02T00:00:00Z",
      },
    },
  ],
  ["sourceLease", ["--source-lease", "hold"], { sourceLease: "hold" }],
  ["destinationLease", ["--destination-lease", "x"], { destinationLease: "x" }],
  [
    "file.permission",
    ["--file-permission", "sddl:O:BAG:BA"],
    { file: { permission: { sddl: "O:BAG:BA" } } },
  ],
  [
    "file.permission by key",
    ["--file-permission", "key:1*2"],
    { file: { permission: { key: "1*2" } } },
  ],
  [
    "file.permission in binary",
    ["--file-permission", "binary:AA=="],
    { file: { permission: { binary: "AA==" } } },
  ],
  [
    "file.permission of the source",
    ["--file-permission", "source"],
    { file: { permission: "source" } },
  ],
  [
    "file.attributes",
    ["--file-attributes", "Archive,Hidden"],
    { file: { attributes: ["Archive", "Hidden"] } },
  ],
  ["no file.attributes", ["--file-attributes", "none"], { file: { attributes: "none" } }],
  ["file.setArchive", ["--file-set-archive"], { file: { setArchive: true } }],
  ["file.ignoreReadOnly", ["--file-ignore-read-only"], { file: { ignoreReadOnly: true } }],
  ["file.creationTime", ["--file-creation-time", "source"], { file: { creationTime: "source" } }],
  [
    "file.lastWriteTime",
    ["--file-last-write-time", "source"],
    { file: { lastWriteTime: "source" } },
  ],
  ["file.changeTime", ["--file-change-time", "source"], { file: { changeTime: "source" } }],
  ["file.owner", ["--file-owner", "1000:100"], { file: { owner: { user: "1000", group: "100" } } }],
  ["file.owner of the source", ["--file-owner", "source"], { file: { owner: "source" } }],
  ["file.mode", ["--file-mode", "0644"], { file: { mode: "0644" } }],
];

test("without flags there are no options", () => {
  expect(parse()).toBeUndefined();
});

test.each(flags)("%s has a flag", (_, args, options) => {
  expect(parse(...args)).toEqual(options);
});

test("each option of the API, and each field of it, has a flag", () => {
  const { components } = JSON.parse(readFileSync("src/http/openapi/openapi.json", "utf8"));
  const { options } = components.schemas.CopyRequest.anyOf[0].properties;
  const covered = Object.assign({}, ...flags.map(([, , value]) => value));
  expect(Object.keys(covered).toSorted()).toEqual(Object.keys(options.properties).toSorted());
  const fieldsOf = (...names: string[]) => {
    const values = flags.flatMap(([, , value]) => Object.entries(value));
    const fields = values.flatMap(([name, value]) =>
      names.includes(name) ? Object.keys(Object(value)) : [],
    );
    return [...new Set(fields)].toSorted();
  };
  const namesIn = (name: string) => Object.keys(options.properties[name].properties).toSorted();
  expect(fieldsOf("file")).toEqual(namesIn("file"));
  const conditions = fieldsOf("sourceConditions", "destinationConditions");
  expect(conditions).toEqual(namesIn("sourceConditions"));
});

test("the choices of a flag are the values of the API", () => {
  const { components } = JSON.parse(readFileSync("src/http/openapi/openapi.json", "utf8"));
  const { properties } = components.schemas.CopyRequest.anyOf[0].properties.options;
  const choices = createOptionFlags()
    .map(({ option }) => option)
    .filter(({ argChoices }) => argChoices !== undefined);
  expect(choices.length).toBeGreaterThanOrEqual(7);
  for (const flag of choices) {
    const name = flag.attributeName();
    const schema =
      name === "immutabilityMode"
        ? properties.immutabilityPolicy.properties.mode
        : properties[name];
    expect(flag.argChoices, name).toEqual(schema.enum);
  }
});

test.each([
  ["--file-permission", "O:BA"],
  ["--file-owner", "1:2:3"],
  ["--file-owner", "1"],
  ["--metadata", "=x"],
  ["--source-if", "ifMatch=x"],
  ["--source-if", "constructor=x"],
])("%s %s is rejected", (flag, value) => {
  expect(() => parse(flag, value)).toThrow(/is invalid/);
});

test("--tag and --tags-from-source exclude each other", () => {
  expect(() => parse("--tag", "a=1", "--tags-from-source")).toThrow(/cannot be used with/);
});
