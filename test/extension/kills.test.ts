import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, inject, onTestFailed, test } from "vitest";
import { expectPromises } from "./scenarios/promises.ts";
import { shortVisibility } from "./support/crash-settings.ts";
import { startExtensionStack } from "./support/extension-stack.ts";
import { startPatiently, untilAllEnded, uploadMany } from "./support/many-copies.ts";
import { seededRandom } from "./support/random.ts";

const seeds = (process.env["EXTENSION_SEEDS"] ?? "1,2").split(",").map(Number);
const parts = [["host"], ["bridge"], ["host", "bridge"]] as const;

describe.concurrent("processes killed at random moments", () => {
  test.each(seeds)("keep every promise (EXTENSION_SEEDS=%i)", async (seed) => {
    const random = seededRandom(seed);
    const name = `kills-${seed}`;
    const hubStorage = inject("hubStorage");
    const stack = await startExtensionStack({ name, hubStorage, durable: shortVisibility });
    onTestFailed(() => console.error(stack.logs()));
    try {
      const copies = { source: "kills-source", target: "kills-target", count: 12, bytes: 600_000 };
      // 0 to 6 seconds each.
      stack.speeds.set(copies.target, { bytesPerSecond: 100_000 + random() * 900_000 });
      await uploadMany(stack, copies);

      const abortAccepted = new Set<string>();
      const began = Array.from({ length: copies.count }, async (_, number) => {
        const [startMs, abortMs, isAborted] = [random() * 8_000, random() * 3_000, random() < 0.3];
        await pause(startMs);
        const id = await startPatiently(stack, copies, number);
        if (isAborted) {
          await pause(abortMs);
          const response = await stack.abort(id).catch(() => null);
          if (response?.status === 202) abortAccepted.add(id);
        }
        return id;
      });
      for (let kills = 0; kills < 3; kills++) {
        await pause(1_000 + random() * 3_000);
        await stack.kill(...(parts[Math.floor(random() * parts.length)] ?? []));
        await pause(random() * 2_000);
        await stack.revive();
      }
      const ids = await Promise.all(began);
      // An instance that Durable failed because the bridge was down needs the watchdog.
      const ended = await untilAllEnded(stack, ids, 200_000, () => stack.runFunction("watchdog"));
      await expectPromises(stack, ended, copies.target);
      for (const copy of ended) {
        if (abortAccepted.has(copy.id)) {
          expect(copy.abortRequested, `an accepted abort: ${JSON.stringify(copy)}`).toBe(true);
        }
      }
    } finally {
      await stack.close();
    }
  });
});
