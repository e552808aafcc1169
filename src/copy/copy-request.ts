import { z } from "zod";
import { endpointUrl, parseEndpoint } from "./endpoint.ts";
import type { EmulatorOrigin, Endpoint } from "./endpoint.ts";
import { parseMetadata } from "./metadata.ts";
import type { Sas } from "./sas.ts";

/** A valid request: its endpoints hold no secret, the SAS stand apart, options are complete. */
export type CopyRequest = {
  source: Endpoint;
  destination: Endpoint;
  sourceSas: Sas | null;
  destinationSas: Sas | null;
  options: CopyOptions;
};

export type CopyOptions = {
  /** What to do when the destination exists. `always` is Storage's own behaviour. */
  overwrite: "fail" | "skip" | "if-newer" | "always";
  /**
   * What to do when another copy onto the destination is under way. `wait` tries again until it has
   * ended, for two weeks at most. `replace` aborts a copy that Ferry knows nothing of; one of Ferry's
   * own copies is never aborted by another request, `replace` waits for it.
   */
  ifBusy: "fail" | "wait" | "replace";
  /**
   * `snapshot` keeps what the destination holds before it is written over, and brings it back when the
   * copy fails or is aborted.
   */
  rollback: "off" | "snapshot";
  /** x-ms-access-tier; null lets Storage choose. */
  tier: string | null;
  /** x-ms-meta-*; null copies the source's metadata, an object replaces all of it. */
  metadata: Record<string, string> | null;
};

/** What an option is where nobody names it, and where an input is older than the option. */
export const optionsOff: CopyOptions = {
  overwrite: "fail",
  ifBusy: "fail",
  rollback: "off",
  tier: null,
  metadata: null,
};

/** One thing wrong with a request; `pointer` is a JSON pointer (RFC 6901), empty for the whole body. */
export type Problem = { pointer: string; message: string };

export type ParsedRequest = { ok: true; request: CopyRequest } | { ok: false; problems: Problem[] };

/** Reads a request body, naming every problem at once. No message repeats a value that may be secret. */
export function parseCopyRequest(body: unknown, emulator: EmulatorOrigin): ParsedRequest {
  const parsed = requestShape.safeParse(body);
  const problems = parsed.success ? [] : parsed.error.issues.flatMap(shapeProblems);
  problems.push(...contradictions(body));
  const metadata = metadataOf(body, problems);
  const source = end(body, "source", emulator, problems);
  const destination = end(body, "destination", emulator, problems);
  if (destination?.endpoint.secondary === true) {
    problems.push({
      pointer: "/destination",
      message: "is a secondary endpoint, which is read-only",
    });
  }
  if (!parsed.success || source === null || destination === null || problems.length > 0) {
    return { ok: false, problems };
  }
  if (endpointUrl(source.endpoint) === endpointUrl(destination.endpoint)) {
    const message = "is the source itself; a copy onto itself is not supported yet";
    return { ok: false, problems: [{ pointer: "/destination", message }] };
  }
  const { overwrite, ifBusy, rollback, tier } = parsed.data.options;
  return {
    ok: true,
    request: {
      source: source.endpoint,
      destination: destination.endpoint,
      sourceSas: source.sas,
      destinationSas: destination.sas,
      options: { overwrite, ifBusy, rollback, tier: tier ?? null, metadata },
    },
  };
}

/** "Copy Blob", x-ms-access-tier: block blobs know names, page blobs sizes. */
const tiers = ["Hot", "Cool", "Cold", "Archive", "Smart"] as const;

const optionsShape = z.strictObject({
  overwrite: z.enum(["fail", "skip", "if-newer", "always"]).default("fail"),
  ifBusy: z.enum(["fail", "wait", "replace"]).default("fail"),
  rollback: z.enum(["off", "snapshot"]).default("off"),
  tier: z.enum(tiers).optional(),
  metadata: z.unknown().optional(), // read by parseMetadata
});

const requestShape = z.strictObject({
  source: z.string(),
  destination: z.string(),
  options: optionsShape.default({ overwrite: "fail", ifBusy: "fail", rollback: "off" }),
});

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

/** Options that undo each other. Read by hand, so that they come out with everything else. */
function contradictions(body: unknown): Problem[] {
  const { overwrite = "fail", ifBusy, rollback } = Object(Object(body)["options"]);
  const problems: Problem[] = [];
  // What an aborted copy leaves behind exists, and is new: only "always" writes over it.
  if (ifBusy === "replace" && overwrite !== "always") {
    const message = 'can be "replace" only when overwrite is "always"';
    problems.push({ pointer: "/options/ifBusy", message });
  }
  if (rollback === "snapshot" && (overwrite === "fail" || overwrite === "skip")) {
    const message = `can be "snapshot" only when something may be written over, and overwrite is "${overwrite}"`;
    problems.push({ pointer: "/options/rollback", message });
  }
  return problems;
}

/** Null where the request has none: then Storage copies the source's. */
function metadataOf(body: unknown, problems: Problem[]): Record<string, string> | null {
  const value: unknown = Object(Object(body)["options"])["metadata"];
  if (value === undefined) return null;
  const parsed = parseMetadata(value, "/options/metadata", escapePointer);
  problems.push(...parsed.problems);
  return parsed.metadata;
}

/** Reads one end even when the rest of the body is wrong, so that all problems come out at once. */
function end(
  body: unknown,
  name: "source" | "destination",
  emulator: EmulatorOrigin,
  problems: Problem[],
): { endpoint: Endpoint; sas: Sas | null } | null {
  const text: unknown = Object(body)[name];
  if (typeof text !== "string") return null;
  const parsed = parseEndpoint(text, emulator);
  if (parsed.ok) return { endpoint: parsed.endpoint, sas: parsed.sas };
  problems.push(...parsed.problems.map((message) => ({ pointer: `/${name}`, message })));
  return null;
}

/** Names come from the caller: what may be a pasted secret is not repeated. RFC 6901 escapes "~" and "/". */
function escapePointer(part: string): string {
  if (!/^[\w$.~/-]{1,40}$/.test(part)) return "(name not shown)";
  return part.replaceAll("~", "~0").replaceAll("/", "~1");
}
