import type { EpochMs } from "../time.ts";
import { parseCopyRequest } from "../request/copy-request.ts";
import type { ParsedRequest } from "../request/copy-request.ts";
import type { Problem } from "../request/request-problem.ts";
import type { Destination } from "../location/endpoint.ts";
import { parseSource } from "../location/parse-endpoint.ts";
import type { Origins, ParsedEndpoint } from "../location/parse-endpoint.ts";
import { buildDestination, isRouted } from "./routes.ts";
import type { Route } from "./routes.ts";

export type RouteContext = {
  routes: readonly Route[];
  origins: Origins;
  /** The time for dates in templates (epoch ms). */
  at: EpochMs;
};

/** Parses a request body, which may have a `route` instead of a destination. Returns all problems. */
export function parseRoutedRequest(
  body: unknown,
  context: RouteContext,
): ParsedRequest & { route: string | null } {
  const { origins } = context;
  if (!isObject(body) || !("route" in body)) {
    return { ...parseCopyRequest(body, origins), route: null };
  }
  const { source: url } = body;
  const source = typeof url === "string" ? parseSource(url, origins) : undefined;
  const routed = addDestination(body, source, context);
  const { destination } = routed;
  const parsed = parseCopyRequest(routed.body, origins, {
    ...(source === undefined ? {} : { source }),
    ...(destination === undefined ? {} : { destination }),
  });
  if (parsed.ok && routed.problems.length === 0) return { ...parsed, route: routed.route };
  // The route built the destination, so its problems are problems of the route, reported once.
  const isReported = routed.problems.some(({ pointer }) => pointer === "/route");
  const others = (parsed.ok ? [] : parsed.problems).flatMap(({ pointer, message }): Problem[] => {
    if (pointer !== "/destination") return [{ pointer, message }];
    if (routed.route === null || isReported) return [];
    return [{ pointer: "/route", message: `leads to a destination that ${message}` }];
  });
  return { ok: false, problems: [...routed.problems, ...others], route: null };
}

/** The body with the route's destination and options. `route` is null when there is no destination. */
type RoutedBody = {
  body: object;
  destination?: ParsedEndpoint<Destination>;
  route: string | null;
  problems: Problem[];
};

function addDestination(
  { route: name, ...rest }: Record<string, unknown>,
  source: ParsedEndpoint | undefined,
  { routes, origins, at }: RouteContext,
): RoutedBody {
  const refused = (pointer: string, message: string): RoutedBody => ({
    body: rest,
    route: null,
    problems: [{ pointer, message }],
  });
  if ("destination" in rest) {
    return refused("/route", "cannot be combined with a destination: a route sets its own");
  }
  const route = routes.find((each) => each.name === name);
  if (route === undefined) return refused("/route", "is not a configured route");
  // The caller reports the problems of the source.
  if (source?.ok !== true) return { body: rest, route: null, problems: [] };
  if (!isRouted(route, source.endpoint)) {
    return refused("/source", `is not a blob that the route "${route.name}" matches`);
  }
  const { container, path } = source.endpoint;
  const { url, parsed, problems } = buildDestination(
    route.template,
    { container, path, at },
    origins,
  );
  const { options } = rest;
  const given = options === undefined ? {} : options;
  const merged = isObject(given) ? { ...route.options, ...given } : given;
  const overridden = route.fixedOptions.filter(
    (option) => isObject(given) && Object.hasOwn(given, option),
  );
  return {
    body: { ...rest, destination: url, options: merged },
    destination: parsed,
    route: route.name,
    problems: [
      ...problems.map(({ message }) => ({ pointer: "/route", message })),
      ...overridden.map((option) => ({
        pointer: `/options/${option}`,
        message: "is set by the route and cannot be overridden",
      })),
    ],
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
