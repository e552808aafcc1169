import { afterAll, beforeAll, describe, expect, inject, onTestFailed, test } from "vitest";
import { calmScenarios } from "./scenarios/calm.ts";
import { playScenario } from "./scenarios/scenario.ts";
import { startExtensionStack } from "./support/extension-stack.ts";
import type { ExtensionStack } from "./support/extension-stack.ts";

let stack: ExtensionStack;
beforeAll(async () => {
  stack = await startExtensionStack({ name: "calm", hubStorage: inject("hubStorage") });
});
afterAll(() => stack?.close());

describe.concurrent("on the extension", () => {
  test.each(Object.entries(calmScenarios))("%s", async (name, scenario) => {
    onTestFailed(() => console.error(stack.logs()));
    expect(await playScenario(stack, name, scenario)).toEqual(scenario.expected);
  });
});
