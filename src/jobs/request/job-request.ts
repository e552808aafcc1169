import { z } from "zod";
import { conflictingOptions } from "../../copy/request/option-rules.ts";
import { optionsOff, optionsShape } from "../../copy/request/copy-options.ts";
import type { CopyOptions } from "../../copy/request/copy-options.ts";
import { parseMetadata } from "../../copy/request/metadata.ts";
import { parseTags } from "../../copy/request/tags.ts";
import type { Problem } from "../../copy/request/request-problem.ts";
import type { Origins } from "../../copy/location/parse-endpoint.ts";
import type { Sas } from "../../copy/location/sas.ts";
import { maxGlobSize, parseGlob, tooMany } from "../../copy/routing/glob.ts";
import { parseTime, utcTime } from "../../copy/time.ts";
import { jobBlobTypes, jobOptionNames, selectAll } from "../contract/job-input.ts";
import type { JobInput, JobOptions, JobPlace, JobSelect } from "../contract/job-input.ts";
import { overlap, parsePlace, placeIdentity } from "./places.ts";

/** A valid request. It contains no plaintext secret except the two SAS. */
export type JobRequest = Pick<
  JobInput,
  "source" | "destination" | "select" | "options" | "concurrency" | "maxFailures" | "report"
> & { sourceSas: Sas | null; destinationSas: Sas | null; dryRun: boolean };

export type ParsedJobRequest =
  | { ok: true; request: JobRequest }
  | { ok: false; problems: Problem[] };

export const defaultConcurrency = 32;
export const maxConcurrency = 256;
const maxGlobs = 50;
const maxGlobLength = 1_024;

const glob = z.string().max(maxGlobLength);
const globs = z.array(glob).max(maxGlobs).exactOptional();
const size = z.number().int().nonnegative().exactOptional();

export const selectShape = z.strictObject({
  include: globs,
  exclude: globs,
  modifiedFrom: utcTime.exactOptional(),
  modifiedTo: utcTime.exactOptional(),
  minSize: size,
  maxSize: size,
  types: z.array(z.enum(jobBlobTypes)).min(1).exactOptional(),
});

const optionNames: ReadonlySet<string> = new Set(jobOptionNames);
const { shape } = optionsShape;
/** The options of a copy that a job has, too. */
export const jobOptionsShape = z.strictObject({
  overwrite: shape.overwrite,
  tier: shape.tier,
  rehydratePriority: shape.rehydratePriority,
  metadata: shape.metadata,
  tags: shape.tags,
  sealBlob: shape.sealBlob,
  immutabilityPolicy: shape.immutabilityPolicy,
  legalHold: shape.legalHold,
});

export const jobRequestShape = z.strictObject({
  source: z.string(),
  destination: z.string(),
  select: selectShape.exactOptional(),
  options: jobOptionsShape.exactOptional(),
  concurrency: z.number().int().min(1).max(maxConcurrency).exactOptional(),
  maxFailures: z.number().int().nonnegative().exactOptional(),
  report: z.string().exactOptional(),
  dryRun: z.boolean().exactOptional(),
});

/** Parses the body of `POST /jobs`, and returns all problems. No message quotes a value that may be secret. */
export function parseJobRequest(body: unknown, origins: Origins): ParsedJobRequest {
  const parsed = jobRequestShape.safeParse(body);
  const problems = parsed.success ? [] : parsed.error.issues.flatMap(shapeProblems);
  const source = parseField(body, "source", origins, problems);
  const destination = parseField(body, "destination", origins, problems);
  const report = parseField(body, "report", origins, problems);
  if (report !== null && report.sas !== null) {
    const message = "contains a SAS; this app's identity writes the report";
    problems.push({ pointer: "/report", message });
  }
  if (report !== null && report.place.container.container === "$root") {
    const message = "is in the root container ($root), whose blobs are in no folder";
    problems.push({ pointer: "/report", message });
  }
  if (source !== null && destination !== null) {
    problems.push(...placeProblems(source.place, destination.place, report?.place ?? null));
  }
  if (!parsed.success) return { ok: false, problems };
  const { data } = parsed;
  const select = toSelect(data.select ?? {});
  problems.push(...selectProblems(select));
  const options = parseOptions(data.options ?? {}, problems);
  problems.push(...conflictingOptions({ ...optionsOff, ...options }));
  if (source === null || destination === null || problems.length > 0) {
    return { ok: false, problems };
  }
  return {
    ok: true,
    request: {
      source: source.place,
      destination: destination.place,
      sourceSas: source.sas,
      destinationSas: destination.sas,
      select,
      options,
      concurrency: data.concurrency ?? defaultConcurrency,
      maxFailures: data.maxFailures ?? null,
      report: report?.place ?? null,
      dryRun: data.dryRun ?? false,
    },
  };
}

