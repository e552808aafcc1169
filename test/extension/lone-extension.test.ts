import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { loneScenarios } from "./scenarios/lone.ts";
import { playScenario } from "./scenarios/scenario.ts";
import { startExtensionStack } from "./support/extension-stack.ts";
import type { ExtensionStack } from "./support/extension-stack.ts";

let stack: ExtensionStack;
beforeAll(async () => {
  stack = await startExtensionStack({ name: "lone", hubStorage: inject("hubStorage") });
});
afterAll(() => stack?.close());

test.each(Object.entries(loneScenarios))("on the extension: %s", async (name, scenario) => {
  onTestFailed(() => console.error(stack.logs()));
  expect(await playScenario(stack, name, scenario)).toEqual(scenario.expected);
});
