/**
 * One end of a copy. It never holds a secret, so it may be stored and shown; it rests in orchestration
 * histories, so its shapes may grow but never change.
 */
export type Endpoint = BlobEndpoint | FileEndpoint | ExternalEndpoint;

/** What a copy can be written to. */
export type Destination = BlobEndpoint | FileEndpoint;

export type BlobEndpoint = StorageEndpoint & {
  service: "blob";
  container: string;
  /** The blob's name, decoded. */
  path: string;
  /** Of a source: the snapshot (`?snapshot=`) or version (`?versionid=`) of the blob. */
  snapshot?: string;
  version?: string;
};

export type FileEndpoint = StorageEndpoint & {
  service: "file";
  share: string;
  /** The file's path in its share, decoded. */
  path: string;
  /** Of a source: the snapshot of the share (`?sharesnapshot=`). */
  snapshot?: string;
};

/** A source outside Azure Storage. Its query may be a secret, and is kept apart as a SAS is. */
export type ExternalEndpoint = {
  service: "external";
  origin: string;
  /** With its leading slash, as the URL parser writes it: nobody but its server can tell what it means. */
  path: string;
};

type StorageEndpoint = {
  /** Scheme, host and port; for the emulator the account is a part of the path. */
  origin: string;
  account: string;
  /** The read-only secondary of a geo-redundant account. */
  secondary: boolean;
  emulated: boolean;
};

/** The endpoint's URL, freshly encoded, without any secret. */
export function endpointUrl(endpoint: Endpoint): string {
  return `${objectUrl(endpoint)}${selection(endpoint)}`;
}

/** The endpoint's URL with a query behind it (a SAS, without its question mark). */
export function urlWith(endpoint: Endpoint, query: string | null): string {
  const url = endpointUrl(endpoint);
  if (query === null) return url;
  return `${url}${url.includes("?") ? "&" : "?"}${query}`;
}

/** Where a Storage service begins: the origin, and with the emulator the account. */
export function serviceUrl({ origin, account, emulated }: StorageEndpoint): string {
  return emulated ? `${origin}/${account}` : origin;
}

/** The container or share of an endpoint. */
export function containerOf(endpoint: Destination): string {
  return endpoint.service === "blob" ? endpoint.container : endpoint.share;
}

/**
 * The same text for all URLs that Storage takes for one object: names of files are the same in any case
 * ("Naming and referencing shares, directories, files, and metadata"). On an NFS share, where they are
 * not, two files may share an identity, and copies onto them wait for each other.
 */
export function identityOf(endpoint: Endpoint): string {
  return endpoint.service === "file"
    ? endpointUrl({ ...endpoint, path: inAnyCase(endpoint.path) })
    : endpointUrl(endpoint);
}

/** Windows compares names letter by letter: what would become two letters in capitals stays as it is. */
function inAnyCase(path: string): string {
  const capitals = (letter: string) => {
    const capital = letter.toUpperCase();
    return capital.length === letter.length ? capital : letter;
  };
  return Array.from(path, capitals).join("");
}

/** Whether a source is what the destination itself holds now, not a snapshot or version of it. */
export function isOntoItself(source: Endpoint, destination: Destination): boolean {
  return identityOf(source) === identityOf(destination);
}

/** Whether a source is the replica of what the destination holds now, which follows it by a while. */
export function isSecondaryOf(source: Endpoint, destination: Destination): boolean {
  if (source.service === "external" || !source.secondary) return false;
  const { origin } = destination;
  return source.account === destination.account && isOntoItself({ ...source, origin }, destination);
}

/**
 * Whether a copy source as Storage echoes it (x-ms-copy-source) names this source. Some regions strip
 * parts of the query: one without any says nothing about snapshots.
 */
export function isEchoOf(source: Endpoint, echoed: string): boolean {
  if (!URL.canParse(echoed)) return false;
  const url = new URL(echoed);
  if (comparable(`${url.origin}${url.pathname}`) !== comparable(objectUrl(source))) return false;
  if (source.service === "external" || url.search === "") return true;
  const selected = new URLSearchParams(selection(source));
  return ["snapshot", "versionid", "sharesnapshot"].every(
    (name) => url.searchParams.get(name) === selected.get(name),
  );
}

function objectUrl(endpoint: Endpoint): string {
  if (endpoint.service === "external") return `${endpoint.origin}${endpoint.path}`;
  const path = endpoint.path.split("/").map(encodeURIComponent).join("/");
  return `${serviceUrl(endpoint)}/${containerOf(endpoint)}/${path}`;
}

/** The query that chooses a snapshot or version. */
function selection(endpoint: Endpoint): string {
  if (endpoint.service === "external") return "";
  const { snapshot } = endpoint;
  if (endpoint.service === "file") {
    return snapshot === undefined ? "" : `?sharesnapshot=${encodeURIComponent(snapshot)}`;
  }
  if (snapshot !== undefined) return `?snapshot=${encodeURIComponent(snapshot)}`;
  return endpoint.version === undefined ? "" : `?versionid=${encodeURIComponent(endpoint.version)}`;
}

/** Two ways to encode one URL come out alike. */
function comparable(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}
