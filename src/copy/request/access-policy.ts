import { z } from "zod";
import { containerOf } from "../location/endpoint.ts";
import type { Destination, Endpoint } from "../location/endpoint.ts";
import { parseJson } from "../json.ts";
import type { Origins } from "../location/parse-endpoint.ts";
import { isGrant, unknownGrants } from "./grants.ts";
import type { Grant } from "./grants.ts";
import { isHostLike } from "../location/characters.ts";
import { privateLinkProblem, serviceProblem } from "../location/parse-endpoint.ts";
import { isAlmostStorageHost, parseStorageHost } from "../location/storage-hosts.ts";
import { escapingPathProblems } from "../location/external-path.ts";
import {
  blobNameProblems,
  fileNameProblems,
  hasDotSegmentWhenDecoded,
  isContainerName,
  isShareName,
  rootNameProblems,
} from "../location/storage-names.ts";
import { readUrl } from "../location/written-url.ts";
import type { WrittenUrl } from "../location/written-url.ts";

/**
 * A place that a copy may read from or write to: an account, a container or share, or a folder in one.
 * A folder outside Storage has the account null.
 */
export type Place = {
  origin: string;
  account: string | null;
  segments: readonly string[];
};

/**
 * A copy is allowed when one pair contains its source and its destination. Without pairs, nothing is allowed. `allow`:
 * the words that the pair grants beyond reading the source and writing the destination.
 */
export type AllowedPair = { from: Place; to: Place; allow: readonly Grant[] };

/**
 * Returns true if one pair contains both this source and this destination. The path of a folder ends in a slash (or is
 * "" for a whole container): a pair that contains it contains every name in it.
 */
export function isAllowed(
  pairs: readonly AllowedPair[],
  { source, destination }: { source: Endpoint; destination: Destination },
): boolean {
  return pairs.some((pair) => contains(pair.from, source) && contains(pair.to, destination));
}

/** The origins outside Storage that the pairs have as sources. */
export function externalOrigins(pairs: readonly AllowedPair[]): string[] {
  const outside = pairs.filter(({ from }) => from.account === null);
  return [...new Set(outside.map(({ from }) => from.origin))];
}

/** Those of `externalOrigins` that a pair contains completely. */
export function wholeExternalOrigins(pairs: readonly AllowedPair[]): string[] {
  return externalOrigins(pairs.filter(({ from }) => from.segments.length === 0));
}

const pairShape = z.strictObject({
  from: z.string(),
  to: z.string(),
  allow: z.array(z.string()).exactOptional(),
});

/**
 * Parses `COPY_ALLOWED`: a JSON list of `{ "from", "to" }` URL prefixes, each with an optional list `allow`. Prefixes
 * match whole path segments: `…/in` allows `…/in/a` and not `…/in-secret/a`.
 */
export function parseAllowedPairs(
  text: string,
  emulator: Origins["emulator"],
): { pairs: AllowedPair[]; problems: string[] } {
  const json = parseJson(text);
  const parsed = z.array(pairShape).safeParse(json);
  if (!parsed.success) {
    const problem =
      'must be a JSON list of { "from": "https://…", "to": "https://…" }, with an optional list "allow"';
    return { pairs: [], problems: [problem] };
  }
  const problems = parsed.data.flatMap(({ allow = [] }, index) =>
    unknownGrants(allow).map((each) => `[${index}].allow ${each}`),
  );
  const place = (index: number, side: "from" | "to", prefix: string): Place => {
    const parsedPlace = parsePlace(prefix, side, emulator);
    if (typeof parsedPlace !== "string") return parsedPlace;
    problems.push(`[${index}].${side} ${parsedPlace}`);
    return { origin: "", account: null, segments: [] };
  };
  const pairs = parsed.data.map(({ from, to, allow = [] }, index) => ({
    from: place(index, "from", from),
    to: place(index, "to", to),
    allow: allow.filter(isGrant),
  }));
  return { pairs: problems.length === 0 ? pairs : [], problems };
}

/**
 * Compares decoded names, segment by segment; an endpoint in Storage is decoded when it is parsed. A folder's last
 * segment is empty, which the last segment of a place never is.
 */
