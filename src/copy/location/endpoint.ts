import type { Sas } from "./sas.ts";
import { ownOrigin } from "./storage-hosts.ts";

/**
 * A source or a destination. It contains no secret, so it can be stored and shown. Orchestration histories
 * contain it, so its shape is append-only: fields may be added, never changed or removed.
 */
export type Endpoint = BlobEndpoint | FileEndpoint | ExternalEndpoint;

/** An endpoint that a copy can be written to. */
export type Destination = BlobEndpoint | FileEndpoint;

export type BlobEndpoint = StorageEndpoint & {
  service: "blob";
  container: string;
  /** The blob's name, decoded. */
  path: string;
  /** Only for a source: the snapshot (`?snapshot=`) or version (`?versionid=`) of the blob. */
  snapshot?: string;
  version?: string;
};

export type FileEndpoint = StorageEndpoint & {
  service: "file";
  share: string;
  /** The file's path in its share, decoded. */
  path: string;
  /** Only for a source: the snapshot of the share (`?sharesnapshot=`). */
  snapshot?: string;
};

/** A source outside Azure Storage. Its query may be a secret and is kept separately, like a SAS. */
export type ExternalEndpoint = {
  service: "external";
  origin: string;
  /**
   * With its leading slash, as it was written, except that characters that are not allowed in a URL are encoded. Only
   * its server can interpret it.
   */
  path: string;
};

type StorageEndpoint = {
  /** Scheme, host and port; the emulator has the account in the path instead. */
  origin: string;
  account: string;
  /** The read-only secondary of a geo-redundant account. */
  secondary: boolean;
  emulated: boolean;
};

/** The endpoint's URL without any secret, encoded from its decoded parts. */
export function endpointUrl(endpoint: Endpoint): string {
  return `${objectUrl(endpoint)}${selection(endpoint)}`;
}

/** The endpoint's URL with a query appended (a SAS, without its question mark). */
export function urlWith(endpoint: Endpoint, query: string | null): string {
  const url = endpointUrl(endpoint);
  if (query === null) return url;
  return `${url}${url.includes("?") ? "&" : "?"}${query}`;
}

/** "Copy Blob" and "Copy File": x-ms-copy-source has at most 2 KiB. */
export const maxCopySourceLength = 2_048;

/** The number of characters of the URL that Storage gets as x-ms-copy-source. */
export function copySourceLength({
  endpoint,
  sas,
}: {
  endpoint: Endpoint;
  sas: Sas | null;
}): number {
  return endpointUrl(endpoint).length + (sas === null ? 0 : sas.length + 1);
}

/** The URL of the endpoint's service: the origin, followed by the account for the emulator. */
export function serviceUrl({ origin, account, emulated }: StorageEndpoint): string {
  return emulated ? `${origin}/${account}` : origin;
}

/** The container or share of an endpoint. */
export function containerOf(endpoint: Destination): string {
  return endpoint.service === "blob" ? endpoint.container : endpoint.share;
}

/**
 * The same text for all URLs of one object: an account has several hosts, and file names are case-insensitive ("Naming
 * and referencing shares, directories, files, and metadata"). On an NFS share, where they are not, two files may have
 * the same identity, and copies onto them wait for each other.
 */
export function identityOf(endpoint: Endpoint): string {
  if (endpoint.service === "external") return endpointUrl(endpoint);
  const origin = endpoint.emulated ? endpoint.origin : ownOrigin(endpoint.origin);
  return endpoint.service === "file"
    ? endpointUrl({ ...endpoint, origin, path: toUpperCase(endpoint.path) })
    : endpointUrl({ ...endpoint, origin });
}

/**
 * The identity by which copies exclude each other. An account with a hierarchical namespace reads `a//b` as `a/b`. No
 * URL shows that, so the names have one lock in every account; in a flat one, copies onto them only wait for each other.
 * Other clients of Azure Files may read `a.` as `a`, although Ferry's requests keep the dot.
 */
export function lockIdentityOf(destination: Destination): string {
  const isFile = destination.service === "file";
  const parts = destination.path
    .split("/")
    .map((part) => (isFile ? part.replace(/\.+$/, "") : part))
    .filter((part) => part !== "");
  return identityOf({ ...destination, path: parts.join("/") });
}

/** Returns true if two different names are the same in an account with a hierarchical namespace. */
export function differOnlyInSlashes(source: Endpoint, destination: Destination): boolean {
  if (source.service !== "blob" || destination.service !== "blob") return false;
  return (
    !isOntoItself(source, destination) && lockIdentityOf(source) === lockIdentityOf(destination)
  );
}

/**
 * Windows compares names letter by letter. For some letters JavaScript's upper case has two letters, although a single
 * capital letter exists ("ᾈ" of "ᾀ"). Those are compared in lower case. "ß" has no capital letter and stays unchanged.
 */
function toUpperCase(path: string): string {
  const toCapital = (letter: string) =>
    [letter.toUpperCase(), letter.toLowerCase()].find((each) => each.length === letter.length) ??
    letter;
  return Array.from(path, toCapital).join("");
}

/** Returns true if the source is the destination's current content, not a snapshot or version of it. */
export function isOntoItself(source: Endpoint, destination: Destination): boolean {
  return identityOf(source) === identityOf(destination);
}

/** Returns true if the source is the destination's secondary replica, which receives its content with a delay. */
export function isSecondaryOf(source: Endpoint, destination: Destination): boolean {
  if (source.service === "external" || !source.secondary) return false;
  const { origin } = destination;
  return source.account === destination.account && isOntoItself({ ...source, origin }, destination);
}

/**
 * Returns true if a copy source that Storage returned (x-ms-copy-source) is this source. Some regions remove parts
 * of the query; without a query, snapshots and versions cannot be compared.
 */
export function isEchoOf(source: Endpoint, echoed: string): boolean {
  if (!URL.canParse(echoed)) return false;
  const url = new URL(echoed);
  const [written = ""] = echoed.split("?");
  const ours = objectUrl(source);
  const isSame = (one: string, other: string) => comparable(one) === comparable(other);
  const normalized = new URL(ours);
  if (
    !isSame(written, ours) &&
    !isSame(`${url.origin}${url.pathname}`, `${normalized.origin}${normalized.pathname}`)
  ) {
    return false;
  }
  if (source.service === "external" || url.search === "") return true;
  const selected = new URLSearchParams(selection(source));
  return ["snapshot", "versionid", "sharesnapshot"].every(
    (name) => url.searchParams.get(name) === selected.get(name),
  );
}

function objectUrl(endpoint: Endpoint): string {
  if (endpoint.service === "external") return `${endpoint.origin}${endpoint.path}`;
  // An unpaired surrogate has no encoding. Only an input that Ferry did not write has one; it is never sent to Storage.
  const wellFormed = endpoint.path.replace(/\p{Surrogate}/gu, "\ufffd");
  const path = wellFormed.split("/").map(encodeURIComponent).join("/");
  return `${serviceUrl(endpoint)}/${containerOf(endpoint)}/${path}`;
}

/** The query that selects a snapshot or version. */
function selection(endpoint: Endpoint): string {
  if (endpoint.service === "external") return "";
  const { snapshot } = endpoint;
  if (endpoint.service === "file") {
    return snapshot === undefined ? "" : `?sharesnapshot=${encodeURIComponent(snapshot)}`;
  }
  if (snapshot !== undefined) return `?snapshot=${encodeURIComponent(snapshot)}`;
  return endpoint.version === undefined ? "" : `?versionid=${encodeURIComponent(endpoint.version)}`;
}

/** Decodes a URL, so that different encodings of one URL are equal. */
function comparable(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}
