import * as fc from "fast-check";
import { expect, test } from "vitest";
import { endpointUrl } from "../../../../src/copy/location/endpoint.ts";
import { onlyStorage, parseDestination } from "../../../../src/copy/location/parse-endpoint.ts";
import {
  isRouted,
  parseRoutes,
  parseRouteList,
  buildRoutedRequest,
} from "../../../../src/copy/routing/routes.ts";
import { parseRoutedRequest } from "../../../../src/copy/routing/request-along-route.ts";
import type { Route } from "../../../../src/copy/routing/routes.ts";
import { randomNames, randomRoutes } from "../../../support/requests/random-routes.ts";
import { cycles, safeShapes } from "../../../support/requests/safe-routes.ts";
import type { RouteEntry } from "../../../support/requests/safe-routes.ts";
import { epochMs } from "../../../../src/copy/time.ts";

const blob = (account: string, path: string) => `https://${account}.blob.core.windows.net/${path}`;
const films: RouteEntry = {
  name: "films",
  source: blob("acct1", "inbox"),
  destination: blob("acct2", "out/{path}"),
};
/** 2026-03-01T09:05Z */
const at = epochMs(Date.UTC(2026, 2, 1, 9, 5));

function read(...entries: unknown[]) {
  return parseRoutes(JSON.stringify(entries), onlyStorage);
}

function routes(...entries: RouteEntry[]): Route[] {
  const parsed = read(...entries);
  if (parsed.problems.length > 0) throw new Error(parsed.problems.join("; "));
  return parsed.routes;
}

/** The destination of a route for a blob's URL; null if it does not match. */
function destinationFor(route: Route, url: string): string | null {
  const parsed = parseDestination(url, onlyStorage);
  if (!parsed.ok || parsed.endpoint.service !== "blob" || !isRouted(route, parsed.endpoint)) {
    return null;
  }
  const { container, path } = parsed.endpoint;
  const copy = buildRoutedRequest(route, { source: url, container, path, at }, onlyStorage);
  return copy.ok ? endpointUrl(copy.request.destination) : null;
}

const [all] = routes(films) as [Route];

test.each<[RouteEntry["destination"], string, string]>([
  ["out/{path}", "inbox/a/film.mp4", "out/a/film.mp4"],
  ["out/{name}", "inbox/a/film.mp4", "out/film.mp4"],
  ["out/{ext}/{stem}", "inbox/a/film.tar.gz", "out/gz/film.tar"],
  ["out/{stem}.bak", "inbox/.profile", "out/.profile.bak"],
  ["{container}/{container}-{name}", "inbox/film.mp4", "inbox/inbox-film.mp4"],
  ["out/{year}/{month}/{day}/{hour}/{name}", "inbox/film.mp4", "out/2026/03/01/09/film.mp4"],
  ["out/a%20b%23/{name}", "inbox/100%25%3F.mp4", "out/a%20b%23/100%25%3F.mp4"],
  ["out/latest", "inbox/film.mp4", "out/latest"],
])("the template %s takes %s to %s", (template, source, destination) => {
  const [route] = routes({ ...films, destination: blob("acct2", template) });
  expect(route && destinationFor(route, blob("acct1", source))).toBe(blob("acct2", destination));
});

test("prefix, suffix and glob must all match, and do not overlap in a name", () => {
  const [route] = routes({ ...films, prefix: "ab", suffix: "bc", glob: "a*" });
  const hits = ["abbc", "ab-bc"].map(
    (name) => route && destinationFor(route, blob("acct1", `inbox/${name}`)),
  );
  expect(hits).not.toContain(null);
  for (const name of ["abc", "ab/bc", "xabbc", "abbcx", "Abbc"]) {
    expect(route && destinationFor(route, blob("acct1", `inbox/${name}`)), name).toBeNull();
  }
});

test("a route does not match another account, container or endpoint", () => {
  for (const url of [
    blob("acct2", "inbox/a"),
    blob("acct1", "inbox2/a"),
    blob("acct1-secondary", "inbox/a"),
  ]) {
    expect(destinationFor(all, url), url).toBeNull();
  }
});

