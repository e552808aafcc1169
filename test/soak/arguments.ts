import { hour, minute } from "../../src/local/durations.ts";

export type SoakPlan =
  | { kind: "rounds"; count: number }
  | { kind: "time"; ms: number }
  | { kind: "job"; objects: number };

/** Objects of the job in each round, and of `job` without a number. */
export const jobObjects = 100_000;
/** Fewer do not fill a page for each tenth of the memory's readings; more have never been tried. */
const [minObjects, maxObjects] = [1_000, 10_000_000];

/** Reads the arguments of `npm run soak`. Throws an error that names the allowed arguments. */
export function parseArguments(args: readonly string[]): SoakPlan {
  const [first = "1", second] = args;
  const { amount, unit } = /^(?<amount>[1-9]\d{0,5})(?<unit>[mh]?)$/.exec(first)?.groups ?? {};
  if (args.length <= 1 && amount !== undefined) {
    if (unit === "") return { kind: "rounds", count: Number(amount) };
    return { kind: "time", ms: Number(amount) * (unit === "h" ? hour : minute) };
  }
  if (args.length <= 2 && first === "job") {
    const objects = /^\d+$/.test(second ?? `${jobObjects}`) ? Number(second ?? jobObjects) : 0;
    if (objects >= minObjects && objects <= maxObjects) return { kind: "job", objects };
  }
  const few = minObjects.toLocaleString("en-US");
  const many = maxObjects.toLocaleString("en-US");
  throw new Error(
    `Cannot soak because the arguments are not allowed: ${args.join(" ")}. Give a number of rounds such as 5, a time such as 90m or 8h, or "job" and a number of objects, without separators, from ${few} to ${many}, such as: job 1000000`,
  );
}
