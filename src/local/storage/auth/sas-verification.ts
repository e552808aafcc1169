import { authenticationFailed } from "./authentication-failed.ts";
import type { Account } from "./accounts.ts";
import { StorageError } from "../http/rest-errors.ts";
import type { Resource, ServiceName } from "../http/storage-request.ts";
import { signedRevision } from "./signed-resource.ts";
import { isValidSignature } from "./shared-key.ts";
import { verifyDelegation } from "./user-delegation-sas.ts";

/** The access that a valid shared access signature grants. `expiresAt` is epoch ms. */
export type Sas = {
  permissions: string;
  expiresAt: number;
  /** Response headers of reads that the SAS overrides: `rscc`, `rscd`, `rsce`, `rscl`, `rsct`. */
  responseHeaders: Readonly<Record<string, string>>;
} & (
  | { kind: "service" | "user delegation"; resource: SignedResource }
  | { kind: "account"; services: string; resourceTypes: string }
);

type SignedResource = "blob" | "container" | "file" | "share";

/** The values of `sr`, by service. */
const signedResources: Readonly<Record<ServiceName, Readonly<Record<string, SignedResource>>>> = {
  blob: { b: "blob", bs: "blob", bv: "blob", c: "container" },
  file: { f: "file", s: "share" },
};

type SasRequest = {
  service: ServiceName;
  query: ReadonlyMap<string, string>;
  resource: Resource;
  clientAddress: string;
  isSecure: boolean;
};

/**
 * Parses the SAS in a query, and throws the service's error if its signature, time, protocol or address
 * is not valid. `requireSasAccess` checks whether it allows the operation. Strings to sign: REST pages
 * "Create a service SAS" and "Create an account SAS"; for a user delegation SAS see `user-delegation-sas.ts`.
 */
export function verifySas(
  { service, query, resource, clientAddress, isSecure }: SasRequest,
  { account, now }: { account: Account; now: number },
): Sas {
  const field = (name: string) => query.get(name) ?? "";
  if (field("sv") < oldestVersion) {
    throw notImplemented(`SAS version "${field("sv")}"`);
  }

  const delegation = query.has("skoid")
    ? verifyDelegation(field, { service, resource, account, now })
    : null;
  const isAccountSas = query.has("ss") || query.has("srt");
  // Permissions and times can be in the policy, so nothing else about such a SAS can be checked.
  if (delegation === null && !isAccountSas && field("si") !== "")
    throw notImplemented("A SAS by stored access policy (si)");
  const signed = signedResources[service][field("sr")];
  if (delegation === null) {
    requireSignature(field, { service, signed, resource, account, isAccountSas });
  }

  const expiresAt = Math.min(requireTime(field, now), delegation?.endsAt ?? Infinity);
  requireProtocol(field("spr"), isSecure);
  requireAddress(field("sip"), clientAddress);
  const shared = {
    permissions: field("sp"),
    expiresAt,
    responseHeaders: responseHeaderOverrides(query),
  };
  if (delegation !== null) {
    return { ...shared, kind: "user delegation", resource: delegation.resource };
  }
  if (isAccountSas) {
    return { ...shared, kind: "account", services: field("ss"), resourceTypes: field("srt") };
  }
  return { ...shared, kind: "service", resource: requireSigned(signed, field) };
}

type Field = (name: string) => string;

function notImplemented(what: string): StorageError {
  return new StorageError("NotImplemented", {
    message: `${what} is not implemented by this emulator`,
  });
}

const oldestVersion = "2015-04-05";

/** Account SAS tokens and service SAS tokens are signed with the account's key. */
function requireSignature(
  field: Field,
  {
    service,
    signed,
    resource,
    account,
    isAccountSas,
  }: Signed & {
    service: ServiceName;
    account: Account;
    isAccountSas: boolean;
  },
): void {
  const text = isAccountSas
    ? accountStringToSign(field, account.name)
    : service === "file"
      ? fileStringToSign(field, { signed, resource })
      : blobStringToSign(field, { signed, resource });
  if (!isValidSignature(text, { signature: field("sig"), key: account.key })) {
    throw authenticationFailed("Signature did not match");
  }
}

function accountStringToSign(field: Field, account: string): string {
  const fields = ["sp", "ss", "srt", "st", "se", "sip", "spr", "sv"].map(field);
  const scope = field("sv") >= "2020-12-06" ? [field("ses")] : [];
  return [account, ...fields, ...scope, ""].join("\n");
}

