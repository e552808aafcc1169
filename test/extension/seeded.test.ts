import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { parityCalls } from "./parity/calls.ts";
import { knownDifferences } from "./parity/differences.ts";
import { seededDifferences } from "./seeded/seeded-differences.ts";
import { withDifference } from "./seeded/seeded-project.ts";
import { ask, startLocalParityEngine, startRealParityEngine } from "./support/parity-engines.ts";
import type { ParityEngine } from "./support/parity-engines.ts";

let real: ParityEngine;
beforeAll(async () => {
  real = await startRealParityEngine(inject("hubStorage"));
});
afterAll(() => real?.close());

describe("the parity suite notices that", () => {
  test.each(seededDifferences)("$what", async (difference) => {
    const call = parityCalls[difference.call];
    if (call === undefined) throw new Error(`There is no call of this name: ${difference.call}`);
    expect(knownDifferences.map((each) => each.call)).not.toContain(difference.call);
    const seeded = await withDifference(difference, async (project) => {
      const local = await startLocalParityEngine(project);
      const response = await ask(local, call).finally(() => local.close());
      return response;
    });
    // parity.test.ts shows that both are equal without the difference.
    expect(seeded).not.toEqual(await ask(real, call));
  });
});