test("a name that a URL would normalize is rejected where it would be produced", () => {
  const [route] = routes({ ...films, destination: blob("acct2", "out/{stem}/{name}") });
  expect(route && destinationFor(route, blob("acct1", "inbox/..a%2Fb"))).not.toBeNull();
  expect(route && destinationFor(route, blob("acct1", "inbox/...x"))).toBeNull(); // "out/../...x"
  const message = 'results in a name with "." or ".." as a part';
  const source = blob("acct1", "inbox/...x");
  const context = { routes: route === undefined ? [] : [route], origins: onlyStorage, at };
  expect(parseRoutedRequest({ source, route: "films" }, context)).toEqual({
    ok: false,
    route: null,
    problems: [{ pointer: "/route", message }],
  });
  const named = { container: "inbox", path: "...x", at };
  expect(route && buildRoutedRequest(route, { source, ...named }, onlyStorage)).toEqual({
    ok: false,
    problems: [{ pointer: "/destination", message }],
  });
});

test("a template that would build a name with a trailing dot is rejected", () => {
  const [route] = routes({ ...films, destination: blob("acct2", "out/{stem}") });
  expect(route && destinationFor(route, blob("acct1", "inbox/a.b.mp4"))).toBe(
    blob("acct2", "out/a.b"),
  );
  const source = blob("acct1", "inbox/a..mp4"); // "out/a."
  const message = 'results in a name with "." at the end of a part, which Storage removes';
  const context = { routes: route === undefined ? [] : [route], origins: onlyStorage, at };
  expect(parseRoutedRequest({ source, route: "films" }, context)).toEqual({
    ok: false,
    route: null,
    problems: [{ pointer: "/route", message }],
  });
  const named = { container: "inbox", path: "a..mp4", at };
  expect(route && buildRoutedRequest(route, { source, ...named }, onlyStorage)).toEqual({
    ok: false,
    problems: [{ pointer: "/destination", message }],
  });
});

test.each<[string, Partial<RouteEntry>]>([
  ["destination", { destination: blob("acct2", "out/a./{path}") }],
  ["destination", { destination: blob("acct2", "out/{stem}.") }],
  ["source", { suffix: "." }],
  ["source", { prefix: "2026./" }],
])("a route whose %s would always have a part that ends in a dot is rejected", (field, change) => {
  expect(read({ ...films, ...change }).problems).toContainEqual(
    expect.stringMatching(new RegExp(`^\\[0\\]\\.${field} .*"\\." at the end of a part`)),
  );
});

test("a template with {stem}.{ext} is accepted, and builds no destination for a blob without an extension", () => {
  const [route] = routes({ ...films, destination: blob("acct2", "out/{stem}.{ext}") });
  expect(route && destinationFor(route, blob("acct1", "inbox/film.mp4"))).toBe(
    blob("acct2", "out/film.mp4"),
  );
  expect(route && destinationFor(route, blob("acct1", "inbox/film"))).toBeNull();
});

test("a route that replaces copies of other clients needs the word `replace`", () => {
  const replacing = { ...films, options: { ifBusy: "replace" } };
  expect(read(replacing).problems).toEqual([
    '[0].options.ifBusy needs "replace" in the "allow" list of the route',
  ]);
  expect(read({ ...replacing, allow: ["replace"] }).problems).toEqual([]);
});

test("a route's options are those of a request, with overwrite and wait as defaults", () => {
  expect(all.sample.options).toMatchObject({ overwrite: "always", ifBusy: "wait" });
  const [route] = routes({ ...films, options: { overwrite: "skip", tier: "Cool" } });
  expect(route?.sample.options).toMatchObject({ overwrite: "skip", ifBusy: "wait", tier: "Cool" });
});

