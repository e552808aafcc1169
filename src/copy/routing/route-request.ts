import { parseCopyRequest } from "../request/copy-request.ts";
import type { ParsedRequest } from "../request/copy-request.ts";
import type { Problem } from "../request/request-problem.ts";
import { parseSource } from "../location/parse-endpoint.ts";
import type { Origins } from "../location/parse-endpoint.ts";
import { isRouted, routedDestination } from "./routes.ts";
import type { Route } from "./routes.ts";

export type RouteContext = {
  routes: readonly Route[];
  origins: Origins;
  /** What dates in a template are taken from, epoch ms. */
  at: number;
};

/** Reads a request body, which may name a `route` instead of a destination. */
export function parseRoutedRequest(
  body: unknown,
  context: RouteContext,
): ParsedRequest & { route: string | null } {
  const { origins } = context;
  if (!isObject(body) || !("route" in body)) {
    return { ...parseCopyRequest(body, origins), route: null };
  }
  const named = withDestination(body, context);
  const parsed = parseCopyRequest(named.body, origins);
  if (parsed.ok && named.problems.length === 0) return { ...parsed, route: named.route };
  // What is wrong with a destination that nobody wrote is wrong with the route.
  const others = (parsed.ok ? [] : parsed.problems).flatMap(({ pointer, message }): Problem[] => {
    if (pointer !== "/destination") return [{ pointer, message }];
    return named.route === null ? [] : [{ pointer: "/route", message: `leads to what ${message}` }];
  });
  return { ok: false, problems: [...named.problems, ...others], route: null };
}

/** A request body with a destination in it, and the route that named it; null where none could. */
type Named = { body: object; route: string | null; problems: Problem[] };

function withDestination(
  { route: name, ...rest }: Record<string, unknown>,
  { routes, origins, at }: RouteContext,
): Named {
  const refused = (pointer: string, message: string): Named => ({
    body: rest,
    route: null,
    problems: [{ pointer, message }],
  });
  if ("destination" in rest) {
    return refused("/route", "cannot stand beside a destination: a route names its own");
  }
  const route = routes.find((each) => each.name === name);
  if (route === undefined) return refused("/route", "is none of this app's routes");
  const { source, options } = rest;
  const parsed = typeof source === "string" ? parseSource(source, origins) : null;
  // Parsed again with everything else, which then says what is wrong with it.
  if (parsed?.ok !== true) return { body: rest, route: null, problems: [] };
  if (!isRouted(route, parsed.endpoint)) {
    return refused("/source", `is not a blob that the route "${route.name}" is for`);
  }
  const { container, path } = parsed.endpoint;
  const { url, problems } = routedDestination(route.template, { container, path, at }, origins);
  const given = options === undefined ? {} : options;
  const merged = isObject(given) ? { ...route.options, ...given } : given;
  const contrary = route.said.filter((option) => isObject(given) && Object.hasOwn(given, option));
  return {
    body: { ...rest, destination: url, options: merged },
    route: route.name,
    problems: [
      ...problems.map(({ message }) => ({ pointer: "/route", message })),
      ...contrary.map((option) => ({
        pointer: `/options/${option}`,
        message: "is the route's to say",
      })),
    ],
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
