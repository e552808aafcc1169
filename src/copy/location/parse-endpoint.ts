import type { BlobEndpoint, Destination, Endpoint, FileEndpoint } from "./endpoint.ts";
import { endpointUrl } from "./endpoint.ts";
import { Sas, sasParameters } from "./sas.ts";
import { parseStorageHost } from "./storage-hosts.ts";
import { externalPathProblems, readBlobName, readFileName } from "./storage-names.ts";

/** The origins that copies know beside those of Azure Storage. */
export type Origins = {
  /** Where the local emulator listens, for example `http://127.0.0.1:10000`; null in Azure. */
  emulator: { blob: string | null; file: string | null };
  /** Sources outside Storage, as far as `COPY_ALLOWED` names them. */
  external: readonly string[];
};

/** Nothing but Azure Storage itself. */
export const onlyStorage: Origins = { emulator: { blob: null, file: null }, external: [] };

/** `sas` is all of the query that may be a secret. */
export type ParsedEndpoint<E extends Endpoint = Endpoint> =
  | { ok: true; endpoint: E; sas: Sas | null }
  | { ok: false; problems: string[] };

/** Storage takes at most 2 KiB of copy source ("Copy Blob", x-ms-copy-source). */
const maxUrlBytes = 2_048;

/**
 * Reads the URL of a source, splitting off its SAS. Names every problem at once, in words that never
 * repeat the query. Names are compared decoded, and `endpointUrl` writes them anew, so what was checked
 * is what Storage will be asked for.
 */
export function parseSource(text: string, origins: Origins): ParsedEndpoint {
  const read = readUrl(text);
  if (!read.ok) return read;
  const { url } = read;
  return origins.external.includes(url.origin)
    ? limited(external(url), url)
    : limited(inStorage(url, origins), url);
}

/** Reads the URL of a destination: of a base blob or a file, on a primary endpoint. */
export function parseDestination(text: string, origins: Origins): ParsedEndpoint<Destination> {
  const read = readUrl(text);
  if (!read.ok) return read;
  const parsed = limited(inStorage(read.url, origins), read.url);
  if (!parsed.ok) return parsed;
  const { endpoint } = parsed;
  if (endpoint.secondary) return refused("is a secondary endpoint, which is read-only");
  return "snapshot" in endpoint || "version" in endpoint
    ? refused("names a snapshot or version, which is read-only")
    : parsed;
}

function readUrl(text: string): { ok: true; url: URL } | { ok: false; problems: string[] } {
  if (text.length > maxUrlBytes) return refused(`is ${text.length} characters long; at most 2,048`);
  return URL.canParse(text) ? { ok: true, url: new URL(text) } : refused("is not an absolute URL");
}

function limited<E extends Endpoint>(parsed: ParsedEndpoint<E>, url: URL): ParsedEndpoint<E> {
  if (!parsed.ok) return parsed;
  const length = endpointUrl(parsed.endpoint).length + url.search.length;
  return length > maxUrlBytes
    ? refused(`is ${length} characters long once it is encoded; at most 2,048`)
    : parsed;
}

/** Only what a pair of `COPY_ALLOWED` begins with gets here; nobody knows what its query means. */
function external(url: URL): ParsedEndpoint {
  const problems = [...urlProblems(url), ...externalPathProblems(url.pathname)];
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    endpoint: { service: "external", origin: url.origin, path: url.pathname },
    sas: url.search === "" ? null : new Sas(url.search.slice(1)),
  };
}

function inStorage(url: URL, { emulator }: Origins): ParsedEndpoint<Destination> {
  const place = placeOf(url, emulator);
  if (place.account === null) {
    // Nobody knows what its query means, so nothing of it is repeated.
    return { ok: false, problems: [...place.problems, ...urlProblems(url)] };
  }
  const query = splitQuery(url, place.service);
  const problems = [...urlProblems(url), ...query.problems];
  if (problems.length > 0) return { ok: false, problems };
  const { service, account, secondary, emulated, segments } = place;
  const read = service === "blob" ? readBlobName(segments) : readFileName(segments);
  if (!read.ok) return read;
  const { top, path } = read.name;
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
  | { account: null; problems: string[] };

function placeOf(url: URL, emulator: Origins["emulator"]): Place {
  if (url.origin === emulator.blob) return emulatedPlace(url, "blob");
  if (url.origin === emulator.file) return emulatedPlace(url, "file");
  return azurePlace(url, emulator);
}

function emulatedPlace(url: URL, service: Service): Place {
  const [account = "", ...segments] = url.pathname.slice(1).split("/");
  return /^[a-z0-9]{3,24}$/.test(account)
    ? { service, account, secondary: false, emulated: true, segments, problems: [] }
    : { account: null, problems: ["names no account of the emulator"] };
}

function azurePlace(url: URL, emulator: Origins["emulator"]): Place {
  const host = parseStorageHost(url.hostname);
  if (host === null) {
    const nor = emulator.blob === null ? "" : `, nor the emulator at ${emulator.blob}`;
    return {
      account: null,
      problems: [`has the host "${url.host}", which is not Azure Storage${nor}`],
    };
  }
  const problems: string[] = [];
  if (url.protocol !== "https:") problems.push("must use https");
  if (url.port !== "")
    problems.push(`names the port ${url.port}; Storage has none but the default`);
  const { account, secondary, service } = host;
  if (service !== "blob" && service !== "file") {
    problems.push(`is in the service "${service}"; only "blob" and "file" work`);
    return { account: null, problems };
  }
  if (problems.length > 0) return { account: null, problems };
  const segments = url.pathname.slice(1).split("/");
  return { service, account, secondary, emulated: false, segments, problems: [] };
}

function urlProblems(url: URL): string[] {
  const problems: string[] = [];
  if (url.username !== "" || url.password !== "") problems.push("carries user information");
  if (url.hash !== "") problems.push('carries a fragment; write "#" in a name as %23');
  return problems;
}

/** How a source's query chooses what is not the base itself; the values are Storage's own times. */
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

function splitQuery(url: URL, service: Service): Query {
  const names = [...url.searchParams.keys()];
  const problems: string[] = [];
  const selection: Query["selection"] = {};
  for (const [name, field] of Object.entries<"snapshot" | "version">(selectors[service])) {
    const value = url.searchParams.get(name);
    if (value === null) continue;
    selection[field] = value;
    if (!storageTime.test(value)) {
      problems.push(`has a "${name}" that is no time of Storage's (2026-11-20T12:00:00.0000000Z)`);
    }
  }
  if (Object.keys(selection).length > 1) problems.push("names both a snapshot and a version");
  const rest = names.filter((name) => !Object.hasOwn(selectors[service], name));
  problems.push(...new Set(rest.filter((name) => !sasParameters.has(name)).map(unknownParameter)));
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) problems.push("repeats a query parameter");
  if (rest.length === 0) return { selection, sas: null, problems };
  if (!rest.includes("sig")) problems.push('has a query without a signature ("sig")');
  return { selection, sas: new Sas(sasQuery(url, service)), problems };
}

/** Parameter by parameter as they were written: a signature must not be encoded anew. */
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

/** A parameter's name may itself be a pasted secret: short plain names are repeated, others are not. */
function unknownParameter(name: string): string {
  return /^[A-Za-z][\w-]{0,31}$/.test(name)
    ? `has the query parameter "${name}", which is not part of a SAS`
    : "has a query parameter that is not part of a SAS";
}

function refused(problem: string): { ok: false; problems: string[] } {
  return { ok: false, problems: [problem] };
}
