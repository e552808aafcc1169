import type { Account } from "./accounts.ts";
import { StorageError } from "./errors.ts";
import type { Resource, ServiceName } from "./request.ts";
import { isSignatureOf } from "./shared-key.ts";
import { imageToSign } from "./signed-image.ts";
import { identity } from "./tokens.ts";
import { keyValue, type KeyTerms } from "./user-delegation.ts";

type Field = (name: string) => string;

/**
 * Throws unless a key of the emulator's identity signed the SAS, and the key is in its time. String to
 * sign: REST page "Create a user delegation SAS". `endsAt` is when the key ends, epoch ms: the SAS ends
 * with it, whatever it says itself. `suoid` is signed, and changes nothing: there are no POSIX access lists.
 */
export function verifyDelegation(
  field: Field,
  {
    service,
    resource,
    account,
    now,
  }: { service: ServiceName; resource: Resource; account: Account; now: number },
): { endsAt: number; resource: "blob" | "container" } {
  refuseUnread(field, service);
  const terms: KeyTerms = {
    objectId: field("skoid"),
    tenantId: field("sktid"),
    start: field("skt"),
    expiry: field("ske"),
    service: field("sks"),
    version: field("skv"),
  };
  if (terms.objectId !== identity.objectId || terms.tenantId !== identity.tenantId) {
    throw refusal("The identity that asked for the key does not exist");
  }
  const text = stringToSign(field, resource);
  if (!isSignatureOf(text, { signature: field("sig"), key: keyValue(terms, account) })) {
    throw refusal("Signature did not match");
  }
  const [start, end] = [Date.parse(terms.start), Date.parse(terms.expiry)];
  if (!(now >= start && now < end)) {
    const current = new Date(now).toUTCString();
    throw refusal(
      `Signature not valid in the specified key time frame: Key start [${terms.start}] - Key expiry [${terms.expiry}] - Current [${current}]`,
    );
  }
  return { endsAt: end, resource: field("sr") === "c" ? "container" : "blob" };
}

/** Bound to another user's token, or to one request's headers and query: not needed to copy. */
function refuseUnread(field: Field, service: ServiceName): void {
  if (service === "file") {
    throw new StorageError("NotImplemented", {
      message: "User delegation SAS of Azure Files are not implemented by this emulator",
    });
  }
  const unread = ["sduoid", "skdutid", "srh", "srq", "sdd"].find((name) => field(name) !== "");
  if (unread === undefined) return;
  throw new StorageError("NotImplemented", {
    message: `User delegation SAS with ${unread} are not implemented by this emulator`,
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
    field("sr") === "c" ? "" : imageToSign(field).time,
    ...from("2020-12-06", field("ses")),
    ...from("2026-04-06", ...["srh", "srq"].map(field)),
    ...["rscc", "rscd", "rsce", "rscl", "rsct"].map(field),
  ].join("\n");
}

/** From the URL, so that a SAS of another blob, or of the base where a snapshot is meant, does not fit. */
function canonicalName(field: Field, resource: Resource): string {
  const sr = field("sr");
  if (sr === "d") {
    throw new StorageError("NotImplemented", {
      message: `SAS for the signed resource "${sr}" is not implemented by this emulator`,
    });
  }
  if (resource.level !== "container" && resource.level !== "blob") {
    throw refusal("A user delegation SAS opens no account");
  }
  const container = `/blob/${resource.account}/${resource.container}`;
  if (sr === "c") return container;
  if (resource.level === "blob" && sr === imageToSign(field).sr) {
    return `${container}/${resource.blob}`;
  }
  throw refusal(`Signed resource "${sr}" is not valid here`);
}

function refusal(detail: string): StorageError {
  return new StorageError("AuthenticationFailed", {
    details: { AuthenticationErrorDetail: detail },
  });
}
