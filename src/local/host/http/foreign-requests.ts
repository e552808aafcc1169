/*
 * Rejects requests that a web page in the developer's browser can send to this machine. Without keys, only these checks
 * protect the app and its state from a page. A request of a page is recognized by its `Host` if the page's name now
 * resolves to this machine (DNS rebinding), otherwise by its `Origin` or `Sec-Fetch-Site`.
 */

/** Values of repeated headers are joined by ",". */
type Headers = Readonly<Record<string, string | undefined>>;

/** Host names in the spelling of `URL.hostname`. */
export type HostNames = ReadonlySet<string>;

export type Refusal = { status: 403 | 421; reason: string };

/** The setting that adds names. */
export const hostNamesSetting = "LOCAL_HOST_NAMES";

/**
 * The names of the loopback address. Ports are ignored, because a forward from a container or over ssh has a different
 * port.
 */
const loopbackNames = ["localhost", "127.0.0.1", "[::1]"];

const nameOrAddress = /^([\w.-]+|\[[\da-f:.]+\])$/i;

/**
 * Returns the names under which clients may call this machine: those of the loopback address, and those in the setting
 * LOCAL_HOST_NAMES, separated by ";". Throws if a part of the setting is neither a name nor an address.
 */
export function readHostNames(
  environment: Readonly<Record<string, string | undefined>>,
): HostNames {
  const parts = (environment[hostNamesSetting] ?? "").split(";").map((part) => part.trim());
  const added = parts.filter((part) => part !== "").map(parseName);
  return new Set([...loopbackNames, ...added]);
}

function parseName(text: string): string {
  const name = nameOrAddress.test(text) ? hostnameOf(`http://${text}`) : undefined;
  if (name !== undefined) return name;
  throw new Error(
    `Cannot use the setting ${hostNamesSetting} because every part must be a host name or an address, ` +
      `without scheme and port: "${text}". It must look like "host.docker.internal;[fd00::1]"`,
  );
}

/** With "@" or a slash, a Host header could contain one name but resolve to another. */
const onlyHostAndPort = /^[^@/\\?#\s]+$/;

/**
 * Rejects a request to a foreign name (RFC 9110, section 15.5.20). `url` is the request's URL, which contains another
 * name than the Host header if the request's target is in absolute form.
 */
export function refuseForeignHost(
  { url, headers }: { url?: URL; headers: Headers },
  names: HostNames,
): Refusal | undefined {
  const host = headers["host"] ?? "";
  const name = onlyHostAndPort.test(host) ? hostnameOf(`http://${host}`) : undefined;
  if (isIn(names, name) && (url === undefined || isIn(names, url.hostname))) return undefined;
  return {
    status: 421,
    reason:
      "Cannot respond because the request's Host is not a name of this machine. Call 127.0.0.1, " +
      `or add the name to the setting ${hostNamesSetting}`,
  };
}

/** Rejects a request that a page of a foreign origin sent. Programs send neither of these headers. */
export function refuseForeignPage(headers: Headers, names: HostNames): Refusal | undefined {
  const { origin } = headers;
  if (origin !== undefined && !isOriginOf(origin, names)) {
    return {
      status: 403,
      reason:
        "Cannot respond because a web page of another origin sent the request. If this machine " +
        `serves the page, add its host name to the setting ${hostNamesSetting}`,
    };
  }
  if (!/cross-site/i.test(headers["sec-fetch-site"] ?? "")) return undefined;
  return {
    status: 403,
    reason:
      "Cannot respond because a web page of another site sent the request: Sec-Fetch-Site is cross-site. " +
      "Enter the address in the browser instead",
  };
}

/** Content that a page of another site may show without reading it ("Fetch", request destinations). */
const shown: ReadonlySet<string> = new Set(["image", "audio", "video", "track"]);

/**
 * Rejects a read that a page of a foreign origin sent, except of an image, audio or video that the page shows. Any other
 * content could run here as a page, or as a script that the foreign page can read.
 */
export function refuseForeignReader(headers: Headers, names: HostNames): Refusal | undefined {
  const isShown = shown.has(headers["sec-fetch-dest"] ?? "");
  return refuseForeignPage(isShown ? { origin: headers["origin"] } : headers, names);
}

/**
 * Browsers send an origin as the URL parser serializes it ("HTML", serialization of an origin). Reject other spellings.
 */
function isOriginOf(origin: string, names: HostNames): boolean {
  if (!/^https?:\/\//.test(origin) || !URL.canParse(origin)) return false;
  const url = new URL(origin);
  return url.origin === origin && names.has(url.hostname);
}

function isIn(names: HostNames, name: string | undefined): boolean {
  return name !== undefined && names.has(name);
}

function hostnameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}
