import { afterAll, beforeAll, expect, test } from "vitest";
import { calmScenarios } from "./scenarios/calm.ts";
import { loneScenarios } from "./scenarios/lone.ts";
import { playScenario } from "./scenarios/scenario.ts";
import { startLocalStack } from "./support/local-stack.ts";
import type { LocalStack } from "./support/local-stack.ts";

let stack: LocalStack;
beforeAll(async () => {
  stack = await startLocalStack();
});
afterAll(() => stack?.close());

test.each(Object.entries({ ...calmScenarios, ...loneScenarios }))(
  "on the local engine: %s",
  async (name, scenario) => {
    expect(await playScenario(stack, name, scenario)).toEqual(scenario.expected);
  },
);
