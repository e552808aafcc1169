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

/** A valid request. Its endpoints contain no secret, each SAS is separate, and its options are complete. */
export type CopyRequest = {
  source: Endpoint;
  destination: Destination;
  sourceSas: Sas | null;
  destinationSas: Sas | null;
  options: CopyOptions;
};

export type ParsedRequest = { ok: true; request: CopyRequest } | { ok: false; problems: Problem[] };

/**
 * Parses a request body and returns all problems. No message quotes a value that may be secret.
 * `given` is the source or the destination of the body if it has already been parsed.
 */
export function parseCopyRequest(
  body: unknown,
  origins: Origins,
  given: { source?: ParsedEndpoint; destination?: ParsedEndpoint<Destination> } = {},
): ParsedRequest {
  const parsed = requestShape.safeParse(body);
  const problems = parsed.success ? [] : parsed.error.issues.flatMap(shapeProblems);
  const source = parseField(
    body,
    "source",
    (text) => given.source ?? parseSource(text, origins),
    problems,
  );
  const destination = parseField(
    body,
    "destination",
    (text) => given.destination ?? parseDestination(text, origins),
    problems,
  );
  const options = parseOptions(body, parsed.success ? (parsed.data.options ?? {}) : null, problems);
  problems.push(...conflictingOptions(options));
  if (source !== null && destination !== null) {
    problems.push(...incompatibleOptions(options, source.endpoint, destination.endpoint));
  }
  if (!parsed.success || source === null || destination === null || problems.length > 0) {
    return { ok: false, problems };
  }
  const ontoItself = isOntoItself(source.endpoint, destination.endpoint);
  return {
    ok: true,
    request: {
      source: source.endpoint,
      destination: destination.endpoint,
      sourceSas: source.sas,
      destinationSas: destination.sas,
      options: ontoItself ? { ...options, rollback: "snapshot" } : options,
    },
  };
}

const requestShape = z.strictObject({
  source: z.string(),
  destination: z.string(),
  options: optionsShape.exactOptional(),
  dryRun: z.boolean().exactOptional(),
});

/** Returns true if a valid request body asks only for the plan of its copy. */
export function asksForDryRun(body: unknown): boolean {
  return Object(body)["dryRun"] === true;
}

/**
 * Parses the options as far as possible: where `parsed` is null, an invalid option gets its default, so that the
 * problems of the other options are also found. `problems` already contains the problems of the shape.
 */
function parseOptions(
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
    const option = given.has(name) ? shape.safeParse(given.get(name)) : null;
    if (option?.success === true) Object.assign(options, { [name]: option.data });
  }
  Object.assign(options, parsed, { metadata: null, tags: null });
  if (given.has("metadata")) {
    const result = parseMetadata(given.get("metadata"), "/options/metadata", escapePointer);
    problems.push(...result.problems);
    options.metadata = result.metadata;
  }
  if (given.has("tags")) {
    const result = parseTags(given.get("tags"), "/options/tags", escapePointer);
    problems.push(...result.problems);
    options.tags = result.tags;
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

/** Parses the source or the destination even when the rest of the body is wrong, to find all problems. */
function parseField<E extends Endpoint>(
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

/** Escapes "~" and "/" (RFC 6901). Does not quote long or unusual names, because they may be pasted secrets. */
function escapePointer(part: string): string {
  if (!/^[\w$.~/-]{1,40}$/.test(part)) return "(name not shown)";
  return part.replaceAll("~", "~0").replaceAll("/", "~1");
}
