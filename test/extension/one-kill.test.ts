import { afterEach, expect, inject, onTestFailed, test } from "vitest";
import { expectPromises } from "./scenarios/promises.ts";
import { startExtensionStack } from "./support/extension-stack.ts";
import type { ExtensionStack } from "./support/extension-stack.ts";
import { killOnce } from "./support/one-kill.ts";

let stack: ExtensionStack;
afterEach(() => stack?.close());

/** Messages that the killed process held come back after host.json's minute; the rest is the copies' own time. */
const maxSettledMs = 120_000;

test("after one kill with 100 copies under way, the last ends within two minutes, and none is copied twice", async () => {
  stack = await startExtensionStack({
    name: "one-kill",
    hubStorage: inject("hubStorage"),
    polling: "host.json",
    events: false,
  });
  onTestFailed(() => console.error(stack.logs()));
  const copies = { source: "kill-source", target: "kill-target", count: 100, bytes: 200_000 };
  stack.speeds.set(copies.target, { bytesPerSecond: 10_000 }); // 20 seconds each
  const { ended, settledMs } = await killOnce(stack, copies, 280_000);
  expect(ended.map(({ status }) => status)).toEqual(ended.map(() => "succeeded"));
  expect(stack.begunAt).toHaveLength(copies.count);
  await expectPromises(stack, ended, copies.target);
  expect(Math.max(...settledMs)).toBeLessThan(maxSettledMs);
});
