import { Sas, sasParameters } from "./sas.ts";
import { parseStorageHost } from "./storage-hosts.ts";

/** One end of a copy: a block blob. It never holds a secret, so it may be stored and shown. */
export type Endpoint = {
  service: "blob";
  /** Scheme, host and port; for the emulator the account is a part of the path. */
  origin: string;
  account: string;
  container: string;
  /** The blob's name, decoded. */
  path: string;
  /** The read-only secondary of a geo-redundant account. */
  secondary: boolean;
  emulated: boolean;
};

/** Where the local emulator listens, for example `http://127.0.0.1:10000`; null in Azure. */
export type EmulatorOrigin = string | null;

export type ParsedEndpoint =
  | { ok: true; endpoint: Endpoint; sas: Sas | null }
  | { ok: false; problems: string[] };

/** Storage takes at most 2 KiB of copy source ("Copy Blob", x-ms-copy-source). */
const longestUrl = 2_048;
/** "Naming and referencing containers, blobs, and metadata": 1 to 1,024 characters. */
const longestBlobName = 1_024;

/**
 * Reads a blob's URL, splitting off its SAS. Names every problem at once, in words that never repeat
 * the query. Names are compared decoded, and `endpointUrl` writes them anew, so what was checked is
 * what Storage will be asked for.
 */
export function parseEndpoint(text: string, emulator: EmulatorOrigin): ParsedEndpoint {
  if (text.length > longestUrl) return refused(`is ${text.length} characters long; at most 2,048`);
  if (!URL.canParse(text)) return refused("is not an absolute URL");
  const url = new URL(text);
  const place = url.origin === emulator ? emulatedPlace(url) : azurePlace(url, emulator);
  const { sas, problems: queryProblems } = splitQuery(url);
  const problems = [...place.problems, ...urlProblems(url), ...queryProblems];
  if (place.account === null || problems.length > 0) return { ok: false, problems };
  const { account, secondary, segments } = place;
  const named = blobName(segments);
  if (!named.ok) return { ok: false, problems: named.problems };
  const { container, path } = named;
  const endpoint: Endpoint = {
    service: "blob",
    origin: url.origin,
    account,
    container,
    path,
    secondary,
    emulated: url.origin === emulator,
  };
  const length = endpointUrl(endpoint).length + url.search.length;
  return length > longestUrl
    ? refused(`is ${length} characters long once it is encoded; at most 2,048`)
    : { ok: true, endpoint, sas };
}

/** The endpoint's URL, freshly encoded, without any query. */
export function endpointUrl(endpoint: Endpoint): string {
  const { origin, account, container, path, emulated } = endpoint;
  const root = emulated ? `${origin}/${account}` : origin;
  return `${root}/${container}/${path.split("/").map(encodeURIComponent).join("/")}`;
}

type Place =
  | { account: string; secondary: boolean; segments: string[]; problems: [] }
  | { account: null; problems: string[] };

function emulatedPlace(url: URL): Place {
  const [account = "", ...segments] = url.pathname.slice(1).split("/");
  return /^[a-z0-9]{3,24}$/.test(account)
    ? { account, secondary: false, segments, problems: [] }
    : { account: null, problems: ["names no account of the emulator"] };
}

function azurePlace(url: URL, emulator: EmulatorOrigin): Place {
  const host = parseStorageHost(url.hostname);
  if (host === null) {
    const nor = emulator === null ? "" : `, nor the emulator at ${emulator}`;
    return {
      account: null,
      problems: [`has the host "${url.host}", which is not Azure Storage${nor}`],
    };
  }
  const problems: string[] = [];
  if (url.protocol !== "https:") problems.push("must use https");
  if (url.port !== "")
    problems.push(`names the port ${url.port}; Storage has none but the default`);
  if (host.service !== "blob")
    problems.push(`is in the service "${host.service}"; only "blob" works`);
  if (problems.length > 0) return { account: null, problems };
  const { account, secondary } = host;
  return { account, secondary, segments: url.pathname.slice(1).split("/"), problems: [] };
}

function urlProblems(url: URL): string[] {
  const problems: string[] = [];
  if (url.username !== "" || url.password !== "") problems.push("carries user information");
  if (url.hash !== "") problems.push('carries a fragment; write "#" in a blob name as %23');
  return problems;
}

function splitQuery(url: URL): { sas: Sas | null; problems: string[] } {
  const names = [...url.searchParams.keys()];
  if (names.length === 0) return { sas: null, problems: [] };
  const problems = [
    ...new Set(names.filter((name) => !sasParameters.has(name)).map(unknownParameter)),
  ];
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) problems.push("repeats a query parameter");
  if (!names.includes("sig")) problems.push('has a query without a signature ("sig")');
  return { sas: new Sas(url.search.slice(1)), problems };
}

/** A parameter's name may itself be a pasted secret: short plain names are repeated, others are not. */
function unknownParameter(name: string): string {
  return /^[A-Za-z][\w-]{0,31}$/.test(name)
    ? `has the query parameter "${name}", which is not part of a SAS`
    : "has a query parameter that is not part of a SAS";
}

function blobName(
  segments: string[],
): { ok: true; container: string; path: string } | { ok: false; problems: string[] } {
  const [first = "", ...rest] = segments;
  const container = decode(first) ?? ""; // the SDK writes "$web" as %24web
  const path = decode(rest.join("/"));
  const problems: string[] = [];
  if (!isContainerName(container)) {
    problems.push("names no container (3 to 63 lower-case letters, digits and single hyphens)");
  }
  if (path === null) problems.push("has a blob name that is not valid percent-encoded UTF-8");
  else problems.push(...blobNameProblems(path));
  return problems.length === 0 && path !== null
    ? { ok: true, container, path }
    : { ok: false, problems };
}

/** "Naming and referencing containers, blobs, and metadata"; `$root`, `$web` and `$logs` are the service's own. */
function isContainerName(name: string): boolean {
  return /^\$(root|web|logs)$/.test(name) || /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/.test(name);
}

function blobNameProblems(path: string): string[] {
  if (path === "") return ["names a container, not a blob"];
  const problems: string[] = [];
  if (path.length > longestBlobName) problems.push("has a blob name of more than 1,024 characters");
  if (/[\u0000-\u001f\u007f\ufffe\uffff]/.test(path)) {
    problems.push("has a control character in its blob name");
  }
  // "?" written as %3F belongs to the name, and the SAS behind it would be kept as a part of the name.
  if (/(^|[?&])sig=/i.test(path))
    problems.push('has a SAS in its blob name; write its "?" as it is');
  // Servers on the way rewrite both, and a name rewritten is not the name that was checked.
  if (path.includes("\\")) problems.push("has a backslash in its blob name");
  if (path.split("/").some((part) => part === "." || part === "..")) {
    problems.push('has "." or ".." as a part of its blob name');
  }
  return problems;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function refused(problem: string): ParsedEndpoint {
  return { ok: false, problems: [problem] };
}
