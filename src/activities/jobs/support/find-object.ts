import { latest, plusMs } from "../../../copy/time.ts";
import type { EpochMs } from "../../../copy/time.ts";
import type { ObjectState, PlannedObject } from "../../../jobs/contract/page.ts";
import type { FoundDestination } from "../../../jobs/contract/storage.ts";
import { isOurs } from "../../../jobs/decisions/is-ours.ts";
import { isOfHolder } from "./held-stub.ts";
import { maxInFlightMs } from "./job-run.ts";
import type { JobRun } from "./job-run.ts";
import { observeCopy } from "./object-state.ts";
import type { PageRun } from "./page-run.ts";

/**
 * Returns the time after which no start by another run, and no start without a response, can arrive at Storage (epoch
 * ms); null if there is no such start. `states`: the states of the objects.
 */
export function fenceOf(page: PageRun, states: readonly (ObjectState | null)[]): EpochMs | null {
  let fence = page.othersUntil();
  for (const state of states) {
    if (state?.is !== "uncertain") continue;
    const until = plusMs(state.at, maxInFlightMs);
    fence = fence === null ? until : latest(fence, until);
  }
  return fence;
}

/**
 * Returns the state of the copy of an object that another run, or a start without a response, has started; null if the
 * destination shows none. `states`: the object's states, as the runs know them. `seen`: the destination as it was read;
 * null if it does not exist.
 */
export async function findOurs(
  run: JobRun,
  page: PageRun,
  {
    object,
    states,
    since,
  }: { object: PlannedObject; states: readonly (ObjectState | null)[]; since: EpochMs },
  seen: FoundDestination | null,
): Promise<ObjectState | null> {
  if (seen === null || seen.copy === null) return null;
  const until = fenceOf(page, states);
  if (until === null) return null;
  if (!isOurs(page.plan, run.record.input, object, { state: seen, until })) return null;
  const { copyId } = seen.copy;
  if (await isOfHolder(run, object, copyId)) return null;
  const { state, stubEtag } = observeCopy(
    run,
    page.plan,
    { object, copyId, since, found: true },
    seen,
  );
  // The stub of an unsuccessful copy is removed when the page is polled or aborted.
  return stubEtag === null ? state : { is: "pending", copyId, since, bytes: 0, found: true };
}
