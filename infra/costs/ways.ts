import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CopyCounts, Counts, Requests } from "./counts.ts";

/**
 * The operations that one copy needs, for one way to make it. `null`: there are none of this kind, or they were not
 * measured.
 */
export type Way = {
  name: string;
  requests: Requests;
  hub: { queue: number; table: number } | null;
  executions: number | null;
};

/** How often Ferry reads a copy that is pending for 60 seconds, on the real Durable extension. */
const pollsOfAMinute = 5;
const noRequests: Requests = { writes: 0, reads: 0, others: 0, lists: 0, deletes: 0 };
const blocksOfAGigabyte = 1024 / 8;

/**
 * The ways to copy a small blob, which finishes in the response to its start, and a large one: 1 GiB, for which Storage
 * needs 60 seconds. Each includes the read of the source, which Storage bills to the source's account if the accounts
 * differ.
 */
export function waysToCopy(counts: Counts, hub: Hub): Way[] {
  return [
    { ...ferry(counts.finished, 0), name: "Ferry, small", hub: hub.finished },
    { ...ferry(counts.pending, pollsOfAMinute), name: "Ferry, large", hub: hub.pending },
    { ...routed(counts.routed), name: "Ferry, small, by an event", hub: null },
    {
      name: "SDK loop, small",
      requests: { ...noRequests, writes: 1, reads: 1 },
      hub: null,
      executions: null,
    },
    {
      name: "SDK loop, large",
      requests: { ...noRequests, writes: 1, reads: 1, others: 60 / 15 },
      hub: null,
      executions: null,
    },
    {
      name: "AzCopy, small",
      requests: { ...noRequests, writes: 1, reads: 1 },
      hub: null,
      executions: null,
    },
    {
      name: "AzCopy, large",
      requests: { ...noRequests, writes: blocksOfAGigabyte + 1, reads: blocksOfAGigabyte },
      hub: null,
      executions: null,
    },
    {
      name: "Object replication",
      requests: { ...noRequests, writes: 1, reads: 1 },
      hub: null,
      executions: null,
    },
  ];
}

function ferry(counts: CopyCounts, polls: number): { requests: Requests; executions: number } {
  const { requests, activities, turns } = counts;
  return {
    requests: {
      ...requests,
      reads: requests.reads + 1, // by Storage, while it copies
      others: requests.others + polls,
    },
    // The HTTP function, the orchestrator's turns, and the activities. A poll is an activity and two turns.
    executions: 1 + turns + activities + 3 * polls,
  };
}

/** Instead of a request, Event Grid delivers two events: the source's, which starts the copy, and the destination's. */
function routed(counts: CopyCounts): Pick<Way, "requests" | "executions"> {
  const { requests, executions } = ferry(counts, 0);
  return { requests, executions: executions + 1 };
}

/** Operations of the task hub, without polling of its queues. */
export type Hub = {
  finished: { queue: number; table: number };
  pending: { queue: number; table: number };
  idleHour: number;
};

/** Reads the table of measured operations in src/orchestrations/README.md. Throws if it has a different form. */
export function readHub(): Hub {
  const page = join(import.meta.dirname, "../../src/orchestrations/README.md");
  const text = readFileSync(page, "utf8");
  if (!text.includes(`Pending 60 s, ${pollsOfAMinute} reads`))
    throw new Error(
      `Cannot use the hub's operations because they were not measured with ${pollsOfAMinute} reads`,
    );
  const row = (name: string) => {
    const line = text.split("\n").find((one) => one.startsWith(`| ${name} `)) ?? "";
    const numbers = line
      .split("|")
      .slice(2, 5)
      .map((cell) => Number(cell.replaceAll(/[*,\s]/g, "")));
    const [finished, pending, idleHour] = numbers;
    if (finished === undefined || pending === undefined || idleHour === undefined)
      throw new Error(`Cannot use the hub's operations because there is no row "${name}"`);
    return { finished, pending, idleHour };
  };
  const sum = (names: string[], column: "finished" | "pending") =>
    names.reduce((total, name) => total + row(name)[column], 0);
  const queue = ["queue put", "queue read that returns a message", "queue delete"];
  const table = ["table write; a batch is one", "table read"];
  return {
    finished: { queue: sum(queue, "finished"), table: sum(table, "finished") },
    pending: { queue: sum(queue, "pending"), table: sum(table, "pending") },
    idleHour: row("**sum with polling**").idleHour,
  };
}
