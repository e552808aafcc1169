import { InvalidArgumentError, Option } from "commander";
import type { JobRequest } from "../../client/ferry.ts";
import { createOptionFlags, readCopyOptions } from "./copy-flags.ts";
import { buildFields } from "./request-flags.ts";
import type { RequestFlag } from "./request-flags.ts";

/** The options of a copy that a job has, too; a test compares them with the document of the API. */
const jobOptions = new Set([
  "overwrite",
  "tier",
  "rehydratePriority",
  "metadata",
  "tags",
  "sealBlob",
  "immutabilityPolicy",
  "legalHold",
]);

const types = ["BlockBlob", "PageBlob", "AppendBlob"];
const unitNames = ["", "KiB", "MiB", "GiB", "TiB"];

/** Creates the flags of `ferry job start` that become fields of the request. */
export function createJobFlags(): RequestFlag[] {
  const flag = (field: string, flags: string, description: string): RequestFlag => {
    return { field, option: new Option(flags, description) };
  };
  const parsed = <Value>(
    { field, option }: RequestFlag,
    parse: (text: string, before: Value) => Value,
  ): RequestFlag => ({ field, option: option.argParser(parse) });
  const ofTimes = "only blobs modified at this time or later";
  return [
    parsed(
      flag("select.include", "--include <glob>", "only these names; repeat it for more"),
      collect,
    ),
    parsed(
      flag("select.exclude", "--exclude <glob>", "not these names; repeat it for more"),
      collect,
    ),
    flag("select.modifiedFrom", "--modified-from <time>", ofTimes),
    flag("select.modifiedTo", "--modified-to <time>", "only blobs modified before this time"),
    parsed(
      flag(
        "select.minSize",
        "--min-size <size>",
        "only blobs of at least this size, such as 10MiB",
      ),
      parseSize,
    ),
    parsed(
      flag("select.maxSize", "--max-size <size>", "only blobs of at most this size"),
      parseSize,
    ),
    parsed(
      flag("select.types", "--type <type>", `${types.join(", ")}; repeat it for more`),
      collectType,
    ),
    parsed(
      flag(
        "concurrency",
        "--concurrency <number>",
        "calls to Storage at the same time (default: 32)",
      ),
      parseCount,
    ),
    parsed(
      flag("maxFailures", "--max-failures <number>", "stop after more failures than this"),
      parseCount,
    ),
    flag("report", "--report <url>", "write a report of all objects below this URL"),
    ...createOptionFlags().filter(({ field }) => jobOptions.has(field.split(".")[1] ?? "")),
  ];
}

/** Builds a request, without its source and destination, from the values of commander; the app checks them. */
export function readJobFields(
  values: Readonly<Record<string, unknown>>,
): Omit<JobRequest, "source" | "destination"> {
  const { options: _, ...fields } = buildFields(createJobFlags(), values) ?? {};
  const options = readCopyOptions(values);
  return options === undefined ? fields : { ...fields, options };
}

function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}

function collectType(text: string, before: string[] = []): string[] {
  if (types.includes(text)) return [...before, text];
  throw new InvalidArgumentError(`Allowed choices are ${types.join(", ")}.`);
}

function parseSize(text: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,15})(|KiB|MiB|GiB|TiB|B)$/.exec(text) ?? [];
  const bytes = Number(digits) * 1_024 ** Math.max(0, unitNames.indexOf(unit));
  if (digits !== "" && Number.isSafeInteger(bytes)) return bytes;
  throw new InvalidArgumentError("It must be a number of bytes, or one with KiB, MiB, GiB or TiB.");
}

function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number.");
}
