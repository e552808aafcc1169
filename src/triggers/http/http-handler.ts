import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { second } from "../../copy/durations.ts";
import { withEtag } from "../../http/view-response.ts";
import { problem } from "../../http/problem.ts";
import { DeadlineError, withDeadline } from "../../instances/deadline.ts";
import { DurableError } from "../../instances/durable-error.ts";
import { LedgerError } from "../../ledger/ledger-error.ts";

/** The handler of a function with an HTTP trigger and a durable client. */
export type HttpHandler = (
  request: HttpRequest,
  client: DurableClient,
  context: InvocationContext,
) => Promise<HttpResponseInit>;

/** Adds the ETag of a copy to the response to GET and HEAD, or responds with 304 if the caller has this state already. */
export function revalidate(handler: HttpHandler): HttpHandler {
  return async (request, client, context) => {
    const response = await handler(request, client, context);
    if (request.method !== "GET" && request.method !== "HEAD") return response;
    return withEtag(response, request.headers.get("if-none-match"));
  };
}

/** Callers get a response within ten seconds; this leaves one for the host. */
export const deadlineMs = 9 * second;

/**
 * Responds with 503 if the task hub or the ledger cannot be reached, or does not respond in time, and with 500 to a bug.
 * The work continues after such a response, so it may still take effect.
 */
export function respondInTime(handler: HttpHandler): HttpHandler {
  return async (request, client, context) => {
    try {
      return await withDeadline(handler(request, client, context), deadlineMs);
    } catch (error) {
      const isKnown =
        error instanceof LedgerError ||
        error instanceof DurableError ||
        error instanceof DeadlineError;
      if (!isKnown) {
        context.error(error);
        const detail = `The app failed; its log contains the error for invocation ${context.invocationId}`;
        return problem("internal", detail);
      }
      context.error(error.message);
      const again =
        request.method === "POST"
          ? "The request may still take effect; send it again, with its Idempotency-Key if it has one"
          : "Try again";
      return problem("unavailable", error.message, {
        fix: again,
        headers: { "retry-after": "10" },
      });
    }
  };
}
