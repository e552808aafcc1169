import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { problem } from "../../http/problem.ts";
import { LedgerError } from "../../ledger/ledger-error.ts";

/** Answers one call of one method. */
export type HttpHandler = (
  request: HttpRequest,
  client: DurableClient,
  context: InvocationContext,
) => Promise<HttpResponseInit>;

/** Every method the host can route: it answers 404 for those that a function does not list. */
export const allMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** One function for a path: 405 with `Allow` for methods it has no answer to (RFC 9110, 15.5.6). */
export function routeMethods(
  answers: Partial<Record<(typeof allMethods)[number], HttpHandler>>,
): HttpHandler {
  const allow = Object.keys(answers).join(", ");
  return async (request, client, context) => {
    const answer = Object.entries(answers).find(([method]) => method === request.method)?.[1];
    if (answer === undefined) {
      const detail = `${request.method} is not allowed here; use ${allow}`;
      return problem("method-not-allowed", detail, { headers: { allow } });
    }
    try {
      return await answer(request, client, context);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      context.error(error.message);
      return problem("unavailable", `${error.message}; try again`, {
        headers: { "retry-after": "10" },
      });
    }
  };
}

/** The path of the copies as the caller sees it, whatever the host's route prefix. */
export function copiesPath(request: HttpRequest): string {
  const { pathname } = new URL(request.url);
  return pathname.slice(0, pathname.toLowerCase().lastIndexOf("/copies") + "/copies".length);
}
