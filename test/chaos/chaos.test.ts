import { expect, test } from "vitest";
import { chaosSeed, expectFloors, liveThroughChaos } from "../support/chaos/chaos-suite.ts";

/*
 * More than a thousand copies (at full size) in virtual time, with Storage errors, other writers, aborts, wakes and
 * repeated activities. Each interference is scheduled by the number of requests that a copy has made in a phase, so a
 * seed always produces the same schedule. support/chaos/chaos-end.ts checks each copy.
 */

test(`every copy reports its true outcome and leaves nothing behind (CHAOS_SEED=${chaosSeed})`, async () => {
  const tally = await liveThroughChaos("none");
  expect(tally.copies).toBeGreaterThan(0);
  if (tally.isWhole) expectFloors(tally);
}, 600_000);
