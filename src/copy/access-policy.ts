import { z } from "zod";
import { parseStorageHost } from "./storage-hosts.ts";
import type { EmulatorOrigin, Endpoint } from "./endpoint.ts";

/**
 * A place that a copy may read from or write to: an account, a container, or a folder in one. A route's
 * place is also what begins its blobs' names.
 */
export type Place = {
  origin: string;
  account: string;
  segments: readonly string[];
  start?: string;
};

/** A copy is allowed when one pair allows both its ends. No pairs: nothing is allowed. */
export type AllowedPair = { from: Place; to: Place };

/** Whether any one pair allows this source together with this destination. */
export function isAllowed(
  pairs: readonly AllowedPair[],
  ends: { source: Endpoint; destination: Endpoint },
): boolean {
  return pairs.some(
    (pair) => contains(pair.from, ends.source) && contains(pair.to, ends.destination),
  );
}

/** The app's own storage account. */
export type OwnAccount = { account: string; origin: string };

/**
 * Whether an end lies where the app, its task hub or the Functions host keep their state. No pair opens
 * these: who may write there can take other callers' copies over.
 */
export function isOwnState(own: OwnAccount, endpoint: Endpoint): boolean {
  return (
    endpoint.account === own.account &&
    endpoint.emulated === own.origin.startsWith("http:") &&
    /^(ferry-|azure-webjobs-|app-package-|\$logs$)/.test(endpoint.container)
  );
}

/**
 * Reads `COPY_ALLOWED`: JSON, a list of `{ "from", "to" }` URL prefixes. Prefixes hold whole path
 * segments: `…/in` allows `…/in/a` and not `…/in-secret/a`.
 */
export function parseAllowedPairs(
  text: string,
  emulator: EmulatorOrigin,
): { pairs: AllowedPair[]; problems: string[] } {
  const json = parseJson(text);
  const parsed = z.array(z.strictObject({ from: z.string(), to: z.string() })).safeParse(json);
  if (!parsed.success) {
    const problem = 'must be a JSON list of { "from": "https://…", "to": "https://…" }';
    return { pairs: [], problems: [problem] };
  }
  const problems: string[] = [];
  const place = (index: number, side: "from" | "to", prefix: string): Place => {
    const read = parsePlace(prefix, emulator);
    if (typeof read !== "string") return read;
    problems.push(`[${index}].${side} ${read}`);
    return { origin: "", account: "", segments: [] };
  };
  const pairs = parsed.data.map(({ from, to }, index) => ({
    from: place(index, "from", from),
    to: place(index, "to", to),
  }));
  return { pairs: problems.length === 0 ? pairs : [], problems };
}

/** Compares decoded names, segment by segment; the endpoint's were decoded at the door. */
function contains(place: Place, endpoint: Endpoint): boolean {
  const segments = [endpoint.container, ...endpoint.path.split("/")];
  return (
    place.origin === endpoint.origin &&
    place.account === endpoint.account &&
    place.segments.every((segment, index) => segment === segments[index]) &&
    endpoint.path.startsWith(place.start ?? "")
  );
}

function parsePlace(prefix: string, emulator: EmulatorOrigin): Place | string {
  if (!URL.canParse(prefix)) return "is not an absolute URL";
  const url = new URL(prefix);
  if (url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
    return "must be a plain URL prefix, without query, fragment or user information";
  }
  const parts = decodedSegments(url.pathname);
  if (parts === null) return "is not valid percent-encoded UTF-8";
  if (url.origin === emulator) {
    const [account, ...segments] = parts;
    return account === undefined
      ? "names no account of the emulator"
      : { origin: url.origin, account, segments };
  }
  const host = parseStorageHost(url.hostname);
  if (url.protocol !== "https:" || url.port !== "" || host === null) {
    return "must begin with https:// and a host of Azure Storage";
  }
  return { origin: url.origin, account: host.account, segments: parts };
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
