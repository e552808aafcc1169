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
 * A hash of the caller, which copies and claims store. Null without authentication, because any caller can set the
 * headers then, and for a caller that has not signed in.
 */
export function readPrincipal(request: HttpRequest, settings: PrincipalSettings): string | null {
  const name = principalName(request, settings);
  return name === null ? null : createHash("sha256").update(`principal ${name}`).digest("hex");
}

/**
 * Returns true if the caller may read and abort the copy. With trusted principals, only the principal that requested
 * the copy and the operators may; if an event caused it, only the operators. Otherwise every caller with a function
 * key may.
 */
export function mayUse(
  request: HttpRequest,
  { principal, event }: CopyInput,
  settings: PrincipalSettings,
): boolean {
  if (!settings.areTrusted) return true;
  const name = principalName(request, settings);
  if (name !== null && settings.operators.includes(name)) return true;
  return event === undefined && readPrincipal(request, settings) === (principal ?? null);
}

/**
 * Responds with 401 to every caller without a principal, whatever the method. The platform may admit callers without
 * sign-in (`unauthenticatedClientAction`), and there is no key without which they could not call the app.
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
  // Without a provider, the id must not look like that of one ("aad/…").
  return `${headers.get("x-ms-client-principal-idp") ?? ""}/${id}`;
}
