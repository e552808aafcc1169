import { isHostLike, quotedHost } from "../copy/location/characters.ts";
import { parseStorageHost } from "../copy/location/storage-hosts.ts";
import { nonEmpty } from "./environment.ts";
import type { Environment } from "./environment.ts";

/** A connection string, or a Blob service URL that is used with the app's identity. */
export type LedgerAccount = { connectionString: string } | { blobServiceUri: string };

/** Reads the settings that name the Functions host's own storage account. */
export function parseLedgerAccount(
  environment: Environment,
  problems: string[],
): LedgerAccount | null {
  const connectionString = nonEmpty(environment["AzureWebJobsStorage"]);
  if (connectionString !== null) return { connectionString };
  const blobServiceUri = nonEmpty(environment["AzureWebJobsStorage__blobServiceUri"]);
  if (blobServiceUri !== null) return { blobServiceUri };
  const account = nonEmpty(environment["AzureWebJobsStorage__accountName"]);
  if (account !== null) return { blobServiceUri: `https://${account}.blob.core.windows.net` };
  problems.push(
    "AzureWebJobsStorage (or AzureWebJobsStorage__blobServiceUri, or AzureWebJobsStorage__accountName) must name the app's storage account",
  );
  return null;
}

type Account = { ok: true; account: string } | { ok: false; problem: string };

/**
 * Reads the account's name as endpoints have it: in lower case, and the same for every host of the account. Otherwise
 * Ferry would not recognize a copy of its own state. An account whose name is uncertain is therefore a problem.
 */
export function parseOwnAccount(ledger: LedgerAccount, problems: string[]): string | null {
  const parsed =
    "blobServiceUri" in ledger
      ? parseServiceUri(ledger.blobServiceUri)
      : parseConnectionString(ledger.connectionString);
  if (parsed.ok) return parsed.account;
  problems.push(`AzureWebJobsStorage ${parsed.problem}`);
  return null;
}

/** The setting is not secret, so its problem may quote the host. */
function parseServiceUri(uri: string): Account {
  const parsed = parseAccountUrl(uri, null);
  const host = URL.canParse(uri) ? quotedHost(new URL(uri).host) : null;
  return parsed.ok || host === null ? parsed : refused(`${parsed.problem} (its host is ${host})`);
}

/**
 * "Configure Azure Storage connection strings". No problem quotes any part of it, because a missing separator makes the
 * key part of another value.
 */
function parseConnectionString(text: string): Account {
  if (/^UseDevelopmentStorage=true/i.test(text)) return { ok: true, account: "devstoreaccount1" };
  const values = (name: string) =>
    Array.from(text.matchAll(new RegExp(`(?:^|;)\\s*${name}=([^;]*)`, "gi")), ([, value = ""]) =>
      value.trim(),
    );
  const names = values("AccountName");
  const endpoints = values("BlobEndpoint");
  // The host and the Storage SDK could use different ones.
  if (names.length > 1 || endpoints.length > 1) {
    return refused("must not contain AccountName or BlobEndpoint twice");
  }
  const [name] = names;
  const [endpoint] = endpoints;
  if (name !== undefined && !isAccountName(name.toLowerCase())) {
    return refused(`must contain AccountName with an account's name of 3 to 24 letters and digits`);
  }
  if (!values("EndpointSuffix").every(isHostLike)) {
    return refused("must contain a host name as EndpointSuffix, such as core.windows.net");
  }
  if (endpoint !== undefined) return parseAccountUrl(endpoint, name?.toLowerCase() ?? null);
  return name === undefined
    ? refused("must contain an account's name, or the URL of its Blob service")
    : { ok: true, account: name.toLowerCase() };
}

/** `name`: the account to which the URL must belong; null if only the URL names it. No problem quotes the URL. */
function parseAccountUrl(text: string, name: string | null): Account {
  const url = URL.canParse(text) ? new URL(text) : null;
  const hasUser = url !== null && `${url.username}${url.password}` !== "";
  if (url === null || hasUser || !/^https?:$/.test(url.protocol)) {
    return refused("must contain an account's name, or the URL of its Blob service");
  }
  const account = accountAt(url, name);
  if (account === null) {
    return refused(
      "must be the URL of an account's Blob service, such as https://<account>.blob.core.windows.net, because Ferry cannot read the account from another URL",
    );
  }
  return name === null || name === account
    ? { ok: true, account }
    : refused("names two accounts: one in AccountName, and another in BlobEndpoint");
}

/**
 * The account of a Blob service's URL; null if it is unknown. An emulator's URL has the account in its path. A host name
 * is that of an emulator only without TLS, and if AccountName names the same account: a custom domain has another path.
 */
function accountAt(url: URL, name: string | null): string | null {
  const { protocol, hostname, pathname } = url;
  const host = parseStorageHost(hostname);
  if (url.search !== "" || url.hash !== "") return null;
  if (host !== null) {
    const isOwn = host.kind === "account" && host.service === "blob" && !host.secondary;
    return isOwn && pathname === "/" ? host.account : null;
  }
  const [, inPath = "", ...rest] = pathname.split("/");
  if (rest.join("/") !== "") return null;
  const isAddress = /^(localhost|[\d.]+|\[[\da-f:.]+\])$/.test(hostname);
  const isEmulated = isAddress || (protocol === "http:" && inPath === name);
  return isEmulated && isAccountName(inPath) ? inPath : null;
}

/** "Storage account overview": 3 to 24 lower-case letters and digits. */
function isAccountName(text: string): boolean {
  return /^[a-z0-9]{3,24}$/.test(text);
}

function refused(problem: string): Account {
  return { ok: false, problem };
}
