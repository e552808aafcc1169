import { createHmac } from "node:crypto";
import { findAccount, type Account } from "./accounts.ts";
import type { Call } from "./call.ts";
import { StorageError } from "./errors.ts";
import type { ServiceName, StorageAnswer } from "./request.ts";
import { identity } from "./tokens.ts";
import { element, elements, renderXml } from "./xml.ts";

/** "A valid date and time within seven days of the current time" (REST page "Get User Delegation Key"). */
const longestKeyMs = 7 * 24 * 60 * 60 * 1000;

/** `sks` of a SAS: which service's objects the key opens. */
export const serviceLetters: Readonly<Record<ServiceName, string>> = { blob: "b", file: "f" };

/** What a key was made for, as it stands in the answer and again in each SAS it signs. */
export type KeyTerms = {
  objectId: string;
  tenantId: string;
  /** ISO 8601, whole seconds. */
  start: string;
  expiry: string;
  service: string;
  version: string;
};

/** REST page "Get User Delegation Key". Only a token asks for one, since the key acts for its identity. */
export function getUserDelegationKey({ request, caller, now }: Call): StorageAnswer {
  const account = findAccount(request.resource.account);
  if (caller.by !== "identity" || account === undefined) {
    throw new StorageError("AuthenticationFailed", {
      details: { AuthenticationErrorDetail: "Only authentication scheme Bearer is supported" },
    });
  }
  const body = request.body.toString();
  const text = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1];
  const start = readTime(text("Start") ?? new Date(now).toISOString(), now);
  const expiry = readTime(text("Expiry"), now);
  if (expiry <= start || expiry <= now) throw new StorageError("InvalidXmlNodeValue");
  const terms: KeyTerms = {
    objectId: identity.objectId,
    tenantId: identity.tenantId,
    start: isoSeconds(start),
    expiry: isoSeconds(expiry),
    service: serviceLetters[request.service],
    version: request.headers["x-ms-version"] ?? "",
  };
  return {
    status: 200,
    headers: { "Content-Type": "application/xml" },
    body: renderXml(
      element(
        "UserDelegationKey",
        elements({
          SignedOid: terms.objectId,
          SignedTid: terms.tenantId,
          SignedStart: terms.start,
          SignedExpiry: terms.expiry,
          SignedService: terms.service,
          SignedVersion: terms.version,
          Value: keyValue(terms, account),
        }),
      ),
    ),
  };
}

/** Follows from its terms, so that no key is kept: whoever knows them and the account's key knows it. */
export function keyValue(terms: KeyTerms, { name, key }: Account): string {
  const { objectId, tenantId, start, expiry, service, version } = terms;
  const text = [name, objectId, tenantId, start, expiry, service, version].join("\n");
  return createHmac("sha256", Buffer.from(key, "base64")).update(text).digest("base64");
}

function readTime(text: string | undefined, now: number): number {
  const time = Date.parse(text ?? "");
  if (Number.isNaN(time) || Math.abs(time - now) > longestKeyMs) {
    throw new StorageError("InvalidXmlNodeValue");
  }
  return time;
}

function isoSeconds(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
