import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { buildPackage } from "../../infra/package/build-package.ts";
import { baselineCommit } from "../package/baseline.ts";
import { rebuildPackage } from "../package/rebuild.ts";
import { expectPromises } from "./scenarios/promises.ts";
import { startExtensionStack } from "./support/extension-stack.ts";
import type { ExtensionStack } from "./support/extension-stack.ts";
import { startPatiently, untilAllEnded, uploadMany } from "./support/many-copies.ts";
import { root } from "./support/processes/paths.ts";

/*
 * The package of the baseline is upgraded to the current one, backed out, and upgraded again, while copies are pending on
 * the real extension. A copy fails in its next turn if the code does not match its history.
 */

const copies = { source: "upgrade-source", target: "upgrade-target", count: 50, bytes: 100_000 };
const aborted = 5;

let folder: string;
let baseline: string;
let current: string;
let stack: ExtensionStack;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ferry-upgrade-"));
  baseline = join(folder, "baseline");
  rebuildPackage(baselineCommit, baseline);
  ({ directory: current } = await buildPackage({ root, backend: "storage", output: folder }));
}, 120_000);

afterAll(async () => {
  await stack?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Stops the processes as a deployment does, and starts the other package. */
async function deploy(directory: string): Promise<void> {
  await stack.stop();
  stack.useBuild(directory);
  await stack.revive();
}

/** Wakes each copy, and waits until Ferry has read it: each history then has a turn on the deployed package. */
async function readEach(ids: readonly string[]): Promise<void> {
  const reads = async (id: string) => Number((await stack.get(id)).statusReads);
  const before = new Map<string, number>();
  for (const id of ids) before.set(id, await reads(id));
  for (const id of ids) {
    const event = await stack.manage("POST", `instances/${id}/raiseEvent/wake`, { body: {} });
    expect(event.status).toBe(202);
  }
  for (const id of ids) {
    const isRead = async () => ((await reads(id)) > (before.get(id) ?? 0) ? true : null);
    await stack.until(`copy ${id} is read`, isRead, 120_000);
  }
}

test("50 running copies survive an upgrade from the baseline, a back-out and another upgrade", async () => {
  stack = await startExtensionStack({
    name: "upgrade",
    hubStorage: inject("hubStorage"),
    appDirectory: baseline,
    events: false,
  });
  onTestFailed(() => console.error(stack.logs()));
  stack.speeds.set(copies.target, { bytesPerSecond: 0 });
  await uploadMany(stack, copies);
  const numbers = Array.from({ length: copies.count }, (_, number) => number);
  const ids = await Promise.all(numbers.map((number) => startPatiently(stack, copies, number)));
  for (const id of ids) await stack.untilStatus(id, "copying", 180_000);

  await deploy(current);
  await readEach(ids);
  // An abort that Storage does not accept yet also survives the upgrade.
  const allow = stack.emulator.faults.add({
    operation: "AbortCopyBlob",
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  for (const id of ids.slice(0, aborted)) expect((await stack.abort(id)).status).toBe(202);
  await deploy(baseline);
  await readEach(ids);
  await deploy(current);
  allow();
  for (const number of numbers.slice(aborted)) {
    stack.emulator.copies.finish({ container: copies.target, blob: String(number) });
  }
  const ended = await untilAllEnded(stack, ids, 300_000);
  expect(ended.map(({ status }) => status)).toEqual(
    numbers.map((number) => (number < aborted ? "aborted" : "succeeded")),
  );
  await expectPromises(stack, ended, copies.target);
  expect(stack.begunAt).toHaveLength(copies.count);
  for (const id of ids) {
    const instance = await stack.manage("GET", `instances/${id}`);
    expect(instance.json.runtimeStatus, id).toBe("Completed");
  }
}, 900_000);
