import type { BlobEndpoint, Destination, Endpoint, FileEndpoint } from "./endpoint.ts";
import { endpointUrl } from "./endpoint.ts";
import { Sas, sasParameters } from "./sas.ts";
import { parseStorageHost } from "./storage-hosts.ts";
import {
  externalPathProblems,
  hasDotSegmentInUrl,
  parseBlobName,
  parseFileName,
} from "./storage-names.ts";

/** The origins that are accepted in addition to Azure Storage. */
export type Origins = {
  /** The origins of the local emulator, for example `http://127.0.0.1:10000`; null in Azure. */
  emulator: { blob: string | null; file: string | null };
  /** The origins of sources outside Storage that `COPY_ALLOWED` contains. */
  external: readonly string[];
};

/** Accepts only Azure Storage. */
export const onlyStorage: Origins = { emulator: { blob: null, file: null }, external: [] };

/** A parsed URL. `sas` is the part of the query that may be secret; each problem completes "the URL …". */
export type ParsedEndpoint<E extends Endpoint = Endpoint> =
  | { ok: true; endpoint: E; sas: Sas | null }
  | { ok: false; problems: string[] };

const dotSegmentProblem = "has a path segment of dots, which URL parsers remove";

/** A copy source must not exceed 2 KiB ("Copy Blob", x-ms-copy-source). */
const maxUrlBytes = 2_048;

/**
 * Parses the URL of a source and separates its SAS. Returns all problems, and none of them quotes the
 * query. Names are checked decoded, and `endpointUrl` encodes them again, so requests to Storage use
 * exactly the names that were checked.
 */
export function parseSource(text: string, origins: Origins): ParsedEndpoint {
  const parsed = parseUrl(text);
  if (!parsed.ok) return parsed;
  const { url } = parsed;
  return origins.external.includes(url.origin)
    ? limitLength(parseExternal(url), url)
    : limitLength(parseInStorage(url, text, origins), url);
}

/** Parses the URL of a destination: a base blob or a file, on a primary endpoint. */
export function parseDestination(text: string, origins: Origins): ParsedEndpoint<Destination> {
  const parsedUrl = parseUrl(text);
  if (!parsedUrl.ok) return parsedUrl;
  const { url } = parsedUrl;
  const parsed = limitLength(parseInStorage(url, text, origins), url);
  if (!parsed.ok) return parsed;
  const { endpoint } = parsed;
  if (endpoint.secondary) return refused("is a secondary endpoint, which is read-only");
  return "snapshot" in endpoint || "version" in endpoint
    ? refused("names a snapshot or version, which is read-only")
    : parsed;
}

function parseUrl(text: string): { ok: true; url: URL } | { ok: false; problems: string[] } {
  if (text.length > maxUrlBytes) {
    return refused(`is ${text.length} characters long; the maximum is 2,048`);
  }
  return URL.canParse(text) ? { ok: true, url: new URL(text) } : refused("is not an absolute URL");
}

function limitLength<E extends Endpoint>(parsed: ParsedEndpoint<E>, url: URL): ParsedEndpoint<E> {
  if (!parsed.ok) return parsed;
  const length = endpointUrl(parsed.endpoint).length + url.search.length;
  return length > maxUrlBytes
    ? refused(`is ${length} characters long when encoded; the maximum is 2,048`)
    : parsed;
}

/** Parses a URL whose origin `COPY_ALLOWED` contains. All of its query may be secret. */
function parseExternal(url: URL): ParsedEndpoint {
  const problems = [...urlProblems(url), ...externalPathProblems(url.pathname)];
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    endpoint: { service: "external", origin: url.origin, path: url.pathname },
    sas: url.search === "" ? null : new Sas(url.search.slice(1)),
  };
}

/** `text` is the URL as it was written, before the URL parser removed dot segments. */
function parseInStorage(
  url: URL,
  text: string,
  { emulator }: Origins,
): ParsedEndpoint<Destination> {
  const hasDots = hasDotSegmentInUrl(text);
  const place = parsePlace(url, emulator);
  if (place.account === null) {
    // No problem quotes the query, because its meaning is unknown without a service.
    const problems = hasDots && place.emulated ? [dotSegmentProblem] : place.problems;
    return { ok: false, problems: [...problems, ...urlProblems(url)] };
  }
  const query = splitQuery(url, place.service);
  const problems = [...urlProblems(url), ...query.problems];
  if (problems.length > 0) return { ok: false, problems };
  if (hasDots) return refused(dotSegmentProblem);
  const { service, account, secondary, emulated, segments } = place;
  const parsed = service === "blob" ? parseBlobName(segments) : parseFileName(segments);
  if (!parsed.ok) return parsed;
  const { top, path } = parsed.name;
  const base = { origin: url.origin, account, secondary, emulated, path };
  const endpoint: BlobEndpoint | FileEndpoint =
    service === "blob"
      ? { service, container: top, ...base, ...query.selection }
      : { service, share: top, ...base, ...query.selection };
  return { ok: true, endpoint, sas: query.sas };
}

