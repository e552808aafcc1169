import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { problem } from "../../http/problem.ts";
import { LedgerError } from "../../ledger/ledger-error.ts";

/** The handler of a function with an HTTP trigger. */
export type HttpHandler = (
  request: HttpRequest,
  client: DurableClient,
  context: InvocationContext,
) => Promise<HttpResponseInit>;

/** Every method that the host routes. It responds with 404 to methods that a function does not list. */
export const allMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/**
 * Creates the handler of a path: 405 with `Allow` for methods without a handler (RFC 9110, 15.5.6), 503 if the ledger
 * cannot be reached.
 */
export function routeMethods(
  handlers: Partial<Record<(typeof allMethods)[number], HttpHandler>>,
): HttpHandler {
  const allow = Object.keys(handlers).join(", ");
  return async (request, client, context) => {
    const handler = Object.entries(handlers).find(([method]) => method === request.method)?.[1];
    if (handler === undefined) {
      const detail = `${request.method} is not allowed here; use ${allow}`;
      return problem("method-not-allowed", detail, { headers: { allow } });
    }
    try {
      return await handler(request, client, context);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      context.error(error.message);
      return problem("unavailable", `${error.message}; try again`, {
        headers: { "retry-after": "10" },
      });
    }
  };
}

/** Returns the path of the copies as the caller sees it, with the host's route prefix. */
export function copiesPath(request: HttpRequest): string {
  const { pathname } = new URL(request.url);
  return pathname.slice(0, pathname.toLowerCase().lastIndexOf("/copies") + "/copies".length);
}
