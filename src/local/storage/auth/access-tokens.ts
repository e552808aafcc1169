import { createHmac, timingSafeEqual } from "node:crypto";
import { accounts } from "./accounts.ts";
import { StorageError } from "../http/rest-errors.ts";

/** The only identity that there is: a managed identity of the app beside this emulator. */
export const identity = {
  objectId: "00000000-0000-4000-8000-000000000001",
  clientId: "00000000-0000-4000-8000-000000000002",
  tenantId: "00000000-0000-4000-8000-000000000003",
};

/** How a caller is told to come back with a token (RFC 9110 section 11.6.1). */
export const challenge = {
  "WWW-Authenticate": `Bearer authorization_uri=https://login.microsoftonline.com/${identity.tenantId}/oauth2/authorize resource_id=https://storage.azure.com`,
};

/** Managed identities' tokens are good for a day. */
const tokenLifetimeSeconds = 24 * 60 * 60;

/** A JSON Web Token (RFC 7519, HS256) for a resource; `expiresAt` in seconds, as all its times. */
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
 * Throws the service's 401 unless this emulator issued the token, for this account, and it has not
 * ended. Its begin is not looked at: the identity SDK keeps tokens per process, and the clock of the
 * next test in it may stand earlier.
 */
export function verifyToken(token: string, { account, now }: { account: string; now: number }) {
  const end = token.lastIndexOf(".");
  const text = token.slice(0, end);
  if (!isEqual(token.slice(end + 1), signature(text))) throw refusal("Signature validation failed");
  const claims = decode(text.split(".")[1] ?? "");
  const audience = claims.aud.replace(/\/$/, "");
  const audiences = [
    "https://storage.azure.com",
    `https://${account}.blob.core.windows.net`,
    `https://${account}.file.core.windows.net`,
  ];
  if (!audiences.includes(audience)) throw refusal("Audience validation failed");
  if (!(now / 1000 < claims.exp)) {
    throw refusal("Lifetime validation failed. The token is expired");
  }
}

function refusal(detail: string): StorageError {
  return new StorageError("InvalidAuthenticationInfo", {
    details: { AuthenticationErrorDetail: detail },
    headers: challenge,
  });
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

/** Only of a token that was issued here: its signature fits. */
function decode(part: string): { aud: string; exp: number } {
  return JSON.parse(Buffer.from(part, "base64url").toString());
}

/** Signed with the accounts' published key: it protects nothing, and survives a restart. */
function signature(text: string): string {
  const key = Buffer.from(accounts[0]?.key ?? "", "base64");
  return createHmac("sha256", key).update(text).digest("base64url");
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
