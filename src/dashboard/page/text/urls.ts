import { plainName } from "./names.ts";

/** The parts of an endpoint's URL as a person reads them: decoded, but not yet safe to show. */
export type UrlParts = {
  scheme: string;
  host: string;
  /** The container or share, the folders, and the name; each without slashes that separate. */
  segments: readonly string[];
  /** The selector of a snapshot or version, with its "?"; or empty. */
  query: string;
};

/** Splits a URL that the API has returned. It is not given to a URL parser, which would change names. */
export function urlParts(url: string): UrlParts {
  const [, scheme = "", host = "", path = "", query = ""] =
    /^(https?:\/\/)?([^/?]*)([^?]*)(\?.*)?$/s.exec(url) ?? [];
  const segments = path.split("/").slice(1).map(decodeSegment);
  return { scheme, host, segments, query };
}

/** Returns a URL's last segment as one text, for labels and messages. */
export function plainFileName(url: string): string {
  const { segments, host } = urlParts(url);
  return plainName(segments.at(-1) ?? host);
}

/** Returns the last folder of a URL, or its container, as one text, for labels and messages. */
export function plainFolder(url: string): string {
  const { segments, host } = urlParts(url);
  return `${plainName(segments.findLast((segment) => segment !== "") ?? host)}/`;
}

/** Returns a whole URL as one text, for labels. */
export function plainUrl(url: string): string {
  const { scheme, host, segments, query } = urlParts(url);
  return `${scheme}${plainName(host)}/${segments.map(plainName).join("/")}${plainName(query)}`;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
