import { z } from "zod";
import { optionsOff, optionsShape } from "./copy-options.ts";
import type { CopyOptions } from "./copy-options.ts";
import { isOntoItself } from "../location/endpoint.ts";
import type { Destination, Endpoint } from "../location/endpoint.ts";
import { parseMetadata } from "./metadata.ts";
import { conflictingOptions, incompatibleOptions } from "./option-rules.ts";
import { parseDestination, parseSource } from "../location/parse-endpoint.ts";
import type { Origins, ParsedEndpoint } from "../location/parse-endpoint.ts";
import type { Problem } from "./request-problem.ts";
import type { Sas } from "../location/sas.ts";
import { parseTags } from "./tags.ts";

/** A valid request: its endpoints hold no secret, the SAS stand apart, options are complete. */
export type CopyRequest = {
  source: Endpoint;
  destination: Destination;
  sourceSas: Sas | null;
  destinationSas: Sas | null;
  options: CopyOptions;
};

export type ParsedRequest = { ok: true; request: CopyRequest } | { ok: false; problems: Problem[] };

/** Reads a request body, naming every problem at once. No message repeats a value that may be secret. */
export function parseCopyRequest(body: unknown, origins: Origins): ParsedRequest {
  const parsed = requestShape.safeParse(body);
  const problems = parsed.success ? [] : parsed.error.issues.flatMap(shapeProblems);
  const source = parseSide(body, "source", (text) => parseSource(text, origins), problems);
  const destination = parseSide(
    body,
    "destination",
    (text) => parseDestination(text, origins),
    problems,
  );
  const options = optionsOf(body, parsed.success ? (parsed.data.options ?? {}) : null, problems);
  problems.push(...conflictingOptions(options));
  if (source !== null && destination !== null) {
    problems.push(...incompatibleOptions(options, source.endpoint, destination.endpoint));
  }
  if (!parsed.success || source === null || destination === null || problems.length > 0) {
    return { ok: false, problems };
  }
  const itself = isOntoItself(source.endpoint, destination.endpoint);
  return {
    ok: true,
    request: {
      source: source.endpoint,
      destination: destination.endpoint,
      sourceSas: source.sas,
      destinationSas: destination.sas,
      options: itself ? { ...options, rollback: "snapshot" } : options,
    },
  };
}

const requestShape = z.strictObject({
  source: z.string(),
  destination: z.string(),
  options: optionsShape.exactOptional(),
});

/**
 * The options as far as they can be read: where `parsed` is null, one that is wrong is off, so that the rest is
 * looked at too and all problems come out at once. What the shape says of them was named before.
 */
function optionsOf(
  body: unknown,
  parsed: z.output<typeof optionsShape> | null,
  problems: Problem[],
): CopyOptions {
  const raw: unknown = Object(body)["options"];
  const options: CopyOptions = { ...optionsOff };
  if (typeof raw !== "object" || raw === null) return options;
  const given = new Map<string, unknown>(Object.entries(raw));
  const { metadata: _, tags: __, ...shapes } = optionsShape.shape;
  for (const [name, shape] of parsed === null ? Object.entries(shapes) : []) {
    const read = given.has(name) ? shape.safeParse(given.get(name)) : null;
    if (read?.success === true) Object.assign(options, { [name]: read.data });
  }
  Object.assign(options, parsed, { metadata: null, tags: null });
  if (given.has("metadata")) {
    const read = parseMetadata(given.get("metadata"), "/options/metadata", escapePointer);
    problems.push(...read.problems);
    options.metadata = read.metadata;
  }
  if (given.has("tags")) {
    const read = parseTags(given.get("tags"), "/options/tags", escapePointer);
    problems.push(...read.problems);
    options.tags = read.tags;
  }
  return options;
}

function shapeProblems(issue: z.core.$ZodIssue): Problem[] {
  const pointer = issue.path.map((part) => `/${escapePointer(String(part))}`).join("");
  if (issue.code !== "unrecognized_keys") return [{ pointer, message: issueMessage(issue) }];
  return issue.keys.map((key) => ({
    pointer: `${pointer}/${escapePointer(key)}`,
    message: "is not a field of this request",
  }));
}

function issueMessage(issue: z.core.$ZodIssue): string {
  if (issue.message.endsWith("received undefined")) return "is missing";
  if (issue.code === "invalid_type") return `must be of the type ${issue.expected}`;
  return issue.message;
}

/** Reads one end even when the rest of the body is wrong, so that all problems come out at once. */
function parseSide<E extends Endpoint>(
  body: unknown,
  name: "source" | "destination",
  parse: (text: string) => ParsedEndpoint<E>,
  problems: Problem[],
): { endpoint: E; sas: Sas | null } | null {
  const text: unknown = Object(body)[name];
  if (typeof text !== "string") return null;
  const parsed = parse(text);
  if (parsed.ok) return parsed;
  problems.push(...parsed.problems.map((message) => ({ pointer: `/${name}`, message })));
  return null;
}

/** Names come from the caller: what may be a pasted secret is not repeated. RFC 6901 escapes "~" and "/". */
function escapePointer(part: string): string {
  if (!/^[\w$.~/-]{1,40}$/.test(part)) return "(name not shown)";
  return part.replaceAll("~", "~0").replaceAll("/", "~1");
}
