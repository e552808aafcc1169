import { isHostLike, quotedHost } from "./characters.ts";
import type { BlobEndpoint, Destination, Endpoint, FileEndpoint } from "./endpoint.ts";
import { copySourceLength, maxCopySourceLength } from "./endpoint.ts";
import { encodeExternalPath, escapingPathProblems, externalPathProblems } from "./external-path.ts";
import { Sas } from "./sas.ts";
import { splitQuery } from "./storage-query.ts";
import { isManagedDisk, parseStorageHost } from "./storage-hosts.ts";
import type { StorageHost } from "./storage-hosts.ts";
import {
  blobNameProblems,
  fileNameProblems,
  parseBlobName,
  parseFileName,
  rootNameProblems,
} from "./storage-names.ts";
import { readUrl } from "./written-url.ts";
import type { WrittenUrl } from "./written-url.ts";

/** The origins that are accepted in addition to Azure Storage. */
export type Origins = {
  /** The origins of the local emulator, for example `http://127.0.0.1:10000`; null in Azure. */
  emulator: { blob: string | null; file: string | null };
  /** The origins of sources outside Storage that `COPY_ALLOWED` contains. */
  external: readonly string[];
  /** The origins that one pair contains completely, so that no path can leave the pair. */
  wholeExternal?: readonly string[];
};

/** Accepts only Azure Storage. */
export const onlyStorage: Origins = { emulator: { blob: null, file: null }, external: [] };

/** A parsed URL. `sas` is the part of the query that may be secret; each problem completes "the URL …". */
export type ParsedEndpoint<E extends Endpoint = Endpoint> =
  | { ok: true; endpoint: E; sas: Sas | null }
  | { ok: false; problems: string[] };

const dotSegmentProblem = "has a dot segment in its path, which URL parsers remove";

/**
 * Parses the URL of a source and separates its SAS. Returns all problems, and none of them quotes the
 * query. Names are checked decoded, and `endpointUrl` encodes them again, so requests to Storage use
 * exactly the names that were checked.
 */
export function parseSource(text: string, origins: Origins): ParsedEndpoint {
  const read = readUrl(text, (origin) => origins.external.includes(origin));
  if (!read.ok) return read;
  const { url } = read;
  const parsed = origins.external.includes(url.origin)
    ? parseExternal(url, origins)
    : parseInStorage(url, origins);
  return parsed.ok ? limitCopySource(parsed) : parsed;
}

/** Parses the URL of a destination: a base blob or a file, on a primary endpoint. */
export function parseDestination(text: string, origins: Origins): ParsedEndpoint<Destination> {
  const read = readUrl(text, () => false);
  if (!read.ok) return read;
  const parsed = parseInStorage(read.url, origins);
  if (!parsed.ok) return parsed;
  const { endpoint } = parsed;
  if (endpoint.secondary) return rejected("is a secondary endpoint, which is read-only");
  if (isManagedDisk(endpoint))
    return rejected("is the export of a managed disk, which is read-only");
  return "snapshot" in endpoint || "version" in endpoint
    ? rejected("names a snapshot or version, which is read-only")
    : parsed;
}

/**
 * Another object of the endpoint's container or share. `path` is a decoded name, from an event or a filled template,
 * so nothing in it is part of a URL: "?sig=" belongs to the name, too.
 */
export function withName<E extends Destination>(endpoint: E, path: string): ParsedEndpoint<E> {
  const problems =
    path === ""
      ? ["has an empty name"]
      : endpoint.service === "blob"
        ? [...blobNameProblems(path), ...rootNameProblems(endpoint.container, path)]
        : fileNameProblems(path);
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, endpoint: { ...endpoint, path }, sas: null };
}

/** Rejects a source whose URL is too long for x-ms-copy-source ("Copy Blob", "Copy File"). */
export function limitCopySource<E extends Endpoint>(
  parsed: Extract<ParsedEndpoint<E>, { ok: true }>,
): ParsedEndpoint<E> {
  const length = copySourceLength(parsed);
  if (length <= maxCopySourceLength) return parsed;
  const what = parsed.sas === null ? "when it is encoded" : "when it is encoded, with its query";
  return rejected(
    `is ${length} characters long ${what}; Storage accepts at most 2,048 for a source (x-ms-copy-source)`,
  );
}

