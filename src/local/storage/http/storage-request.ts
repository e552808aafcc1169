import { StorageError } from "./rest-errors.ts";

/** One parsed request: the input of authorization and of every operation. */
export type StorageRequest = {
  /** `x-ms-request-id` of the response. */
  id: string;
  /** Each service listens on its own port. */
  service: ServiceName;
  method: string;
  /** Path and query as sent, percent-encoded. Contains secrets: never store or log it unredacted. */
  target: string;
  resource: Resource;
  /** Decoded values by lower-case name. */
  query: ReadonlyMap<string, string>;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** The `x-ms-meta-*` headers without the prefix, spelled as sent. */
  metadata: Metadata;
  body: Buffer;
  clientAddress: string;
  /** Received over https. */
  isSecure: boolean;
};

export type ServiceName = "blob" | "file";

/** Path-style addressing, as in other storage emulators: the account is the first path segment. */
export type Resource =
  | { level: "service"; account: string }
  | { level: "container"; account: string; container: string }
  | { level: "blob"; account: string; container: string; blob: string }
  | { level: "share"; account: string; share: string }
  /** A file or a directory: the path alone does not distinguish them. */
  | { level: "file"; account: string; share: string; path: string };

export type Metadata = Record<string, string>;

/** The response of one operation. The server adds the headers that all responses have. */
export type StorageResponse = {
  status: number;
  headers?: Readonly<Record<string, string | undefined>>;
  body?: Buffer | string;
};

/**
 * The resource that a path addresses. The service reads a backslash, plain or percent-encoded, as a slash.
 * Throws `InvalidUri` for a path that cannot be decoded.
 */
export function parseResource(target: string, service: ServiceName): Resource {
  const [encodedAccount = "", encodedContainer = "", ...rest] = target
    .replace(/\\|%5c/gi, "/")
    .slice(1)
    .split("/");
  if (encodedAccount === "") throw new StorageError("InvalidUri");
  const account = decode(encodedAccount);
  const container = decode(encodedContainer);
  const path = decode(rest.join("/"));
  if (container === "") return { level: "service", account };
  if (service === "file") {
    if (path === "") return { level: "share", account, share: container };
    return { level: "file", account, share: container, path };
  }
  if (path === "") return { level: "container", account, container };
  return { level: "blob", account, container, blob: withoutDots(path) };
}

/** Returns the name without the dots at its end, which the service removes, as users report. */
function withoutDots(name: string): string {
  const kept = name.replace(/\.+$/, "");
  if (kept === "") throw new StorageError("InvalidUri");
  return kept;
}

/** Undefined for an empty value, too: some clients send parameters that they do not use. */
export function readParameter(
  query: ReadonlyMap<string, string>,
  name: string,
): string | undefined {
  const value = query.get(name);
  return value === "" ? undefined : value;
}

/** A blob in the root container can be addressed without `$root` (page "Working with the root container"). */
export function withRootContainer(
  resource: Resource,
  { service, query }: Pick<StorageRequest, "service" | "query">,
): Resource {
  if (service !== "blob" || resource.level !== "container" || readParameter(query, "restype"))
    return resource;
  const { account, container: blob } = resource;
  return { level: "blob", account, container: "$root", blob: withoutDots(blob) };
}

/** Decoded pairs in the order sent, names in lower case. A plus sign is not a space, unlike in forms. */
export function parseQuery(query: string): [name: string, value: string][] {
  return query
    .split("&")
    .filter((parameter) => parameter !== "")
    .map((parameter) => {
      const split = parameter.indexOf("=");
      if (split < 0) return [decode(parameter).toLowerCase(), ""];
      return [decode(parameter.slice(0, split)).toLowerCase(), decode(parameter.slice(split + 1))];
    });
}

/** `[path, query]` of a request target, both still percent-encoded. */
export function splitTarget(target: string): [path: string, query: string] {
  const start = target.indexOf("?");
  return start < 0 ? [target, ""] : [target.slice(0, start), target.slice(start + 1)];
}

/**
 * Metadata names must be C# identifiers and unique regardless of case. All names and values together
 * have at most 8 KiB (REST page "Setting and retrieving properties and metadata").
 */
export function readMetadata(rawHeaders: readonly string[]): Metadata {
  const metadata: Metadata = {};
  const seen = new Set<string>();
  let size = 0;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const header = rawHeaders[index] ?? "";
    if (!header.toLowerCase().startsWith(metadataPrefix)) continue;
    const name = header.slice(metadataPrefix.length);
    const value = rawHeaders[index + 1] ?? "";
    if (!identifier.test(name) || seen.has(name.toLowerCase())) {
      throw new StorageError("InvalidMetadata");
    }
    seen.add(name.toLowerCase());
    size += name.length + value.length;
    metadata[name] = value;
  }
  if (size > maxMetadataBytes) throw new StorageError("MetadataTooLarge");
  return metadata;
}

const metadataPrefix = "x-ms-meta-";
const maxMetadataBytes = 8 * 1024;
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new StorageError("InvalidUri");
  }
}
