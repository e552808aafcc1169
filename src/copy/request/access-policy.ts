import { z } from "zod";
import { containerOf } from "../location/endpoint.ts";
import type { Destination, Endpoint } from "../location/endpoint.ts";
import { parseJson } from "../json.ts";
import type { Origins } from "../location/parse-endpoint.ts";
import { parseStorageHost } from "../location/storage-hosts.ts";
import { externalPathProblems } from "../location/storage-names.ts";

/**
 * A place that a copy may read from or write to: an account, a container or share, or a folder in one;
 * or a folder outside Storage, whose account is null.
 */
export type Place = {
  origin: string;
  account: string | null;
  segments: readonly string[];
};

/** A copy is allowed when one pair allows both its ends. No pairs: nothing is allowed. */
export type AllowedPair = { from: Place; to: Place };

/** Whether any one pair allows this source together with this destination. */
export function isAllowed(
  pairs: readonly AllowedPair[],
  ends: { source: Endpoint; destination: Destination },
): boolean {
  return pairs.some(
    (pair) => contains(pair.from, ends.source) && contains(pair.to, ends.destination),
  );
}

/** The origins outside Storage that some pair names as a source. */
export function externalOrigins(pairs: readonly AllowedPair[]): string[] {
  const outside = pairs.filter(({ from }) => from.account === null);
  return [...new Set(outside.map(({ from }) => from.origin))];
}

/** The app's own storage account; `contentShare` is where the Functions host keeps the app's code. */
export type OwnAccount = { account: string; contentShare: string | null };

/**
 * Whether an end lies where the app, its task hub or the Functions host keep their state. No pair opens
 * these: who may write there can take other callers' copies over.
 */
export function isOwnState(own: OwnAccount, endpoint: Endpoint): boolean {
  if (endpoint.service === "external") return false;
  // It may lie in another account, and its name is made up by the host: no other share bears it.
  if (endpoint.service === "file") return endpoint.share === own.contentShare;
  return (
    endpoint.account === own.account &&
    (packages.has(endpoint.container) || hostState.test(endpoint.container))
  );
}

/** The ledger, and what the host and Durable keep; the task hub may be given another name by a setting. */
const hostState = /^(ferry-|azure-webjobs-|app-package-|\$logs$)|-(leases|largemessages|applease)$/;

/** Where Core Tools, the deployment site and the two pipelines put an app's code, for plans that run it from there. */
const packages: ReadonlySet<string> = new Set([
  "function-releases",
  "scm-releases",
  "github-actions-deploy",
  "azure-pipelines-deploy",
]);

/**
 * Reads `COPY_ALLOWED`: JSON, a list of `{ "from", "to" }` URL prefixes. Prefixes hold whole path
 * segments: `…/in` allows `…/in/a` and not `…/in-secret/a`.
 */
export function parseAllowedPairs(
  text: string,
  emulator: Origins["emulator"],
): { pairs: AllowedPair[]; problems: string[] } {
  const json = parseJson(text);
  const parsed = z.array(z.strictObject({ from: z.string(), to: z.string() })).safeParse(json);
  if (!parsed.success) {
    const problem = 'must be a JSON list of { "from": "https://…", "to": "https://…" }';
    return { pairs: [], problems: [problem] };
  }
  const problems: string[] = [];
  const place = (index: number, side: "from" | "to", prefix: string): Place => {
    const read = parsePlace(prefix, side, emulator);
    if (typeof read !== "string") return read;
    problems.push(`[${index}].${side} ${read}`);
    return { origin: "", account: null, segments: [] };
  };
  const pairs = parsed.data.map(({ from, to }, index) => ({
    from: place(index, "from", from),
    to: place(index, "to", to),
  }));
  return { pairs: problems.length === 0 ? pairs : [], problems };
}

/** Compares decoded names, segment by segment; the endpoint's were decoded at the door. */
function contains(place: Place, endpoint: Endpoint): boolean {
  const isExternal = endpoint.service === "external";
  const segments = isExternal
    ? decodedSegments(endpoint.path)
    : [containerOf(endpoint), ...endpoint.path.split("/")];
  return (
    place.origin === endpoint.origin &&
    place.account === (isExternal ? null : endpoint.account) &&
    place.segments.every((segment, index) => segment === segments?.[index])
  );
}

function parsePlace(
  prefix: string,
  side: "from" | "to",
  emulator: Origins["emulator"],
): Place | string {
  if (!URL.canParse(prefix)) return "is not an absolute URL";
  const url = new URL(prefix);
  if (url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
    return "must be a plain URL prefix, without query, fragment or user information";
  }
  const parts = decodedSegments(url.pathname);
  if (parts === null) return "is not valid percent-encoded UTF-8";
  const { origin } = url;
  if (origin === emulator.blob || origin === emulator.file) {
    const [account, ...segments] = parts;
    return account === undefined
      ? "names no account of the emulator"
      : { origin, account, segments };
  }
  const host = parseStorageHost(url.hostname);
  if (host !== null && url.protocol === "https:" && url.port === "") {
    return { origin, account: host.account, segments: parts };
  }
  if (side === "to" || host !== null) {
    return "must begin with https:// and a host of Azure Storage";
  }
  return isExternalOrigin(url, emulator) && externalPathProblems(url.pathname).length === 0
    ? { origin, account: null, segments: parts }
    : "must begin with https:// and a host's name, without odd characters in its path";
}

/** Beside an emulator plain http is taken on this machine, for what a test or a developer serves. */
function isExternalOrigin(url: URL, emulator: Origins["emulator"]): boolean {
  if (url.protocol === "https:") return !url.hostname.endsWith("."); // else Storage's own hosts pass
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
