import { readFileSync } from "node:fs";
import { Command } from "commander";
import { expect, test } from "vitest";
import { createJobFlags, readJobFields } from "../../../src/cli/flags/job-flags.ts";

/* The flags of `ferry job start` are the fields of the API: all of them. */

function parse(...args: string[]) {
  const command = new Command("start").exitOverride().configureOutput({ writeErr() {} });
  for (const { option } of createJobFlags()) command.addOption(option);
  return readJobFields(command.parse(args, { from: "user" }).opts());
}

test("all flags together are one request", () => {
  const time = "2026-11-20T12:00:00Z";
  const lists = ["--include", "a/**", "--include", "b", "--exclude", "c", "--type", "PageBlob"];
  const sizes = ["--min-size", "10MiB", "--max-size", "123"];
  const times = ["--modified-from", time, "--modified-to", time];
  const rest = ["--concurrency", "8", "--max-failures", "0", "--report", "https://a/b/"];
  expect(
    parse(...lists, ...sizes, ...times, ...rest, "--overwrite", "skip", "--tags-from-source"),
  ).toEqual({
    select: {
      include: ["a/**", "b"],
      exclude: ["c"],
      types: ["PageBlob"],
      minSize: 10_485_760,
      maxSize: 123,
      modifiedFrom: time,
      modifiedTo: time,
    },
    concurrency: 8,
    maxFailures: 0,
    report: "https://a/b/",
    options: { overwrite: "skip", tags: "source" },
  });
  expect(parse()).toEqual({});
});

test("each field of a job in the document of the API has a flag, and no flag has another field", () => {
  const { components } = JSON.parse(readFileSync("src/http/openapi/openapi.json", "utf8"));
  const { properties } = components.schemas.JobRequest;
  const { select, options } = properties;
  const others = new Set(["source", "destination", "dryRun", "select", "options"]);
  const plain = Object.keys(properties).filter((name) => !others.has(name));
  const names = (part: string, { properties: each }: { properties: object }) =>
    Object.keys(each).map((name) => `${part}.${name}`);
  const fields = [...plain, ...names("select", select), ...names("options", options)];
  const ofFlags = createJobFlags().map(({ field }) => field.split(".").slice(0, 2).join("."));
  expect([...new Set(ofFlags)].toSorted()).toEqual(fields.toSorted());
  expect(select.properties.types.items.enum.toSorted()).toEqual([
    "AppendBlob",
    "BlockBlob",
    "PageBlob",
  ]);
});

test.each([
  ["0", 0],
  ["1024", 1_024],
  ["5B", 5],
  ["1KiB", 1_024],
  ["3GiB", 3_221_225_472],
  ["2TiB", 2_199_023_255_552],
])("the size %s is %i bytes", (text, bytes) => {
  expect(parse("--min-size", text)).toEqual({ select: { minSize: bytes } });
});

test.each(["", "1MB", "1.5GiB", "-1", "KiB", "9999999999999TiB"])(
  "the size %j is rejected",
  (text) => {
    expect(() => parse("--max-size", text)).toThrow(/is invalid/);
  },
);
