/** The parts of a Storage URL's host name. */
export type StorageHost = {
  account: string;
  service: string;
  /** The read-only secondary of a geo-redundant account. */
  secondary: boolean;
};

/** The domain suffixes of Azure's clouds: public, China, US Government, and the closed German one. */
const cloudSuffixes = [
  "core.windows.net",
  "core.chinacloudapi.cn",
  "core.usgovcloudapi.net",
  "core.cloudapi.de",
];

/** Accounts with a DNS zone have the host `<account>.z<nn>.<service>.storage.azure.net`. */
const zoneSuffix = "storage.azure.net";

/**
 * Parses `<account>[-secondary][.z<nn>].<service>.<suffix>`; null when the host is not Azure Storage.
 * `host` must be normalized by the URL parser: lower case, ASCII, without a port.
 */
export function parseStorageHost(host: string): StorageHost | null {
  const match =
    cloudSuffixes.map((suffix) => removeSuffix(host, suffix)).find((rest) => rest !== null) ??
    removeSuffix(host, zoneSuffix);
  if (match === null) return null;
  const zoned = host.endsWith(`.${zoneSuffix}`);
  const pattern = zoned
    ? /^(?<account>[a-z0-9]{3,24})(?<secondary>-secondary)?\.z\d{1,2}\.(?<service>[a-z]+)$/
    : /^(?<account>[a-z0-9]{3,24})(?<secondary>-secondary)?\.(?<service>[a-z]+)$/;
  const groups = pattern.exec(match)?.groups;
  if (groups === undefined) return null;
  return {
    account: groups["account"] ?? "",
    service: groups["service"] ?? "",
    secondary: groups["secondary"] !== undefined,
  };
}

function removeSuffix(host: string, suffix: string): string | null {
  return host.endsWith(`.${suffix}`) ? host.slice(0, -suffix.length - 1) : null;
}
