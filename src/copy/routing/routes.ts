import { z } from "zod";
import { epochMs } from "../time.ts";
import type { EpochMs } from "../time.ts";
import { parseCopyRequest } from "../request/copy-request.ts";
import type { CopyRequest, ParsedRequest } from "../request/copy-request.ts";
import { isGrant, unknownGrants } from "../request/grants.ts";
import type { Grant } from "../request/grants.ts";
import { missingGrants } from "../request/powers.ts";
import type { Problem } from "../request/request-problem.ts";
import type { BlobEndpoint, Destination, Endpoint } from "../location/endpoint.ts";
import { hasDotSegment, trailingDotProblem } from "../location/storage-names.ts";
import { quotedName, shownName, surrogateProblem } from "../location/characters.ts";
import { createMatcher } from "./glob-matcher.ts";
import type { GlobMatcher } from "./glob-matcher.ts";
import { literalStart, parseGlob } from "./glob.ts";
import type { Glob } from "./glob.ts";
import { parseJson } from "../json.ts";
import {
  limitCopySource,
  parseDestination,
  parseSource as parseSourceUrl,
  withName,
} from "../location/parse-endpoint.ts";
import type { Origins, ParsedEndpoint } from "../location/parse-endpoint.ts";
import { ownOrigin } from "../location/storage-hosts.ts";
import { findCycles } from "./route-cycles.ts";
import { fillTemplate, parseTemplate, templateStart } from "./route-template.ts";
import type { RoutedBlob, RouteTemplate } from "./route-template.ts";

/** A rule that copies new blobs to a destination; a request can name it instead of a destination. */
export type Route = {
  name: string;
  source: RouteSource;
  template: RouteTemplate;
  /** Options as in a request, including the defaults of routes. */
  options: Record<string, unknown>;
  /** The names of the options that the route sets; a request with this route cannot override them. */
  fixedOptions: readonly string[];
  /** The words that the route grants beyond copying the blobs that it matches. */
  allow: readonly Grant[];
  /** The request for an invented blob that the route matches. Its endpoints show where the route reads and writes. */
  sample: CopyRequest;
  /** The text at the beginning of the names of all sources, and of all destinations. */
  start: { source: string; destination: string };
};

export type RouteSource = {
  origin: string;
  account: string;
  container: string;
  prefix: string;
  suffix: string;
  glob: GlobMatcher | null;
};

/** Defaults for routed copies: the latest content wins, and a copy waits for a running copy to the same destination. */
export const defaultOptions = { overwrite: "always", ifBusy: "wait" };

/** Returns true if the route matches the blob. */
export function isRouted({ source }: Route, blob: Endpoint): blob is BlobEndpoint {
  const { origin, account, container, prefix, suffix, glob } = source;
  return (
    blob.service === "blob" &&
    !blob.secondary &&
    blob.snapshot === undefined &&
    blob.version === undefined &&
    blob.origin === origin &&
    blob.account === account &&
    blob.container === container &&
    blob.path.startsWith(prefix) &&
    blob.path.endsWith(suffix) &&
    blob.path.length >= prefix.length + suffix.length &&
    (glob === null || glob.matches(blob.path))
  );
}

/**
 * Builds the route's request for a blob, and validates it like any other request. `source` is the blob, or the URL of
 * an invented one; `at` is the time of its event (epoch ms).
 */
export function buildRoutedRequest(
  { template, options }: Pick<Route, "template" | "options">,
  blob: { source: BlobEndpoint | string; container: string; path: string; at: EpochMs },
  origins: Origins,
): ParsedRequest {
  const { source } = blob;
  const { url: destination, parsed: target, problems } = buildDestination(template, blob, origins);
  const isUrl = typeof source === "string";
  const body = { source: isUrl ? source : "", destination, options };
  const given = isUrl ? {} : { source: limitCopySource({ ok: true, endpoint: source, sas: null }) };
  const parsed = parseCopyRequest(body, origins, { ...given, destination: target });
  if (problems.length === 0) return parsed;
  const others = (parsed.ok ? [] : parsed.problems).filter(
    ({ pointer }) => pointer !== "/destination",
  );
  return { ok: false, problems: [...problems, ...others] };
}