function toSelect(given: z.output<typeof selectShape>): JobSelect {
  return { ...selectAll, ...given };
}

function parseOptions(given: z.output<typeof jobOptionsShape>, problems: Problem[]): JobOptions {
  const { metadata, tags, ...plain } = given;
  const all: CopyOptions = { ...optionsOff, ...plain };
  if (metadata !== undefined) {
    const read = parseMetadata(metadata, "/options/metadata", escapePointer);
    problems.push(...read.problems);
    all.metadata = read.metadata;
  }
  if (tags !== undefined) {
    const read = parseTags(tags, "/options/tags", escapePointer);
    problems.push(...read.problems);
    all.tags = read.tags;
  }
  return pickOptions(all);
}

/** Picks the options that a job has. */
export function pickOptions(options: CopyOptions): JobOptions {
  const { overwrite, tier, rehydratePriority, metadata, tags } = options;
  const { sealBlob, immutabilityPolicy, legalHold } = options;
  return {
    overwrite,
    tier,
    rehydratePriority,
    metadata,
    tags,
    sealBlob,
    immutabilityPolicy,
    legalHold,
  };
}

function selectProblems(select: JobSelect): Problem[] {
  const problems: Problem[] = [];
  let globSize = 0;
  for (const list of ["include", "exclude"] as const) {
    for (const [index, text] of select[list].entries()) {
      const read = parseGlob(text);
      if (read.ok) globSize += read.glob.size;
      else problems.push({ pointer: `/select/${list}/${index}`, message: read.problem });
    }
  }
  if (globSize > maxGlobSize) {
    problems.push({ pointer: "/select", message: `has globs of ${tooMany(globSize)}` });
  }
  const { modifiedFrom, modifiedTo, minSize, maxSize } = select;
  if (
    modifiedFrom !== null &&
    modifiedTo !== null &&
    parseTime(modifiedFrom) >= parseTime(modifiedTo)
  ) {
    problems.push({ pointer: "/select/modifiedTo", message: "is not later than modifiedFrom" });
  }
  if (minSize !== null && maxSize !== null && minSize > maxSize) {
    problems.push({ pointer: "/select/maxSize", message: "is less than minSize" });
  }
  return problems;
}

/** A job that wrote into its source would copy its own copies; one that wrote its report there would copy that. */
function placeProblems(
  source: JobPlace,
  destination: JobPlace,
  report: JobPlace | null,
): Problem[] {
  const problems: Problem[] = [];
  const [from, to] = [placeIdentity(source), placeIdentity(destination)];
  const refuse = (field: string, message: string) =>
    problems.push({ pointer: `/${field}`, message });
  if (from === to) refuse("destination", "is the source itself");
  else if (from.startsWith(to)) refuse("source", "is inside the destination");
  else if (to.startsWith(from)) refuse("destination", "is inside the source");
  if (report !== null && overlap(report, source)) refuse("report", "overlaps with the source");
  if (report !== null && overlap(report, destination)) {
    refuse("report", "overlaps with the destination");
  }
  return problems;
}

function parseField(
  body: unknown,
  name: "source" | "destination" | "report",
  origins: Origins,
  problems: Problem[],
): { place: JobPlace; sas: Sas | null } | null {
  const text: unknown = Object(body)[name];
  if (typeof text !== "string") return null;
  const parsed = parsePlace(text, name === "source" ? "source" : "destination", origins);
  if (parsed.ok) return parsed;
  problems.push(...parsed.problems.map((message) => ({ pointer: `/${name}`, message })));
  return null;
}

function shapeProblems(issue: z.core.$ZodIssue): Problem[] {
  const pointer = issue.path.map((part) => `/${escapePointer(String(part))}`).join("");
  if (issue.code !== "unrecognized_keys") return [{ pointer, message: issueMessage(issue) }];
  return issue.keys.map((key) => ({
    pointer: `${pointer}/${escapePointer(key)}`,
    message:
      pointer === "/options" && key in optionsOff && !optionNames.has(key)
        ? "does not apply to a job"
        : "is not a field of this request",
  }));
}

function issueMessage(issue: z.core.$ZodIssue): string {
  if (issue.message.endsWith("received undefined")) return "is missing";
  if (issue.code === "invalid_type") return `must be of the type ${issue.expected}`;
  return issue.message;
}

/** Escapes "~" and "/" (RFC 6901). Does not quote long or unusual names, because they may be pasted secrets. */
function escapePointer(part: string): string {
  if (!/^[\w$.~/-]{1,40}$/.test(part)) return "(name not shown)";
  return part.replaceAll("~", "~0").replaceAll("/", "~1");
}
