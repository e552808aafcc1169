import { characterName, isHostLike, listCharacters, quotedHost } from "./characters.ts";

/**
 * A URL as it was written. The URL parser normalizes only the port and the case of scheme and host. It would also remove
 * tabs, line breaks, spaces at the ends and dot segments, and turn backslashes into slashes, so the URL would name a
 * blob that the caller did not write.
 */
export type WrittenUrl = {
  /** Scheme, host and port, as the URL parser writes them. */
  origin: string;
  protocol: string;
  host: string;
  hostname: string;
  port: string;
  /** With its leading slash; neither decoded nor encoded. */
  path: string;
  /** Without its question mark; characters that no URL may contain are encoded. Empty if there is none. */
  query: string;
  /** Problems of parts that Ferry never accepts in a URL: user information, an empty query, a fragment. */
  problems: string[];
};

export type ReadUrl = { ok: true; url: WrittenUrl } | { ok: false; problems: string[] };

/** Scheme, authority, path, query and fragment (RFC 3986, appendix B). */
const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(#[^]*)?$/i;

/** A query with at least one visible character. */
const hasQuery = /\?[^#]*[^\s#]/;

/**
 * Reads a URL from its text. `isOutside` says whether an origin is outside Storage, where a server may accept encoded
 * characters that are not allowed in Storage names. No problem quotes the URL.
 */
export function readUrl(text: string, isOutside: (origin: string) => boolean): ReadUrl {
  // A space or a line break around a pasted SAS cannot belong to a name.
  const url = hasQuery.test(text) ? trimPaste(text) : text;
  const [, scheme, authority = "", path = "", query, fragment] = parts.exec(url) ?? [];
  const root = `${scheme}://${authority}/`;
  const isUrl = scheme !== undefined && !/[\\\s]/.test(authority) && URL.canParse(root);
  const mayEncode = isUrl && isOutside(new URL(root).origin);
  const problems = characterProblems(url, mayEncode);
  if (problems.length > 0) return { ok: false, problems };
  if (!isUrl) return { ok: false, problems: ["is not an absolute URL"] };
  const { origin, protocol, host, hostname, port } = new URL(root);
  const written = authority.replace(/^.*@/, "").replace(/:\d*$/, "");
  if (protocol.startsWith("http") && lowerCase(written) !== hostname) {
    return { ok: false, problems: [spellingProblem(written, hostname)] };
  }
  return {
    ok: true,
    url: {
      origin,
      protocol,
      host,
      hostname,
      port,
      path: path === "" ? "/" : path,
      query: new URL(`https://host/?${query ?? ""}`).search.slice(1),
      problems: [
        ...(authority.includes("@") ? ["contains user information"] : []),
        ...(query !== undefined && /^&*$/.test(query)
          ? ['has a "?" without a query; write "?" in a name as %3F']
          : []),
        ...(fragment === undefined ? [] : ['contains a fragment; write "#" in a name as %23']),
      ],
    },
  };
}

/** `written`: the host as it was written, which the URL parser reads as `hostname`. */
function spellingProblem(written: string, hostname: string): string {
  const [host, read] = [quotedHost(written), quotedHost(hostname)];
  if (read === null) {
    return isHostLike(hostname)
      ? "has a host that URL parsers read as another one"
      : "has a host with characters that are not allowed in a host";
  }
  const hidden = isHostLike(written)
    ? "has a host"
    : "has a host with characters that are not allowed in a host";
  const what = host === null ? hidden : `has the host ${host}`;
  return `${what}, which is read as ${read}; write that instead`;
}

/** Only A to Z: the URL parser turns some other letters into letters of a host, such as the sign for Kelvin into "k". */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Removes spaces, tabs and line breaks from both ends. A regular expression would take quadratic time. */
function trimPaste(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && pasted.has(text.charAt(start))) start++;
  while (end > start && pasted.has(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

const pasted: ReadonlySet<string> = new Set([" ", "\t", "\r", "\n"]);

/**
 * Problems of characters that the URL parser would remove or replace. The first few name the character and the fix.
 * `mayEncode`: the URL is outside Storage, so its server may accept them encoded.
 */
export function characterProblems(text: string, mayEncode = false): string[] {
  const found = text.match(/[\u0000-\u001f\u007f\\]|\p{Surrogate}/gu);
  const problems = listCharacters(found, (character) => {
    const fix = characterFix(character, mayEncode);
    return `has the character ${characterName(character)}; ${fix}`;
  });
  if (text.startsWith(" ")) problems.push(`begins with ${characterName(" ")}; remove it`);
  if (text.endsWith(" ")) {
    problems.push(
      `ends with ${characterName(" ")}; write %20 if the name ends with it, or remove it`,
    );
  }
  return problems;
}

function characterFix(character: string, mayEncode: boolean): string {
  if (/\p{Surrogate}/u.test(character)) return "remove it, because no encoding of it is valid";
  const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
  if (mayEncode) return `write it as %${code}, or remove it`;
  return character === "\\"
    ? 'write "/" between the parts of a name'
    : "remove it, because no name in Storage contains it";
}