type Signed = { signed: SignedResource | undefined; resource: Resource };

function requireSigned(signed: SignedResource | undefined, field: Field): SignedResource {
  const sr = field("sr");
  if (signed !== undefined) return signed;
  throw sr === "d"
    ? notImplemented(`SAS for the signed resource "${sr}"`)
    : authenticationFailed(`Signed resource "${sr}" is not valid`);
}

/** The resource is taken from the URL, so a SAS for another resource does not match. */
function blobStringToSign(field: Field, { signed, resource }: Signed): string {
  const version = field("sv");
  const sr = field("sr");
  requireSigned(signed, field);
  const revision = signedRevision(field);
  if (signed === "blob" && sr !== revision.sr)
    throw authenticationFailed("The SAS is for another snapshot or version of the blob");
  const withResource = version >= "2018-11-09" ? [sr, signed === "blob" ? revision.time : ""] : [];
  const withScope = version >= "2020-12-06" ? [field("ses")] : [];
  return [
    ...["sp", "st", "se"].map(field),
    canonicalName(resource, signed),
    ...["si", "sip", "spr", "sv"].map(field),
    ...withResource,
    ...withScope,
    ...Object.keys(overriddenHeaders).map(field),
  ].join("\n");
}

/** The format is the same in all versions so far. The SAS of a share also grants access to its snapshots. */
function fileStringToSign(field: Field, { signed, resource }: Signed): string {
  requireSigned(signed, field);
  return [
    ...["sp", "st", "se"].map(field),
    canonicalName(resource, signed),
    ...["si", "sip", "spr", "sv"].map(field),
    ...Object.keys(overriddenHeaders).map(field),
  ].join("\n");
}

function canonicalName(resource: Resource, signed: SignedResource | undefined): string {
  const { account } = resource;
  switch (resource.level) {
    case "service":
      throw authenticationFailed("A service SAS grants no access to an account");
    case "container":
      return `/blob/${account}/${resource.container}`;
    case "blob":
      return `/blob/${account}/${resource.container}${signed === "blob" ? `/${resource.blob}` : ""}`;
    case "share":
      return `/file/${account}/${resource.share}`;
    case "file":
      return `/file/${account}/${resource.share}${signed === "file" ? `/${resource.path}` : ""}`;
  }
}

function requireTime(field: Field, now: number): number {
  const start = field("st") === "" ? -Infinity : parseSignedTime(field("st"));
  const end = parseSignedTime(field("se"));
  if (Number.isNaN(start) || Number.isNaN(end))
    throw authenticationFailed("Signed times are not valid");
  if (now < start || now >= end) {
    const current = new Date(now).toUTCString();
    throw authenticationFailed(
      `Signature not valid in the specified time frame: Start [${field("st")}] - Expiry [${field("se")}] - Current [${current}]`,
    );
  }
  return end;
}

/**
 * Epoch ms, or NaN for a text that is not one of the formats of REST page "Formatting DateTime values":
 * a date, with minutes or seconds, up to seven decimals, and `Z`, an offset or nothing, which means UTC.
 */
function parseSignedTime(text: string): number {
  const [, date, time = "00:00", zone = "Z"] = signedTime.exec(text) ?? [];
  return date === undefined ? NaN : Date.parse(`${date}T${time}${zone.toUpperCase()}`);
}

const signedTime =
  /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?)(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?)?$/i;

function requireProtocol(protocol: string, isSecure: boolean): void {
  if (protocol !== "" && !protocol.split(",").includes(isSecure ? "https" : "http")) {
    throw new StorageError("AuthorizationProtocolMismatch");
  }
}

function requireAddress(range: string, clientAddress: string): void {
  if (range === "") return;
  const [first = "", last = first] = range.split("-");
  const address = ipNumber(clientAddress.replace(/^::ffff:/, ""));
  if (!(address >= ipNumber(first) && address <= ipNumber(last))) {
    throw new StorageError("AuthorizationSourceIPMismatch");
  }
}

function ipNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

const overriddenHeaders: Readonly<Record<string, string>> = {
  rscc: "Cache-Control",
  rscd: "Content-Disposition",
  rsce: "Content-Encoding",
  rscl: "Content-Language",
  rsct: "Content-Type",
};

function responseHeaderOverrides(query: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(overriddenHeaders).flatMap(([parameter, header]) => {
      const value = query.get(parameter);
      return value === undefined ? [] : [[header, value]];
    }),
  );
}
