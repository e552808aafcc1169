import { authenticationFailed } from "./authentication-failed.ts";
import { findAccount } from "./accounts.ts";
import type { Caller } from "./caller.ts";
import { deriveKeyValue, serviceLetters, type KeyTerms } from "./delegation-key.ts";
import { StorageError } from "../http/rest-errors.ts";
import type { StorageResponse, StorageRequest } from "../http/storage-request.ts";
import { identity } from "./access-tokens.ts";
import { day } from "../http/durations.ts";
import { childText, element, elements, parseXml, renderXml } from "../http/xml.ts";

/** "A valid date and time within seven days of the current time" (REST page "Get User Delegation Key"). */
const maxKeyLifetimeMs = 7 * day;

/** REST page "Get User Delegation Key". Requires a token, because the key acts for its identity. */
export function getUserDelegationKey({
  request,
  caller,
  now,
}: {
  request: StorageRequest;
  caller: Caller;
  now: number;
}): StorageResponse {
  const account = findAccount(request.resource.account);
  if (caller.kind !== "identity" || account === undefined) {
    throw authenticationFailed("Only authentication scheme Bearer is supported");
  }
  const keyInfo = parseXml(request.body.toString());
  const text = (name: string) => keyInfo && childText(keyInfo, name);
  const start = parseTime(text("Start") ?? new Date(now).toISOString(), now);
  const expiry = parseTime(text("Expiry"), now);
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
          Value: deriveKeyValue(terms, account),
        }),
      ),
    ),
  };
}

function parseTime(text: string | undefined, now: number): number {
  const time = Date.parse(text ?? "");
  if (Number.isNaN(time) || Math.abs(time - now) > maxKeyLifetimeMs) {
    throw new StorageError("InvalidXmlNodeValue");
  }
  return time;
}

function isoSeconds(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