/** Parses a URL whose origin `COPY_ALLOWED` contains. All of its query may be secret. */
function parseExternal(url: WrittenUrl, { wholeExternal }: Origins): ParsedEndpoint {
  const problems = [...url.problems, ...externalPathProblems(url.path)];
  // Where pairs name only folders, a server must not be able to read the path as one outside them.
  if (wholeExternal?.includes(url.origin) !== true) {
    problems.push(...(hasDots(url) ? [dotSegmentProblem] : escapingPathProblems(url.path)));
  }
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    endpoint: { service: "external", origin: url.origin, path: encodeExternalPath(url.path) },
    sas: url.query === "" ? null : new Sas(url.query),
  };
}

function parseInStorage(url: WrittenUrl, { emulator }: Origins): ParsedEndpoint<Destination> {
  const place = parsePlace(url, emulator);
  if (place.account === null) {
    // No problem quotes the query, because its meaning is unknown without a service.
    const problems = hasDots(url) && place.emulated ? [dotSegmentProblem] : place.problems;
    return { ok: false, problems: [...problems, ...url.problems] };
  }
  const query = splitQuery(url.query, place.service);
  const problems = [...url.problems, ...query.problems];
  if (problems.length > 0) return { ok: false, problems };
  if (hasDots(url)) return rejected(dotSegmentProblem);
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

/** Returns true if the path has a dot segment, literal or percent-encoded. */
function hasDots({ path }: WrittenUrl): boolean {
  return path.split("/").some((segment) => /^(\.|%2e){1,2}$/i.test(segment));
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

function parsePlace(url: WrittenUrl, emulator: Origins["emulator"]): Place {
  if (url.origin === emulator.blob) return parseEmulatedPlace(url, "blob");
  if (url.origin === emulator.file) return parseEmulatedPlace(url, "file");
  return parseAzurePlace(url, emulator);
}

function parseEmulatedPlace({ path }: WrittenUrl, service: Service): Place {
  const [account = "", ...segments] = path.slice(1).split("/");
  return /^[a-z0-9]{3,24}$/.test(account)
    ? { service, account, secondary: false, emulated: true, segments, problems: [] }
    : { account: null, emulated: true, problems: ["does not name an account of the emulator"] };
}

function parseAzurePlace(url: WrittenUrl, emulator: Origins["emulator"]): Place {
  const rejectedWith = (problems: string[]): Place => ({
    account: null,
    emulated: false,
    problems,
  });
  const host = parseStorageHost(url.hostname);
  if (host === null) return rejectedWith([foreignHostProblem(url, emulator)]);
  const problems: string[] = [];
  if (url.protocol !== "https:") problems.push("must use https");
  if (url.port !== "") {
    problems.push(`has the port ${url.port}; Storage uses only the default port`);
  }
  const { account, secondary, service } = host;
  if (service !== "blob" && service !== "file") {
    problems.push(serviceProblem(host));
    return rejectedWith(problems);
  }
  if (host.kind === "private-link") problems.push(privateLinkProblem(host));
  if (problems.length > 0) return rejectedWith(problems);
  const segments = url.path.slice(1).split("/");
  return { service, account, secondary, emulated: false, segments, problems: [] };
}

function foreignHostProblem(url: WrittenUrl, emulator: Origins["emulator"]): string {
  const { hostname } = url;
  const host = quotedHost(url.host);
  const orEmulator = emulator.blob === null ? "" : ` or the emulator at ${emulator.blob}`;
  if (host === null) {
    return isHostLike(url.host)
      ? `has a host that is not Azure Storage${orEmulator}, and that is not shown because it may be a secret`
      : "has a host with characters that are not allowed in a host";
  }
  if (parseStorageHost(hostname.replace(/\.$/, "")) !== null) {
    return `has the host ${host}; write it without the trailing dot`;
  }
  return `has the host ${host}, which is not Azure Storage${orEmulator}`;
}

/** Returns the problem of a host of a service other than "blob" and "file". */
export function serviceProblem({ service, ownHost }: StorageHost): string {
  const problem = `is in the service "${service}"; only "blob" and "file" are supported`;
  // Data Lake Storage and the Blob service have the same blobs.
  return service === "dfs" ? `${problem}: write ${ownHost.replace(".dfs.", ".blob.")}` : problem;
}

/** No certificate of Storage covers a private link name, so no client can connect to it. */
export function privateLinkProblem({ ownHost }: StorageHost): string {
  return `has the host of a private link; write ${ownHost}, which resolves to the private endpoint`;
}

function rejected(problem: string): { ok: false; problems: string[] } {
  return { ok: false, problems: [problem] };
}