/**
 * Fills the template. The name is taken as it is, because a blob's name may look like a URL's query. `problems` names
 * the dots that the blob's name led to.
 */
export function buildDestination(
  template: RouteTemplate,
  blob: RoutedBlob,
  origins: Origins,
): { url: string; parsed: ParsedEndpoint<Destination>; problems: Problem[] } {
  const { url, base, path } = fillTemplate(template, blob);
  const place = parseDestination(base, origins);
  const parsed = place.ok ? withName(place.endpoint, path) : place;
  const message = resultProblem(parsed, path);
  return { url, parsed, problems: message === null ? [] : [{ pointer: "/destination", message }] };
}

function resultProblem(parsed: ParsedEndpoint<Destination>, path: string): string | null {
  if (hasDotSegment(path)) return 'results in a name with "." or ".." as a part';
  const isDotRemoved = !parsed.ok && parsed.problems.includes(trailingDotProblem);
  return isDotRemoved
    ? 'results in a name with "." at the end of a part, which Storage removes'
    : null;
}

export type ParsedRoutes = { routes: Route[]; problems: string[] };

/** Parses `COPY_ROUTES` and returns all problems, including cycles of routes. */
export function parseRoutes(text: string, origins: Origins): ParsedRoutes {
  const { routes, problems } = parseRouteList(text, origins);
  problems.push(...findCycles(routes));
  return { routes: problems.length === 0 ? routes : [], problems };
}

/** Parses a JSON list of routes without checking for cycles. */
export function parseRouteList(text: string, origins: Origins): ParsedRoutes {
  const list = z.array(z.unknown()).safeParse(parseJson(text));
  if (!list.success) return { routes: [], problems: [`must be a JSON list of routes: ${example}`] };
  const parsed = list.data.map((entry, index) => parseRoute(entry, { index, origins }));
  const problems = parsed.flatMap((each) => each.problems);
  const names = list.data
    .map((entry): unknown => Object(entry)["name"])
    .filter((name) => typeof name === "string");
  for (const name of new Set(names.filter((each, index) => names.indexOf(each) !== index))) {
    problems.push(`has more than one route called ${quotedName(name) ?? "the same"}`);
  }
  return { routes: parsed.flatMap(({ route }) => (route === null ? [] : [route])), problems };
}

const example =
  '[{ "name": "films", "source": "https://a.blob.core.windows.net/in", "destination": "https://b.blob.core.windows.net/out/{path}" }]';

const routeShape = z.strictObject({
  name: z.string().regex(/^[A-Za-z][\w-]{0,63}$/, "must be 1 to 64 letters, digits, - and _"),
  source: z.string(),
  prefix: z.string().default(""),
  suffix: z.string().default(""),
  glob: z.string().optional(),
  destination: z.string(),
  options: z.record(z.string(), z.unknown()).default({}),
  allow: z.array(z.string()).default([]),
});