type Service = Destination["service"];

type Place =
  | {
      service: Service;
      account: string;
      secondary: boolean;
      emulated: boolean;
      segments: string[];
      problems: [];
    }
  | { account: null; emulated: boolean; problems: string[] };

function parsePlace(url: URL, emulator: Origins["emulator"]): Place {
  if (url.origin === emulator.blob) return parseEmulatedPlace(url, "blob");
  if (url.origin === emulator.file) return parseEmulatedPlace(url, "file");
  return parseAzurePlace(url, emulator);
}

function parseEmulatedPlace(url: URL, service: Service): Place {
  const [account = "", ...segments] = url.pathname.slice(1).split("/");
  return /^[a-z0-9]{3,24}$/.test(account)
    ? { service, account, secondary: false, emulated: true, segments, problems: [] }
    : { account: null, emulated: true, problems: ["does not name an account of the emulator"] };
}

function parseAzurePlace(url: URL, emulator: Origins["emulator"]): Place {
  const refusedWith = (problems: string[]): Place => ({ account: null, emulated: false, problems });
  const host = parseStorageHost(url.hostname);
  if (host === null) {
    const orEmulator = emulator.blob === null ? "" : ` or the emulator at ${emulator.blob}`;
    return refusedWith([`has the host "${url.host}", which is not Azure Storage${orEmulator}`]);
  }
  const problems: string[] = [];
  if (url.protocol !== "https:") problems.push("must use https");
  if (url.port !== "") {
    problems.push(`has the port ${url.port}; Storage uses only the default port`);
  }
  const { account, secondary, service } = host;
  if (service !== "blob" && service !== "file") {
    problems.push(`is in the service "${service}"; only "blob" and "file" are supported`);
    return refusedWith(problems);
  }
  if (problems.length > 0) return refusedWith(problems);
  const segments = url.pathname.slice(1).split("/");
  return { service, account, secondary, emulated: false, segments, problems: [] };
}

function urlProblems(url: URL): string[] {
  const problems: string[] = [];
  if (url.username !== "" || url.password !== "") problems.push("contains user information");
  if (url.hash !== "") problems.push('contains a fragment; write "#" in a name as %23');
  return problems;
}

/** Query parameters that select a snapshot or version of a source; their values are times. */
const selectors = {
  blob: { snapshot: "snapshot", versionid: "version" },
  file: { sharesnapshot: "snapshot" },
} as const satisfies Record<Service, Record<string, string>>;

const storageTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/;

type Query = {
  selection: { snapshot?: string; version?: string };
  sas: Sas | null;
  problems: string[];
};

/** Splits a query into what selects a snapshot or version, and a SAS. */
function splitQuery(url: URL, service: Service): Query {
  const names = [...url.searchParams.keys()];
  const problems: string[] = [];
  const selection: Query["selection"] = {};
  for (const [name, field] of Object.entries<"snapshot" | "version">(selectors[service])) {
    const value = url.searchParams.get(name);
    if (value === null) continue;
    selection[field] = value;
    if (!storageTime.test(value)) {
      problems.push(
        `has a "${name}" that is not a time such as Storage returns (2026-11-20T12:00:00.0000000Z)`,
      );
    }
  }
  if (Object.keys(selection).length > 1) problems.push("names both a snapshot and a version");
  const rest = names.filter((name) => !Object.hasOwn(selectors[service], name));
  problems.push(...new Set(rest.filter((name) => !sasParameters.has(name)).map(unknownParameter)));
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  if (repeated.length > 0) problems.push("repeats a query parameter");
  if (rest.length === 0) return { selection, sas: null, problems };
  if (!rest.includes("sig")) problems.push('has a query without a signature ("sig")');
  return { selection, sas: new Sas(sasQuery(url, service)), problems };
}

/** Keeps each parameter as it was written, because encoding it again could break the signature. */
function sasQuery(url: URL, service: Service): string {
  const isSelector = (pair: string) => {
    const [name = ""] = new URLSearchParams(pair).keys();
    return Object.hasOwn(selectors[service], name);
  };
  return url.search
    .slice(1)
    .split("&")
    .filter((pair) => pair !== "" && !isSelector(pair))
    .join("&");
}

/** Quotes only short plain names, because a parameter's name may be a pasted secret. */
function unknownParameter(name: string): string {
  return /^[A-Za-z][\w-]{0,31}$/.test(name)
    ? `has the query parameter "${name}", which is not part of a SAS`
    : "has a query parameter that is not part of a SAS";
}

function refused(problem: string): { ok: false; problems: string[] } {
  return { ok: false, problems: [problem] };
}
