import type { ServiceName } from "./storage-request.ts";

/**
 * Hosts that name an account, as in Azure: the path then begins with the container. `acct-internetrouting.blob.…` and
 * `md-….blob.…` reach the account that they stand for here. The key is a host without a port, in lower case.
 */
export type VirtualHosts = Readonly<Record<string, string>>;

/** The path of a request to this host as it is written on the emulator's own address, with the account in front. */
export function ownPath(hosts: VirtualHosts, host: string, path: string): string {
  const account = accountAt(hosts, host);
  return account === undefined ? path : `/${account}${path}`;
}

/** The service that the second label of a virtual host names; undefined for any other host. */
export function virtualService(hosts: VirtualHosts, host: string): ServiceName | undefined {
  if (accountAt(hosts, host) === undefined) return undefined;
  return host.includes(".file.") ? "file" : "blob";
}

function accountAt(hosts: VirtualHosts, host: string): string | undefined {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  return Object.hasOwn(hosts, name) ? hosts[name] : undefined;
}
