import { createHmac, timingSafeEqual } from "node:crypto";
import { accounts } from "./accounts.ts";
import { day, second } from "../http/durations.ts";
import { StorageError } from "../http/rest-errors.ts";

/** The emulator's only identity: the managed identity of the app that uses it. */
export const identity = {
  objectId: "00000000-0000-4000-8000-000000000001",
  clientId: "00000000-0000-4000-8000-000000000002",
  tenantId: "00000000-0000-4000-8000-000000000003",
};

/** Asks the caller to send a token (RFC 9110 section 11.6.1). */
export const challenge = {
  "WWW-Authenticate": `Bearer authorization_uri=https://login.microsoftonline.com/${identity.tenantId}/oauth2/authorize resource_id=https://storage.azure.com`,
};

/** Tokens of managed identities are valid for 24 hours. */
const tokenLifetimeSeconds = day / second;

/** Issues a JSON Web Token (RFC 7519, HS256) for a resource. `now` is epoch ms, `expiresAt` epoch seconds. */
export function issueToken(resource: string, now: number): { token: string; expiresAt: number } {
  const issuedAt = Math.floor(now / 1000);
  const expiresAt = issuedAt + tokenLifetimeSeconds;
  const { objectId, clientId, tenantId } = identity;
  const claims = {
    aud: resource,
    iss: `https://sts.windows.net/${tenantId}/`,
    iat: issuedAt,
    nbf: issuedAt,
    exp: expiresAt,
    appid: clientId,
    oid: objectId,
    sub: objectId,
    tid: tenantId,
  };
  const text = [{ typ: "JWT", alg: "HS256" }, claims].map(encode).join(".");
  return { token: `${text}.${signature(text)}`, expiresAt };
}

/**
 * Throws the service's 401 unless this emulator issued the token for this account and it has not
 * expired. Ignores `nbf`: the identity SDK caches tokens per process, and the clock of the next test in
 * the process may be earlier.
 */
export function verifyToken(token: string, { account, now }: { account: string; now: number }) {
  const end = token.lastIndexOf(".");
  const text = token.slice(0, end);
  if (!isEqual(token.slice(end + 1), signature(text)))
    throw invalidToken("Signature validation failed");
  const claims = decode(text.split(".")[1] ?? "");
  const audience = claims.aud.replace(/\/$/, "");
  const audiences = [
    "https://storage.azure.com",
    `https://${account}.blob.core.windows.net`,
    `https://${account}.file.core.windows.net`,
  ];
  if (!audiences.includes(audience)) throw invalidToken("Audience validation failed");
  if (!(now / 1000 < claims.exp)) {
    throw invalidToken("Lifetime validation failed. The token is expired");
  }
}

function invalidToken(reason: string): StorageError {
  return new StorageError("InvalidAuthenticationInfo", {
    details: { AuthenticationErrorDetail: reason },
    headers: challenge,
  });
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

/** Call only after the signature was verified: then the emulator wrote these claims. */
function decode(part: string): { aud: string; exp: number } {
  return JSON.parse(Buffer.from(part, "base64url").toString());
}

/** Signed with the accounts' published key, so tokens stay valid after a restart. It protects nothing. */
function signature(text: string): string {
  const key = Buffer.from(accounts[0]?.key ?? "", "base64");
  return createHmac("sha256", key).update(text).digest("base64url");
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
