import { afterAll, beforeAll, describe, expect, inject, onTestFailed, test } from "vitest";
import { expectPromises } from "./scenarios/promises.ts";
import { startExtensionStack } from "./support/extension-stack.ts";
import type { ExtensionStack, ExtensionStackOptions } from "./support/extension-stack.ts";
import { startPatiently, untilAllEnded, uploadMany } from "./support/many-copies.ts";
import { otherBuild } from "./support/other-build.ts";

const copies = { source: "some-source", target: "some-target", count: 10, bytes: 1_000_000 };
const numbers = Array.from({ length: copies.count }, (_, number) => number);
/** Twenty seconds for each copy. */
const slowly = { bytesPerSecond: 50_000 };

describe.concurrent("running copies outlive", () => {
  test("a crash of one of two instances of the app", async () => {
    await withStack({ name: "two", pairs: 2 }, async (stack) => {
      const ids = await startAll(stack);
      await stack.wait(2_000);
      await stack.pairs[0]?.kill("host", "bridge");
      const ended = await untilAllEnded(stack, ids, 180_000, () => stack.runFunction("watchdog"));
      await expectPromises(stack, ended, copies.target);
      expect(ended.map(({ status }) => status)).toEqual(numbers.map(() => "succeeded"));
    });
  });

  test("a restart, and an upgrade of the app's code", async () => {
    await withStack({ name: "restart" }, async (stack) => {
      const ids = await startAll(stack);
      await stack.stop();
      await stack.revive();
      await stack.wait(3_000);
      stack.useBuild(await otherBuild("upgrade"));
      await stack.stop();
      await stack.revive();
      expect(stack.logs()).toContain("other build");
      const ended = await untilAllEnded(stack, ids, 180_000, () => stack.runFunction("watchdog"));
      await expectPromises(stack, ended, copies.target);
      expect(ended.map(({ status }) => status)).toEqual(numbers.map(() => "succeeded"));
    });
  });
});

describe("an instance that Durable failed because the bridge was down during its turn", () => {
  let stack: ExtensionStack;
  beforeAll(async () => {
    stack = await startExtensionStack({ name: "failed", hubStorage: inject("hubStorage") });
    stack.speeds.set(copies.target, { bytesPerSecond: 0 });
    await uploadMany(stack, { ...copies, count: 2 });
  });
  afterAll(() => stack?.close());

  test("is repaired, and its copy is shown with a warning until then", async () => {
    const id = await startPatiently(stack, copies, 0);
    const { copyId } = await stack.untilStatus(id, "copying");
    await failInstance(stack, id);
    expect(await stack.get(id)).toMatchObject({ status: "copying", copyId, abortRequested: false });
    expect((await stack.get(id)).warning).toEqual(expect.any(String));
    await stack.runFunction("watchdog");
    stack.emulator.copies.finish({ container: copies.target, blob: "0" });
    const copy = await stack.untilEnded(id);
    expect(copy.status).toBe("succeeded");
    await expectPromises(stack, [copy], copies.target);
  });

  test("keeps an abort that was accepted", async () => {
    const id = await startPatiently(stack, copies, 1);
    const { copyId } = await stack.untilStatus(id, "copying");
    const stop = stack.emulator.faults.add({
      operation: "AbortCopyBlob",
      do: { response: { status: 503, code: "ServerBusy" } },
    });
    expect((await stack.abort(id)).status).toBe(202);
    await stack.untilStatus(id, "aborting");
    await failInstance(stack, id);
    stop();
    expect(await stack.get(id)).toMatchObject({ status: "aborting", copyId, abortRequested: true });
    expect((await stack.get(id)).warning).toEqual(expect.any(String));
    await stack.runFunction("watchdog");
    const copy = await stack.untilEnded(id);
    expect(copy).toMatchObject({ status: "aborted", abortRequested: true });
    await expectPromises(stack, [copy], copies.target);
  });
});

async function withStack(
  options: Omit<ExtensionStackOptions, "hubStorage">,
  work: (stack: ExtensionStack) => Promise<void>,
): Promise<void> {
  const stack = await startExtensionStack({ ...options, hubStorage: inject("hubStorage") });
  onTestFailed(() => console.error(stack.logs()));
  try {
    await work(stack);
  } finally {
    await stack.close();
  }
}

/** Starts all copies, and waits until Storage works on each. */
async function startAll(stack: ExtensionStack): Promise<string[]> {
  stack.speeds.set(copies.target, slowly);
  await uploadMany(stack, copies);
  const ids = await Promise.all(numbers.map((number) => startPatiently(stack, copies, number)));
  for (const id of ids) {
    await stack.until("it has begun", async () =>
      (await stack.get(id)).copyId === null ? null : id,
    );
  }
  return ids;
}

/** Causes a turn while no bridge runs: the turn fails, and the orchestrator's state is lost. */
async function failInstance(stack: ExtensionStack, id: string): Promise<void> {
  const [pair] = stack.pairs;
  await pair?.kill("bridge");
  const instance = `${pair?.rpcUrl()}instances/${id}`;
  await fetch(`${instance}/raiseEvent/wake`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "null",
  });
  await stack.until("the instance has failed", async () => {
    const response = await fetch(instance);
    const { runtimeStatus } = (await response.json()) as { runtimeStatus: string };
    return runtimeStatus === "Failed" ? true : null;
  });
  await pair?.revive();
}
