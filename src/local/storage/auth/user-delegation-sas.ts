import { authenticationFailed } from "./authentication-failed.ts";
import type { Account } from "./accounts.ts";
import { StorageError } from "../http/rest-errors.ts";
import type { Resource, ServiceName } from "../http/storage-request.ts";
import { isValidSignature } from "./shared-key.ts";
import { signedRevision } from "./signed-resource.ts";
import { identity } from "./access-tokens.ts";
import { deriveKeyValue, serviceLetters, type KeyTerms } from "./delegation-key.ts";

type Field = (name: string) => string;

/**
 * Throws unless a key of the emulator's identity signed the SAS and the key is valid now. String to sign:
 * REST page "Create a user delegation SAS". `endsAt` is the expiry of the key in epoch ms; the SAS is not
 * valid after it. `suoid` is verified but has no effect: the emulator has no POSIX access lists.
 */
export function verifyDelegation(
  field: Field,
  {
    service,
    resource,
    account,
    now,
  }: { service: ServiceName; resource: Resource; account: Account; now: number },
): { endsAt: number; resource: "blob" | "container" | "file" | "share" } {
  refuseUnsupportedFields(field);
  const terms: KeyTerms = {
    objectId: field("skoid"),
    tenantId: field("sktid"),
    start: field("skt"),
    expiry: field("ske"),
    service: field("sks"),
    version: field("skv"),
  };
  if (terms.objectId !== identity.objectId || terms.tenantId !== identity.tenantId) {
    throw authenticationFailed("The identity of the key does not exist");
  }
  if (terms.service !== serviceLetters[service])
    throw authenticationFailed("The key is for another service");
  const text =
    service === "file" ? fileStringToSign(field, resource) : stringToSign(field, resource);
  if (!isValidSignature(text, { signature: field("sig"), key: deriveKeyValue(terms, account) })) {
    throw authenticationFailed("Signature did not match");
  }
  const [start, end] = [Date.parse(terms.start), Date.parse(terms.expiry)];
  if (!(now >= start && now < end)) {
    const current = new Date(now).toUTCString();
    throw authenticationFailed(
      `Signature not valid in the specified key time frame: Key start [${terms.start}] - Key expiry [${terms.expiry}] - Current [${current}]`,
    );
  }
  const sr = field("sr");
  if (service === "file") return { endsAt: end, resource: sr === "s" ? "share" : "file" };
  return { endsAt: end, resource: sr === "c" ? "container" : "blob" };
}

/** Not implemented: a SAS bound to a user's token, to headers or query of a request, or to a directory. */
function refuseUnsupportedFields(field: Field): void {
  const unsupported = ["sduoid", "skdutid", "srh", "srq", "sdd"].find((name) => field(name) !== "");
  if (unsupported === undefined) return;
  throw new StorageError("NotImplemented", {
    message: `A user delegation SAS with ${unsupported} is not implemented by this emulator`,
  });
}

function stringToSign(field: Field, resource: Resource): string {
  const version = field("sv");
  const from = (first: string, ...values: string[]) => (version >= first ? values : []);
  return [
    ...["sp", "st", "se"].map(field),
    canonicalName(field, resource),
    ...["skoid", "sktid", "skt", "ske", "sks", "skv"].map(field),
    ...from("2020-02-10", ...["saoid", "suoid", "scid"].map(field)),
    ...from("2025-07-05", ...["skdutid", "sduoid"].map(field)),
    ...["sip", "spr", "sv", "sr"].map(field),
    field("sr") === "c" ? "" : signedRevision(field).time,
    ...from("2020-12-06", field("ses")),
    ...from("2026-04-06", ...["srh", "srq"].map(field)),
    ...["rscc", "rscd", "rsce", "rscl", "rsct"].map(field),
  ].join("\n");
}

/**
 * Azure Files supports user delegation SAS tokens since version 2025-07-05. Format: as the SDK for JavaScript signs
 * them.
 */
function fileStringToSign(field: Field, resource: Resource): string {
  if (field("sv") < "2025-07-05")
    throw authenticationFailed(
      "Azure Files supports user delegation SAS tokens since version 2025-07-05",
    );
  return [
    ...["sp", "st", "se"].map(field),
    canonicalFileName(field, resource),
    ...["skoid", "sktid", "skt", "ske", "sks", "skv", "skdutid", "sduoid"].map(field),
    ...["sip", "spr", "sv", "rscc", "rscd", "rsce", "rscl", "rsct"].map(field),
  ].join("\n");
}

function canonicalFileName(field: Field, resource: Resource): string {
  const sr = field("sr");
  if (resource.level === "file" && sr === "f") {
    return `/file/${resource.account}/${resource.share}/${resource.path}`;
  }
  if ((resource.level === "file" || resource.level === "share") && sr === "s") {
    return `/file/${resource.account}/${resource.share}`;
  }
  throw authenticationFailed(`Signed resource "${sr}" is not valid here`);
}

/** Built from the URL, so a SAS for another blob or another revision does not match. */
function canonicalName(field: Field, resource: Resource): string {
  const sr = field("sr");
  if (sr === "d") {
    throw new StorageError("NotImplemented", {
      message: `SAS for the signed resource "${sr}" is not implemented by this emulator`,
    });
  }
  if (resource.level !== "container" && resource.level !== "blob") {
    throw authenticationFailed("A user delegation SAS grants no access to an account");
  }
  const container = `/blob/${resource.account}/${resource.container}`;
  if (sr === "c") return container;
  if (resource.level === "blob" && sr === signedRevision(field).sr) {
    return `${container}/${resource.blob}`;
  }
  throw authenticationFailed(`Signed resource "${sr}" is not valid here`);
}
