import { type AppFunction, withTrigger } from "../worker/app-functions.ts";
import type { Binding } from "../worker/functions-core.ts";
import type { KeyCheck, KeyLevel } from "./function-keys.ts";
import { buildRequestData, buildResponse } from "./http-message.ts";
import type { HostRequest, HostResponse } from "./http-server.ts";
import type { Invocation, InvocationOutcome } from "../worker/invocation.ts";
import type { Logger } from "../../log.ts";
import { compareRoutes, matchRoute, parseRoute, type RouteTemplate } from "./route-pattern.ts";
import type { TypedData } from "../worker/typed-data.ts";

/** A function with an HTTP trigger. `route` includes the prefix and has no leading slash. */
export type HttpFunction = { name: string; route: string; methods: readonly string[] };

export type HttpRoutes = {
  functions: readonly HttpFunction[];
  /** Returns the response of the function whose route matches; undefined if none matches. */
  respond(request: HostRequest): Promise<HostResponse> | undefined;
};

export type HttpRoutesOptions = {
  functions: readonly AppFunction[];
  routePrefix: string;
  checkKey: KeyCheck;
  run: (invocation: Invocation) => Promise<InvocationOutcome>;
  logger: Logger;
};

/**
 * Routes requests to HTTP functions by path and method (WebScriptHostHttpRoutesManager.cs). A method that a function
 * does not list does not return 405: its route does not match, and if no other route matches, the response is 404. A
 * key that does not open the function's `authLevel` gets a plain 401 (FunctionInvocationMiddleware.cs).
 */
export function openHttpRoutes(options: HttpRoutesOptions): HttpRoutes {
  const routes = withTrigger(options.functions, "httpTrigger")
    .map(({ name, trigger }) => buildRoute(name, trigger, options.routePrefix))
    .toSorted((one, other) => compareRoutes(one.template, other.template));

  return {
    functions: routes.map(({ name, route, methods }) => ({ name, route, methods })),
    respond(request) {
      for (const route of routes) {
        if (!route.methods.includes(request.method)) continue;
        const params = matchRoute(route.template, request.path);
        if (params !== undefined) return call(options, route, request, params);
      }
      return undefined;
    },
  };
}

type Route = HttpFunction & { template: RouteTemplate; requiredKey: KeyLevel };

function buildRoute(name: string, binding: Binding, routePrefix: string): Route {
  const own =
    typeof binding["route"] === "string" && binding["route"] !== "" ? binding["route"] : name;
  const route = [routePrefix, own.replace(/^\/+|\/+$/g, "")]
    .filter((part) => part !== "")
    .join("/");
  const methods = Array.isArray(binding["methods"]) ? binding["methods"] : [];
  return {
    name,
    route,
    methods: methods.map((method) => String(method).toUpperCase()),
    template: parseRoute(route),
    requiredKey: readAuthLevel(binding["authLevel"]),
  };
}

/** The library's default is "anonymous", and it accepts only three values. */
function readAuthLevel(authLevel: unknown): KeyLevel {
  const level = String(authLevel).toLowerCase();
  return level === "anonymous" || level === "admin" ? level : "function";
}

async function call(
  options: HttpRoutesOptions,
  route: Route,
  request: HostRequest,
  params: Record<string, string>,
): Promise<HostResponse> {
  const { logger, checkKey } = options;
  if (checkKey(request, route.requiredKey) !== "accepted") {
    return { status: 401, headers: {}, body: "" };
  }
  if (request.chunked && request.body.length > 0) {
    logger(
      "warning",
      "function",
      route.name,
      "The request's body is lost because it has no Content-Length: the Functions host passes on " +
        "only bodies of known length",
    );
  }
  const trigger: TypedData = buildRequestData(request, params);
  const outcome = await options.run({ functionName: route.name, trigger });
  // The response does not contain the error (ExceptionMiddleware.cs); the log does.
  if (!outcome.ok) return { status: 500, headers: {}, body: "" };
  return buildResponse(outcome.returnValue);
}
