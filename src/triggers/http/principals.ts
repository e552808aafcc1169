import { createHash } from "node:crypto";
import type { HttpRequest } from "@azure/functions";
import type { CopyInput } from "../../copy/contract/activities.ts";
import { problem } from "../../http/problem.ts";
import type { HttpHandler } from "./http-handler.ts";

/** How callers are distinguished. */
export type PrincipalSettings = {
  /** Whether App Service authentication sets the headers below, so that callers cannot forge them. */
  areTrusted: boolean;
  /** The principals that may read and abort every copy. */
  operators: readonly string[];
};

/**
 * A hash of the caller, which copies and claims store. Null without authentication, because then any caller can set the
 * headers, and for a caller that has not signed in.
 */
export function readPrincipal(request: HttpRequest, settings: PrincipalSettings): string | null {
  const name = principalName(request, settings);
  return name === null ? null : createHash("sha256").update(`principal ${name}`).digest("hex");
}

/**
 * Returns true if the caller may use every copy: if there are no trusted principals, or if the caller is an operator.
 */
export function mayUseAll(request: HttpRequest, settings: PrincipalSettings): boolean {
  if (!settings.areTrusted) return true;
  const name = principalName(request, settings);
  if (name === null) return false;
  return settings.operators.includes(name) || hasOperatorRole(request);
}

/** The app role of operators, which the app's registration in Microsoft Entra defines. */
const operatorRole = "Ferry.Operator";

/**
 * Returns true if Microsoft Entra assigned the role to the caller (x-ms-client-principal: base64 of the claims as JSON).
 * Claims of other identity providers do not count.
 */
function hasOperatorRole({ headers }: HttpRequest): boolean {
  if (headers.get("x-ms-client-principal-idp") !== "aad") return false;
  const text = Buffer.from(headers.get("x-ms-client-principal") ?? "", "base64").toString();
  const principal = parseObject(text);
  const claims: unknown = principal["claims"];
  if (!Array.isArray(claims)) return false;
  const roleTypes: unknown[] = ["roles", principal["role_typ"]];
  return claims.some((claim: unknown) => {
    const { typ, val }: { typ?: unknown; val?: unknown } = Object(claim);
    return val === operatorRole && typeof typ === "string" && roleTypes.includes(typ);
  });
}

/** An empty object if the text is not a JSON object. */
function parseObject(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/**
 * Returns true if the caller may read, abort, retry and delete the copy. With trusted principals, only the principal
 * that requested the copy and the operators may; if an event caused it, only the operators. Otherwise every caller with
 * a function key may.
 */
export function mayUse(
  request: HttpRequest,
  { owner, event }: Pick<CopyInput, "owner" | "event">,
  settings: PrincipalSettings,
): boolean {
  if (mayUseAll(request, settings)) return true;
  return event === undefined && readPrincipal(request, settings) === (owner ?? null);
}

/** The same for a copy of which only the record is left. */
export function mayUseRecord(
  request: HttpRequest,
  { owner }: { owner: string | null },
  settings: PrincipalSettings,
): boolean {
  return mayUse(request, owner === null ? {} : { owner }, settings);
}

/**
 * Responds with 401 to every caller without a principal, for every method. The platform may admit callers without
 * sign-in (`unauthenticatedClientAction`), and the app requires no key.
 */
export function requireSignIn(handler: HttpHandler, settings: PrincipalSettings): HttpHandler {
  return async (request, client, context) => {
    if (readPrincipal(request, settings) !== null) return handler(request, client, context);
    const detail = "The caller must sign in with Microsoft Entra, because this app accepts no keys";
    return problem("sign-in-required", detail, { headers: { "www-authenticate": "Bearer" } });
  };
}

/**
 * The caller as `<identity provider>/<id>`, for example "aad/7c0f…" ("Work with user identities in Azure App Service
 * authentication": x-ms-client-principal-idp and -id).
 */
function principalName({ headers }: HttpRequest, { areTrusted }: PrincipalSettings): string | null {
  const id = areTrusted ? headers.get("x-ms-client-principal-id") : null;
  if (id === null || id === "") return null;
  // Without a provider, the id must not look like one with a provider ("aad/…").
  return `${headers.get("x-ms-client-principal-idp") ?? ""}/${id}`;
}
