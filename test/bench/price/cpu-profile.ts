import { readFileSync } from "node:fs";

/** A processor profile as Node writes it (Chrome DevTools Protocol, Profiler.Profile). Times in µs. */
export type CpuProfile = {
  nodes: readonly CpuNode[];
  samples: readonly number[];
  timeDeltas: readonly number[];
};

type CpuNode = {
  id: number;
  callFrame: { functionName: string; url: string };
  children?: readonly number[];
};

/** The parts of Ferry and of its platform, in the order of the table. */
export const groups = [
  "app",
  "packages: SDKs, durable-functions, zod",
  "local host",
  "local Durable engine",
  "emulator",
  "Node.js: sockets, HTTP, timers",
  "garbage collection",
  "the bench itself",
] as const;
export type Group = (typeof groups)[number];

/** The first pattern that matches a file decides. Files of Ferry are those of a build, or its sources. */
const files: readonly (readonly [RegExp, Group])[] = [
  [/\/node_modules\//, "packages: SDKs, durable-functions, zod"],
  [/\/test\/bench\/|^node:inspector/, "the bench itself"],
  [/\/(dist|src)\/local\/durable\//, "local Durable engine"],
  [/\/(dist|src)\/local\/storage\//, "emulator"],
  [/\/(dist|src)\/local\//, "local host"],
  [/\/dist\//, "app"],
];

export function readProfile(file: string): CpuProfile {
  return JSON.parse(readFileSync(file, "utf8")) as CpuProfile; // as the inspector returns it
}

/**
 * Returns the sampled milliseconds of each group. A function of Node, such as one of SQLite or a stream, counts for the nearest
 * caller that is in a file of a group. Functions that Node runs without such a caller form a separate group. Idle time
 * does not count.
 */
export function sumByGroup({ nodes, samples, timeDeltas }: CpuProfile): Map<Group, number> {
  const groupOfNode = new Map<number, Group | null>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const visit = (id: number, inherited: Group) => {
    const node = byId.get(id);
    if (node === undefined) return;
    const group = groupOfFrame(node, inherited);
    groupOfNode.set(id, group);
    for (const child of node.children ?? []) visit(child, group ?? inherited);
  };
  visit(nodes[0]?.id ?? 0, "Node.js: sockets, HTTP, timers");

  const milliseconds = new Map<Group, number>();
  for (const [index, id] of samples.entries()) {
    const group = groupOfNode.get(id);
    if (group === undefined || group === null) continue;
    milliseconds.set(group, (milliseconds.get(group) ?? 0) + (timeDeltas[index] ?? 0) / 1_000);
  }
  return milliseconds;
}

/** Returns null for idle time. */
function groupOfFrame({ callFrame }: CpuNode, inherited: Group): Group | null {
  if (callFrame.functionName === "(idle)") return null;
  if (callFrame.functionName === "(garbage collector)") return "garbage collection";
  return files.find(([pattern]) => pattern.test(callFrame.url))?.[1] ?? inherited;
}
