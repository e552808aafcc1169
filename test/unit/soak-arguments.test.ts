import { describe, expect, test } from "vitest";
import { jobObjects, parseArguments } from "../soak/arguments.ts";

describe("the arguments of a soak", () => {
  test.each([
    { args: [], plan: { kind: "rounds", count: 1 } },
    { args: ["5"], plan: { kind: "rounds", count: 5 } },
    { args: ["90m"], plan: { kind: "time", ms: 5_400_000 } },
    { args: ["8h"], plan: { kind: "time", ms: 28_800_000 } },
    { args: ["job"], plan: { kind: "job", objects: jobObjects } },
    { args: ["job", "1000"], plan: { kind: "job", objects: 1_000 } },
    { args: ["job", "1000000"], plan: { kind: "job", objects: 1_000_000 } },
  ])("$args are $plan", ({ args, plan }) => {
    expect(parseArguments(args)).toEqual(plan);
  });

  test.each(
    ["0", "-5", "5s", "1.5h", "jobs", "", "5 6", "90m job", "job 999", "job 10000001"]
      .concat(["job 1,000,000", "job 1e6", "job 2000 2000", "job -2000", "1000000"])
      .map((text) => ({ text })),
  )("rejects $text and names the allowed arguments", ({ text }) => {
    const parse = () => parseArguments(text.split(" "));
    expect(parse).toThrow(
      `the arguments are not allowed: ${text}. Give a number of rounds such as 5`,
    );
    expect(parse).toThrow('a time such as 90m or 8h, or "job" and a number of objects');
    expect(parse).toThrow("from 1,000 to 10,000,000");
  });
});
