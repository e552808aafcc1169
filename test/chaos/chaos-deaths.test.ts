import { expect, test } from "vitest";
import { phases } from "../support/chaos/chaos-plan.ts";
import { commitPoints } from "../support/chaos/chaos-run.ts";
import {
  chaosSeed,
  count,
  expectFloors,
  floor,
  liveThroughChaos,
} from "../support/chaos/chaos-suite.ts";

/*
 * Like chaos.test.ts, but the host also dies at some of its commits. The deaths are simulated: the same task hub is
 * opened again, while requests in flight still reach Storage.
 */

test(`every copy reports its true outcome although its host dies repeatedly (CHAOS_SEED=${chaosSeed})`, async () => {
  const tally = await liveThroughChaos("some");
  const byPoint: Record<string, number> = {};
  const byPhase: Record<string, number> = {};
  for (const death of tally.deaths) {
    count(byPoint, death.point);
    for (const phase of new Set(death.phases)) count(byPhase, phase);
  }
  console.table(byPoint);
  console.table(byPhase);
  if (!tally.isWhole) return;
  expectFloors(tally);
  for (const point of commitPoints) expect(byPoint[point] ?? 0, point).toBeGreaterThanOrEqual(1);
  for (const phase of phases)
    expect(byPhase[phase] ?? 0, phase).toBeGreaterThanOrEqual(floor(5, tally.copies));
}, 600_000);