test("all problems of all routes are reported together, each with its position", () => {
  const { problems } = read(
    { ...films, name: "1 film", destination: "out/{path}", extra: 1 },
    { ...films, source: blob("acct1", "inbox/folder"), destination: blob("acct2", "out/{nane}/{") },
    { ...films, glob: "[a]", options: { overwrite: "never", tiers: "Hot" } },
    { ...films, name: "b", prefix: "a/", glob: "b/*", destination: blob("acct2", "{year}/x") },
    { ...films, source: "https://example.org/inbox" },
    "films",
    { name: "c" },
    { ...films, name: "b", destination: blob("acct2", "out//{path}?sig=x") },
  );
  for (const problem of [
    /^\[0\]\.name must be/,
    /^\[0\]\.extra is not a field/,
    /^\[0\]\.destination is not an absolute URL/,
    /^\[1\]\.source must be a container's URL/,
    /^\[2\]\.glob has "\["/,
    /^\[2\]\.options\.overwrite/,
    /^\[2\]\.options\.tiers is not a field/,
    /^\[3\]\.destination has a variable before the blob's name/,
    /^\[4\]\.source has the host "example\.org"/,
    /^\[5\] must be of the type/,
    /^\[6\]\.source is missing/,
    /^\[6\]\.destination is missing/,
    /^\[7\]\.destination has "\?"/,
    /^\[7\]\.destination has "\/\/"/,
    /^has more than one route called "films"/,
    /^has more than one route called "b"/,
  ]) {
    expect(problems).toContainEqual(expect.stringMatching(problem));
  }
  expect(read({ ...films, destination: blob("acct2", "out/{nane}/{") }).problems).toEqual([
    expect.stringMatching(/^\[0\]\.destination has \{nane\}, which is not one of \{container\} /),
    "[0].destination has an unbalanced brace",
  ]);
  expect(read({ ...films, prefix: "a/", glob: "b/*" }).problems).toEqual([
    "[0].glob and prefix cannot match the same name",
  ]);
  expect(parseRoutes("{}", onlyStorage).problems).toEqual([
    expect.stringMatching(/^must be a JSON list of routes: \[\{ "name"/),
  ]);
});

test("there are at least twenty safe shapes, and each is accepted", () => {
  expect(Object.keys(safeShapes).length).toBeGreaterThanOrEqual(20);
  for (const [shape, entries] of Object.entries(safeShapes)) {
    expect(read(...entries).problems, shape).toEqual([]);
  }
});

test.each(Object.entries(cycles))("a cycle is rejected and printed: %s", (_, entries) => {
  const { routes: none, problems } = read(...entries);
  expect(none).toEqual([]);
  expect(problems).toHaveLength(1);
  const names = [...entries, entries[0]].map((entry) => `"${entry?.name}"`).join(" → ");
  expect(problems[0]).toContain(`makes a cycle: ${names} (`);
});

const graphs = randomRoutes(blob);

/** Simulates every chain of routes that a blob can trigger; true if a chain contains a route twice. */
function hasCycle(graph: readonly Route[], url: string, behind: readonly Route[] = []): boolean {
  return graph.some((route) => {
    const next = destinationFor(route, url);
    if (next === null) return false;
    return behind.includes(route) || hasCycle(graph, next, [...behind, route]);
  });
}

test(
  "a graph of routes in which a copy would trigger its own route is rejected",
  { timeout: 60_000 },
  () => {
    const met = { accepted: 0, rejected: 0, round: 0 };
    fc.assert(
      fc.property(graphs, (entries) => {
        const parsed = read(...entries);
        const isAccepted = parsed.problems.length === 0;
        // Also simulate rejected graphs, to prove that the simulation finds cycles.
        const graph = parseRouteList(JSON.stringify(entries), onlyStorage).routes;
        const round = ["acct1", "acct2"].some((account) =>
          ["xxx", "yyy"].some((container) =>
            randomNames.some((name) => hasCycle(graph, blob(account, `${container}/${name}`))),
          ),
        );
        met[isAccepted ? "accepted" : "rejected"]++;
        if (round) met.round++;
        expect(isAccepted && round ? entries : null).toBeNull();
      }),
      { numRuns: 1_500 },
    );
    expect(met.accepted).toBeGreaterThan(200);
    expect(met.round).toBeGreaterThan(50);
  },
);
