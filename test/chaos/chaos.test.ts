import { expect, test } from "vitest";
import { chaosSeed, expectFloors, liveThroughChaos } from "../support/chaos/chaos-suite.ts";

/*
 * A thousand copies through Storage's trouble, strangers, aborts, wakes, and activities that run again,
 * in virtual time. Where something happens is counted in the requests that a copy makes in each phase,
 * so that a seed leads to the same schedule. What must hold stands in support/chaos-end.ts.
 */

test(`copies end in truth and leave nothing behind, whatever befalls them (CHAOS_SEED=${chaosSeed})`, async () => {
  const tally = await liveThroughChaos("none");
  expect(tally.copies).toBeGreaterThan(0);
  if (tally.isWhole) expectFloors(tally);
}, 600_000);
