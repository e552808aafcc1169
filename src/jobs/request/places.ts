import { identityOf } from "../../copy/location/endpoint.ts";
import type { BlobEndpoint } from "../../copy/location/endpoint.ts";
import type { Origins, ParsedEndpoint } from "../../copy/location/parse-endpoint.ts";
import { parseDestination, parseSource } from "../../copy/location/parse-endpoint.ts";
import type { Sas } from "../../copy/location/sas.ts";
import { characterProblems } from "../../copy/location/written-url.ts";
import type { JobPlace } from "../contract/job-input.ts";
import { blobIn } from "../contract/job-input.ts";

export type ParsedPlace =
  | { ok: true; place: JobPlace; sas: Sas | null }
  | { ok: false; problems: string[] };

/** The name of the invented blob with which a place is parsed. No rule about access may see it. */
const sampleName = "x";

/** In a blob's name, an encoded slash is a slash. */
const endsWithSlash = /(?:\/|%2f)$/i;

/**
 * Parses the URL of a container, or of a folder in it; a slash at the end is optional, and means the same if it is
 * encoded. A blob in the place is parsed instead, so that the same rules apply as to a copy.
 */
export function parsePlace(
  text: string,
  side: "source" | "destination",
  origins: Origins,
): ParsedPlace {
  const [, path = "", query = ""] = /^([^?]*)(\?[^]*)?$/.exec(text) ?? [];
  // The end of the path would be in the middle of the blob's URL, where other rules apply.
  const problems = query === "" ? characterProblems(text) : [];
  if (problems.length > 0) return { ok: false, problems };
  const sample = `${path}${endsWithSlash.test(path) ? "" : "/"}${sampleName}${query}`;
  const parsed: ParsedEndpoint =
    side === "source" ? parseSource(sample, origins) : parseDestination(sample, origins);
  if (!parsed.ok) return parsed;
  const { endpoint, sas } = parsed;
  if (endpoint.service !== "blob") {
    return { ok: false, problems: ["is not in a Blob service; a job copies blobs only"] };
  }
  if (endpoint.snapshot !== undefined || endpoint.version !== undefined) {
    return { ok: false, problems: ["names a snapshot or version; a job copies current blobs"] };
  }
  if (endpoint.secondary) {
    return {
      ok: false,
      problems: ["is a secondary endpoint, which lags behind; name the primary"],
    };
  }
  const { path: name, ...container } = endpoint;
  return { ok: true, place: { container, prefix: name.slice(0, -sampleName.length) }, sas };
}

/**
 * The place as an endpoint without a name. Pairs are compared with it, and the SAS of a place is sealed for it: it can be
 * opened for no other place.
 */
export function folderOf({ container, prefix }: JobPlace): BlobEndpoint {
  return blobIn({ container }, prefix);
}

/**
 * The same text for all URLs of a place, so that a place is in another one if its identity begins with the other's.
 * Repeated slashes are one, because an account with a hierarchical namespace reads them so.
 */
export function placeIdentity({ container, prefix }: JobPlace): string {
  const folded = prefix.split("/").filter((part) => part !== "");
  return identityOf(blobIn({ container }, folded.map((part) => `${part}/`).join("")));
}

/** Returns true if a blob can be in both places. */
export function overlap(one: JobPlace, other: JobPlace): boolean {
  return overlapIdentities(placeIdentity(one), placeIdentity(other));
}

export function overlapIdentities(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}