function contains(place: Place, endpoint: Endpoint): boolean {
  const isExternal = endpoint.service === "external";
  // A folder contains no path that a server may read as a different one. A whole origin contains every path.
  if (isExternal && place.segments.length > 0 && escapingPathProblems(endpoint.path).length > 0) {
    return false;
  }
  const segments = isExternal
    ? decodedSegments(endpoint.path)
    : [containerOf(endpoint), ...endpoint.path.split("/")];
  return (
    place.origin === endpoint.origin &&
    place.account === (isExternal ? null : endpoint.account) &&
    place.segments.every((segment, index) => segment === segments?.[index])
  );
}

/** Returns the place, or the problem of its prefix. */
function parsePlace(
  prefix: string,
  side: "from" | "to",
  emulator: Origins["emulator"],
): Place | string {
  const read = readUrl(prefix, () => false);
  if (!read.ok) return read.problems.join(", ");
  const { url } = read;
  if (prefix.includes("?") || url.problems.length > 0) {
    return "must be a URL prefix without query, fragment or user information";
  }
  const parts = decodedSegments(url.path);
  if (parts === null) return "is not valid percent-encoded UTF-8";
  if (hasDotSegmentWhenDecoded(url.path)) {
    return "has a dot segment in its path, which no source or destination has";
  }
  const { origin } = url;
  if (origin === emulator.blob || origin === emulator.file) {
    const [account = "", ...segments] = parts;
    if (!/^[a-z0-9]{3,24}$/.test(account)) return "does not name an account of the emulator";
    const service = origin === emulator.blob ? "blob" : "file";
    return nameProblem(service, segments) ?? { origin, account, segments };
  }
  const host = parseStorageHost(url.hostname);
  if (host?.kind === "private-link") return privateLinkProblem(host);
  if (host?.kind === "managed-disk" && side === "to") {
    return "is the export of a managed disk, which is read-only";
  }
  if (host !== null && url.protocol === "https:" && url.port === "") {
    if (side === "to" && host.secondary) return "is a secondary endpoint, which is read-only";
    const { account, service } = host;
    if (service !== "blob" && service !== "file") return serviceProblem(host);
    return nameProblem(service, parts) ?? { origin, account, segments: parts };
  }
  if (side === "to" || host !== null || isAlmostStorageHost(url.hostname)) {
    return "must begin with https:// and an Azure Storage host";
  }
  return isExternalOrigin(url, emulator) && escapingPathProblems(url.path).length === 0
    ? { origin, account: null, segments: parts }
    : "must begin with https:// and a host name, without encoded slashes, control characters or dot segments";
}

/** Why no source and no destination can be in this place; null if one can. `segments` are decoded. */
function nameProblem(
  service: Destination["service"],
  [top, ...parts]: readonly string[],
): string | null {
  if (top === undefined) return null;
  const isBlob = service === "blob";
  if (!(isBlob ? isContainerName(top) : isShareName(top))) {
    return `does not name a ${isBlob ? "container" : "share"} (3 to 63 lower-case letters, digits and single hyphens)`;
  }
  if (parts.some((part) => part.includes("/"))) return "has an encoded slash; write it as it is";
  const path = parts.join("/");
  const problems = isBlob
    ? [...blobNameProblems(path), ...rootNameProblems(top, path)]
    : fileNameProblems(path);
  return path === "" || problems.length === 0 ? null : problems.join(", ");
}

/** With an emulator, plain http is accepted on this machine, for servers of tests and developers. */
function isExternalOrigin(url: WrittenUrl, emulator: Origins["emulator"]): boolean {
  if (url.protocol === "https:") {
    return isHostLike(url.hostname) && !url.hostname.endsWith("."); // a Storage host with a trailing dot
  }
  const isLocal = url.hostname === "127.0.0.1" || url.hostname === "localhost";
  return url.protocol === "http:" && isLocal && emulator.blob !== null;
}

function decodedSegments(pathname: string): string[] | null {
  try {
    const segments = pathname.slice(1).split("/").map(decodeURIComponent);
    while (segments.at(-1) === "") segments.pop();
    return segments;
  } catch {
    return null;
  }
}
