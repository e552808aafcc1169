import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import { authenticationFailed } from "./authentication-failed.ts";
import type { Account } from "./accounts.ts";
import { minute } from "../http/durations.ts";
import { StorageError } from "../http/rest-errors.ts";
import { parseQuery, splitTarget, type StorageRequest } from "../http/storage-request.ts";

/** "The request must be no older than 15 minutes" (REST page "Authorize with Shared Key"). */
const maxDateDifferenceMs = 15 * minute;

/** Throws `AuthenticationFailed` unless the account's key signed this request and its date is recent. */
export function verifySharedKey(
  request: StorageRequest,
  { account, now }: { account: Account; now: number },
): void {
  const authorization = request.headers["authorization"] ?? "";
  if (/^SharedKeyLite /i.test(authorization)) {
    throw new StorageError("NotImplemented", {
      message: "Authorization with Shared Key Lite is not implemented by this emulator",
    });
  }
  const [, signer, signature] = /^SharedKey ([^:]+):(\S+)$/.exec(authorization) ?? [];
  if (signer === undefined || signature === undefined) {
    throw authenticationFailed(
      "The Authorization header does not have the form SharedKey account:signature",
    );
  }
  if (signer !== account.name) {
    throw authenticationFailed(`Account ${signer} cannot sign requests to account ${account.name}`);
  }
  requireRecentDate(request, now);
  const isValid = (text: string) => isValidSignature(text, { signature, key: account.key });
  // Most requests have no parameter with an empty value, so both strings are the same.
  if (isValid(stringToSign(request, { account: account.name, emptyValues: "left out" }))) return;
  const text = stringToSign(request, { account: account.name, emptyValues: "signed" });
  if (isValid(text)) return;
  throw authenticationFailed(
    `The signature is not the one computed for this string to sign: '${text}'`,
  );
}

/** Returns true if `signature` is the base64 HMAC-SHA256 of the text under the account's key. */
export function isValidSignature(
  text: string,
  { signature, key }: { signature: string; key: string },
): boolean {
  const expected = createHmac("sha256", createSecretKey(key, "base64")) // faster than with bytes
    .update(text, "utf8")
    .digest();
  const given = Buffer.from(signature, "base64");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function requireRecentDate({ headers }: StorageRequest, now: number): void {
  const text = headers["x-ms-date"] ?? headers["date"];
  const date = Date.parse(text ?? "");
  if (Number.isNaN(date))
    throw authenticationFailed("The request has neither a valid x-ms-date nor Date header");
  if (Math.abs(now - date) > maxDateDifferenceMs) {
    throw authenticationFailed(`Request date header too far from the service's time: '${text}'`);
  }
}

/**
 * Version 2009-09-19 and later of the signature for the Blob service. The official SDKs disagree about
 * query parameters with an empty value: those for Go and Python sign them, the one for JavaScript leaves
 * them out. All of them work with Azure, so both strings are valid.
 */
function stringToSign(
  { method, headers, target }: StorageRequest,
  signer: { account: string; emptyValues: EmptyValues },
): string {
  return [
    method,
    headers["content-language"] ?? "",
    headers["content-encoding"] ?? "",
    headers["content-length"] === "0" ? "" : (headers["content-length"] ?? ""),
    headers["content-md5"] ?? "",
    headers["content-type"] ?? "",
    headers["x-ms-date"] === undefined ? (headers["date"] ?? "") : "",
    headers["if-modified-since"] ?? "",
    headers["if-match"] ?? "",
    headers["if-none-match"] ?? "",
    headers["if-unmodified-since"] ?? "",
    headers["range"] ?? "",
    ...canonicalHeaders(headers),
    canonicalResource(target, signer),
  ].join("\n");
}

function canonicalHeaders(headers: Readonly<Record<string, string>>): string[] {
  return Object.keys(headers)
    .filter((name) => name.startsWith("x-ms-"))
    .map((name) => ({ name, sortedBy: collationKey(name) }))
    .toSorted((one, other) => (one.sortedBy < other.sortedBy ? -1 : 1))
    .map(({ name }) => `${name}:${(headers[name] ?? "").trim()}`);
}

/**
 * The service sorts header names like .NET's invariant culture, not by character code: hyphens are
 * ignored, and an underscore sorts before digits and letters. The official SDKs do the same.
 */
function collationKey(name: string): string {
  return `${name.replaceAll("-", "").replaceAll("_", " ")}\n${name}`;
}

type EmptyValues = "signed" | "left out";

/** The account, the path as sent (in path style it repeats the account), and the sorted query. */
function canonicalResource(
  target: string,
  { account, emptyValues }: { account: string; emptyValues: EmptyValues },
): string {
  const [path, query] = splitTarget(target);
  const values = new Map<string, string[]>();
  for (const [name, value] of parseQuery(query)) {
    if (value === "" && emptyValues === "left out") continue;
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  const parameters = [...values.keys()]
    .toSorted()
    .map((name) => `\n${name}:${(values.get(name) ?? []).toSorted().join(",")}`);
  return `/${account}${path}${parameters.join("")}`;
}