function parseRoute(
  entry: unknown,
  { index, origins }: { index: number; origins: Origins },
): { route: Route | null; problems: string[] } {
  const shape = routeShape.safeParse(entry);
  const at = (field: string, problem: string) => `[${index}]${field} ${problem}`;
  const problems = shape.success
    ? []
    : shape.error.issues.flatMap((issue) => shapeProblems(issue, at));
  const fields = z.object({ source: z.string(), destination: z.string() }).safeParse(entry);
  if (!fields.success) return { route: null, problems };
  const source = parseSource(fields.data.source, origins);
  problems.push(...source.problems.map((problem) => at(".source", problem)));
  if (source.place === null) return { route: null, problems };
  const { container } = source.place;
  const parsed = parseTemplate(fields.data.destination, { container, origins });
  if (!parsed.ok) problems.push(...parsed.problems.map((problem) => at(".destination", problem)));
  if (!parsed.ok || !shape.success) return { route: null, problems };

  const { name, prefix, suffix, glob: globText } = shape.data;
  const wholeText = (field: string, text: string): string => {
    const problem = surrogateProblem(text);
    if (problem !== null) problems.push(at(field, problem));
    return problem === null ? text : "";
  };
  const glob = globText === undefined ? null : parseGlob(globText);
  if (glob?.ok === false) problems.push(at(".glob", glob.problem));
  const named = {
    prefix: wholeText(".prefix", prefix),
    suffix: wholeText(".suffix", suffix),
    glob: glob?.ok === true ? glob.glob : null,
  };
  const sourceStart = commonStart(named);
  if (sourceStart === null) problems.push(at(".glob", "and prefix cannot match the same name"));
  const options = { ...defaultOptions, ...shape.data.options };
  const { template } = parsed;
  problems.push(...unknownGrants(shape.data.allow).map((problem) => at(".allow", problem)));
  const allow = shape.data.allow.filter(isGrant);
  const sample = buildRoutedRequest(
    { template, options },
    { ...buildSample(source.place, sourceStart ?? "", named.suffix), at: epochMs(0) },
    origins,
  );
  const fixedOptions = Object.keys(shape.data.options);
  const granter = { name: "the route", allow: new Set(allow) };
  const sampleProblems = sample.ok
    ? missingGrants(sample.request.options, {
        ...granter,
        route: { sets: fixedOptions, options: sample.request.options },
      })
    : sample.problems;
  problems.push(
    ...sampleProblems.map(({ pointer, message }) => at(pointer.replaceAll("/", "."), message)),
  );
  if (problems.length > 0 || !sample.ok || sourceStart === null) return { route: null, problems };
  const destination = templateStart(template, { container, sourceStart });
  const start = { source: sourceStart, destination };
  const matcher = named.glob === null ? null : createMatcher([named.glob]);
  const from = { ...source.place, ...named, glob: matcher };
  const route = { name, source: from, template, options, fixedOptions, allow };
  return { route: { ...route, sample: sample.request, start }, problems: [] };
}

type Place = Pick<RouteSource, "origin" | "account" | "container"> & { url: string };

/** Parses a container's URL by parsing the URL of a blob in it, so that the same rules apply. */
function parseSource(text: string, origins: Origins): { place: Place | null; problems: string[] } {
  const url = text.replace(/\/$/, "");
  const parsed = parseSourceUrl(`${url}/x`, origins);
  if (!parsed.ok) return { place: null, problems: parsed.problems };
  const { endpoint, sas } = parsed;
  if (endpoint.service !== "blob") {
    return { place: null, problems: ["is not in a Blob service; only Blob services emit events"] };
  }
  if (endpoint.path !== "x" || sas !== null) {
    const problem = 'must be a container\'s URL; use "prefix" to select a folder in it';
    return { place: null, problems: [problem] };
  }
  if (endpoint.secondary) {
    return { place: null, problems: ["is a secondary endpoint, which emits no events"] };
  }
  const { origin, account, container } = endpoint;
  if (!endpoint.emulated && ownOrigin(origin) !== origin) {
    const problem = `is on the host of a network route; events have the account's own, ${ownOrigin(origin)}`;
    return { place: null, problems: [problem] };
  }
  return { place: { origin, account, container, url }, problems: [] };
}

/** The text that all names matching both prefix and glob begin with; null when no name matches both. */
function commonStart({ prefix, glob }: { prefix: string; glob: Glob | null }): string | null {
  const start = glob === null ? "" : literalStart(glob);
  if (start.startsWith(prefix)) return start;
  return prefix.startsWith(start) ? prefix : null;
}

/**
 * Builds the sample blob of a route. The source's name differs from the path that fills the template, so that a route
 * onto its own source is reported as a cycle, not as a copy onto itself.
 */
function buildSample({ url, container }: Place, start: string, suffix: string) {
  const source = `${start}source${suffix}`.split("/").map(encodeURIComponent).join("/");
  // With an extension, because "{stem}.{ext}" results in a valid name for most blobs.
  const extension = suffix.includes(".") ? "" : ".x";
  return { source: `${url}/${source}`, container, path: `${start}sample${extension}${suffix}` };
}

function shapeProblems(
  issue: z.core.$ZodIssue,
  at: (field: string, problem: string) => string,
): string[] {
  const field = issue.path.map((part) => `.${String(part)}`).join("");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => at(`${field}.${shownName(key)}`, "is not a field of a route"));
  }
  if (issue.message.endsWith("received undefined")) return [at(field, "is missing")];
  if (issue.code === "invalid_type") return [at(field, `must be of the type ${issue.expected}`)];
  return [at(field, issue.message)];
}
