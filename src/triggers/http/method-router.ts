import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { problem } from "../../http/problem.ts";

/** Handles a request; `inputs` are a durable client, where the function has one, and the invocation's context. */
type Handler<Inputs extends unknown[]> = (
  request: HttpRequest,
  ...inputs: Inputs
) => Promise<HttpResponseInit>;

/** Every method that the host routes. It responds with 404 to methods that a function does not list. */
export const allMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/**
 * Creates the handler of a path. HEAD is handled as GET, and the host sends no body (RFC 9110, 9.3.2). OPTIONS returns
 * 204 with `Allow` (9.3.7). Methods without a handler get 405 with `Allow` (15.5.6).
 */
export function routeMethods<Inputs extends unknown[]>(
  handlers: Partial<Record<"GET" | "POST" | "DELETE", Handler<Inputs>>>,
): Handler<Inputs> {
  const { GET } = handlers;
  const handled = Object.entries(GET === undefined ? handlers : { ...handlers, HEAD: GET });
  const allow = [...handled.map(([method]) => method), "OPTIONS"].join(", ");
  return async (request, ...inputs) => {
    const handler = handled.find(([method]) => method === request.method)?.[1];
    if (handler !== undefined) return handler(request, ...inputs);
    if (request.method === "OPTIONS") return { status: 204, headers: { allow } };
    const detail = `${request.method} is not allowed here`;
    return problem("method-not-allowed", detail, { fix: `Use ${allow}`, headers: { allow } });
  };
}

/** Returns the path of the copies as the caller sees it, with the host's route prefix. */
export function copiesPath(request: HttpRequest): string {
  return pathOf(request, "/copies");
}

/** The same for the jobs. */
export function jobsPath(request: HttpRequest): string {
  return pathOf(request, "/jobs");
}

function pathOf(request: HttpRequest, end: "/copies" | "/jobs"): string {
  const { pathname } = new URL(request.url);
  return pathname.slice(0, pathname.toLowerCase().lastIndexOf(end) + end.length);
}
