import { afterEach, expect, inject, onTestFailed, test } from "vitest";
import { expectPromises } from "./scenarios/promises.ts";
import { startExtensionStack } from "./support/extension-stack.ts";
import type { ExtensionStack } from "./support/extension-stack.ts";
import { startPatiently, untilAllEnded, uploadMany } from "./support/many-copies.ts";

let stack: ExtensionStack;
afterEach(() => stack?.close());

test("200 copies at the same time all succeed, and each is started once", async () => {
  stack = await startExtensionStack({ name: "many", hubStorage: inject("hubStorage") });
  onTestFailed(() => console.error(stack.logs()));
  const copies = { source: "many-source", target: "many-target", count: 200, bytes: 1_000 };
  stack.speeds.set(copies.target, { finishOnStart: "always" });
  await uploadMany(stack, copies);
  const numbers = Array.from({ length: copies.count }, (_, number) => number);
  const ids = await Promise.all(numbers.map((number) => startPatiently(stack, copies, number)));
  const ended = await untilAllEnded(stack, ids, 180_000);
  expect(ended.map(({ status }) => status)).toEqual(numbers.map(() => "succeeded"));
  expect(stack.begunAt).toHaveLength(copies.count);
  await expectPromises(stack, ended, copies.target);
});
