/** The part of a route that the check needs. `start`: the text at the beginning of its source and destination names. */
export type Edge = {
  name: string;
  source: { account: string; container: string };
  sample: { destination: { service: string; account: string } };
  template: { container: string };
  start: { source: string; destination: string };
};

/**
 * Finds cycles: one problem for each set of routes that could trigger each other forever. The check is
 * sound but not exact. It assumes that two routes overlap when the names that one writes and the names that
 * the other watches can begin with the same text. It ignores suffixes, and globs after their first wildcard.
 * It compares accounts only by name, because an account has several hosts.
 */
export function findCycles(routes: readonly Edge[]): string[] {
  const cycles: string[] = [];
  const reported = new Set<Edge>();
  for (const route of routes) {
    if (reported.has(route)) continue;
    const cycle = findCycleFrom(routes, route);
    if (cycle === null) continue;
    for (const edge of cycle) reported.add(edge);
    cycles.push(describeCycle(cycle));
  }
  return cycles;
}

/** Returns true if a copy by `first` may create a blob that `next` matches. Azure Files emits no events. */
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

/** The shortest path from a route to itself (breadth-first search); null when there is none. */
function findCycleFrom(routes: readonly Edge[], from: Edge): Edge[] | null {
  const previous = new Map<Edge, Edge>();
  const queue = [from];
  for (const edge of queue) {
    for (const next of routes.filter((other) => mayTrigger(edge, other))) {
      if (next === from) return pathTo(edge, previous, from);
      if (previous.has(next)) continue;
      previous.set(next, edge);
      queue.push(next);
    }
  }
  return null;
}

function pathTo(last: Edge, previous: ReadonlyMap<Edge, Edge>, from: Edge): Edge[] {
  const edges = [last];
  for (let edge = last; edge !== from;) {
    edge = previous.get(edge) ?? from;
    edges.unshift(edge);
  }
  return edges;
}

function describeCycle(cycle: readonly Edge[]): string {
  const names = [...cycle, cycle[0]].map((edge) => `"${edge?.name}"`).join(" → ");
  const places = cycle.map(
    ({ name, sample, template, start }) =>
      `"${name}" writes to ${sample.destination.account}/${template.container}/${shownStart(start.destination)}…`,
  );
  const watches = cycle.map(
    ({ name, source, start }) =>
      `"${name}" watches ${source.account}/${source.container}/${shownStart(start.source)}…`,
  );
  return `makes a cycle: ${names} (${[...places, ...watches].join(", ")}); these routes would trigger each other forever`;
}

/** The start of a name; empty if it may be a pasted secret. */
function shownStart(start: string): string {
  return /^[\w./-]{0,64}$/.test(start) ? start : "";
}
