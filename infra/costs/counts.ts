import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Requests to Storage, by the types that Storage bills. Deletes are free. */
export type Requests = {
  writes: number;
  reads: number;
  others: number;
  lists: number;
  deletes: number;
};

/** The operations that one copy needs. `turns`: executions of its orchestrator. */
export type CopyCounts = {
  requests: Requests;
  activities: number;
  timers: number;
  turns: number;
};

/**
 * The content of counts.json, which test/e2e/copies/request-kinds.test.ts writes. `finished`: the copy finishes in the
 * response to its start. `pending`: it does not; its polls are not counted. `routed`: like `finished`, but a route
 * starts the copy, with both of its events. `idleHour`: the timers, without a copy.
 */
export type Counts = {
  finished: CopyCounts;
  pending: CopyCounts;
  routed: CopyCounts;
  idleHour: { requests: Requests; executions: number };
};

export function readCounts(): Counts {
  // The test writes the shape of `Counts`.
  return JSON.parse(readFileSync(join(import.meta.dirname, "counts.json"), "utf8")) as Counts;
}
