/** The parts of a Storage URL's host name. */
export type StorageHost = {
  kind:
    | "account"
    /** Where a managed disk is exported ("Download a Windows VHD"): it requires a SAS, and contains page blobs. */
    | "managed-disk"
    /** A name that only DNS uses ("Use private endpoints"): the account's own host leads to the same endpoint. */
    | "private-link";
  account: string;
  service: string;
  /** The read-only secondary of a geo-redundant account. */
  secondary: boolean;
  /** The host without the part for a network route, as events have it; a secondary stays a secondary. */
  ownHost: string;
};

/**
 * The domain suffixes of Azure's clouds: public, China, US Government, the closed German one, and the two
 * air-gapped ones of the US Government.
 */
const cloudSuffixes = [
  "core.windows.net",
  "core.chinacloudapi.cn",
  "core.usgovcloudapi.net",
  "core.cloudapi.de",
  "core.microsoft.scloud",
  "core.eaglex.ic.gov",
];

/** Accounts with a DNS zone have the host `<account>.z<nn>.<service>.storage.azure.net`. */
const zoneSuffix = "storage.azure.net";

/** `<name>[.z<nn>][.privatelink].<service>`, before the suffix. */
const labels =
  /^(?<name>[a-z0-9-]+)(?<zone>\.z\d{1,2})?(?<link>\.privatelink)?\.(?<service>[a-z]+)$/;

/**
 * `<account>` and the parts that select a network route, a replica or an address family, in the order in which Storage
 * writes them ("Azure Storage redundancy", "Network routing preference", the Storage SDKs' account names):
 * `acct-secondary`, `acct-internetrouting`, `acct-microsoftrouting-secondary`, `acct-secondary-dualstack`.
 */
const accountName =
  /^(?<account>[a-z0-9]{3,24})(?:-(?:internet|microsoft)routing)?(?<replica>-secondary)?(?:-(?:dualstack|ipv6))?$/;

/** For example md-vt5dsjw04jqc, md-ssd-vt5dsjw04jqc and md-impexp-vt5dsjw04jqc. */
const diskName = /^md-[a-z0-9]+(-[a-z0-9]+)*$/;

/**
 * Parses the host of a Storage URL; null when it is not Azure Storage. `host` must be normalized by the URL parser:
 * lower case, ASCII, without a port.
 */
export function parseStorageHost(host: string): StorageHost | null {
  const suffix = [...cloudSuffixes, zoneSuffix].find((each) => host.endsWith(`.${each}`));
  if (suffix === undefined) return null;
  const found = labels.exec(host.slice(0, -suffix.length - 1))?.groups;
  if (found === undefined) return null;
  const { name = "", zone, link, service = "" } = found;
  if ((zone !== undefined) !== (suffix === zoneSuffix)) return null;
  const rest = `${zone ?? ""}.${service}.${suffix}`;
  if (diskName.test(name) && service === "blob") {
    const kind = link === undefined ? "managed-disk" : "private-link";
    return { kind, account: name, service, secondary: false, ownHost: `${name}${rest}` };
  }
  const { account, replica } = accountName.exec(name)?.groups ?? {};
  if (account === undefined) return null;
  const secondary = replica !== undefined;
  return {
    kind: link === undefined ? "account" : "private-link",
    account,
    service,
    secondary,
    ownHost: `${account}${secondary ? "-secondary" : ""}${rest}`,
  };
}

/** A service of Storage at a domain that looks like one of its clouds. Static websites are outside Storage. */
const almostStorage =
  /\.(blob|file|dfs|queue|table)\.(core\.(windows|chinacloudapi|usgovcloudapi|cloudapi|microsoft|eaglex)|storage\.azure)\.[a-z.]+$/;

/** Returns true if the host is not one of Storage's, but resembles one so closely that it must be a mistake. */
export function isAlmostStorageHost(host: string): boolean {
  return parseStorageHost(host) === null && almostStorage.test(`.${host}`);
}

/** Returns true if the account is one that Azure creates to export a managed disk. No other name has a hyphen. */
export function isManagedDisk({ account }: { account: string }): boolean {
  return account.startsWith("md-");
}

/** The origin of the account's own host; the same origin where the host is not Storage's. */
export function ownOrigin(origin: string): string {
  const host = parseStorageHost(new URL(origin).hostname);
  return host === null ? origin : `https://${host.ownHost}`;
}
