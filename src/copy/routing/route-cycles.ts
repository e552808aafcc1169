/** What the check needs of a route. `start`: what its sources' and destinations' names begin with. */
export type Edge = {
  name: string;
  source: { account: string; container: string };
  sample: { destination: { service: string; account: string } };
  template: { container: string };
  start: { source: string; destination: string };
};

/**
 * Circles of routes, in words: one for each set of routes that may trigger each other for ever. Sound,
 * not exact: two places may overlap as soon as what one writes and what the other watches can begin
 * alike. Suffixes and globs behind their first wildcard count for nothing, and accounts are told apart
 * by their names alone, since one account has several hosts.
 */
export function findCycles(routes: readonly Edge[]): string[] {
  const circles: string[] = [];
  const told = new Set<Edge>();
  for (const route of routes) {
    if (told.has(route)) continue;
    const circle = pathBack(routes, route);
    if (circle === null) continue;
    for (const leg of circle) told.add(leg);
    circles.push(inWords(circle));
  }
  return circles;
}

/** Whether a copy that `first` made may be a new blob for `next`. Files tell of no events. */
function mayTrigger(first: Edge, next: Edge): boolean {
  const { destination } = first.sample;
  return (
    destination.service === "blob" &&
    destination.account === next.source.account &&
    first.template.container === next.source.container &&
    (first.start.destination.startsWith(next.start.source) ||
      next.start.source.startsWith(first.start.destination))
  );
}

/** The shortest way from a route to itself; null where there is none. */
function pathBack(routes: readonly Edge[], from: Edge): Edge[] | null {
  const cameFrom = new Map<Edge, Edge>();
  const queue = [from];
  for (const leg of queue) {
    for (const next of routes.filter((other) => mayTrigger(leg, other))) {
      if (next === from) return path(cameFrom, from, leg);
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, leg);
      queue.push(next);
    }
  }
  return null;
}

function path(cameFrom: ReadonlyMap<Edge, Edge>, from: Edge, last: Edge): Edge[] {
  const legs = [last];
  for (let leg = last; leg !== from;) {
    leg = cameFrom.get(leg) ?? from;
    legs.unshift(leg);
  }
  return legs;
}

function inWords(circle: readonly Edge[]): string {
  const names = [...circle, circle[0]].map((leg) => `"${leg?.name}"`).join(" → ");
  const places = circle.map(
    ({ name, sample, template, start }) =>
      `"${name}" writes to ${sample.destination.account}/${template.container}/${start.destination}…`,
  );
  const watches = circle.map(
    ({ name, source, start }) =>
      `"${name}" watches ${source.account}/${source.container}/${start.source}…`,
  );
  return `makes a circle: ${names} (${[...places, ...watches].join(", ")}); copies would go round in it for ever`;
}
