import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { parityCalls, untilStatus } from "./parity/calls.ts";
import type { Api } from "./parity/calls.ts";
import { knownDifferences } from "./parity/differences.ts";
import { ask, startLocalParityEngine, startRealParityEngine } from "./support/parity-engines.ts";
import type { ParityEngine } from "./support/parity-engines.ts";

let real: ParityEngine;
let local: ParityEngine;
beforeAll(async () => {
  [real, local] = await Promise.all([
    startRealParityEngine(inject("hubStorage")),
    startLocalParityEngine(),
  ]);
});
afterAll(() => Promise.all([real?.close(), local?.close()]));

const differing = new Map(knownDifferences.map((each) => [each.call, each]));

describe.concurrent("the management API responds as the extension does to", () => {
  const same = Object.entries(parityCalls).filter(([name]) => !differing.has(name));
  test.each(same)("%s", async (_, call) => {
    const [expected, actual] = await Promise.all([ask(real, call), ask(local, call)]);
    expect(actual).toEqual(expected);
  });
});

describe.concurrent("the list of known differences is true for", () => {
  test.each(knownDifferences.map((each) => [each.call, each] as const))(
    "%s",
    async (name, each) => {
      const call = parityCalls[name];
      if (call === undefined) throw new Error(`There is no call of this name: ${name}`);
      const [extension, ours] = await Promise.all([ask(real, call), ask(local, call)]);
      expect(extension).toMatchObject(each.extension);
      expect(ours).toMatchObject(each.local);
      expect(ours).not.toEqual(extension);
    },
  );
});

describe("timers are early by the same rule:", () => {
  test("a wait below a second does not wait", async () => {
    for (const api of [real, local]) expect(await earliest(api, 990)).toBeGreaterThan(300);
  });

  test("a wait of almost three seconds takes two", async () => {
    for (const api of [real, local]) {
      const earlyMs = await earliest(api, 2_990);
      expect(earlyMs).toBeGreaterThan(200);
      expect(earlyMs).toBeLessThanOrEqual(1_000);
    }
  });

  /** The maximum time (ms) by which a timer fired early, in several tries, because a busy machine is late. */
  async function earliest(api: Api, waitMs: number): Promise<number> {
    const tries = Array.from({ length: 5 }, async (_, index) => {
      const id = `timer-${waitMs}-${index}`;
      await api.manage("POST", `orchestrators/timer/${id}`, { body: waitMs });
      const { output } = (await untilStatus(api, id, "Completed")).json;
      return output.due - output.ranAt;
    });
    return Math.max(...(await Promise.all(tries)));
  }
});
