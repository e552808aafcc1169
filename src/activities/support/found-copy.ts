import type { CopyEndpoints, CopyPlan, StartedCopy } from "../../copy/contract/activities.ts";
import type { ReadDestination } from "../../copy/contract/properties.ts";
import { hasOtherOptions } from "../../copy/decisions/has-other-options.ts";
import type { ShownOptions } from "../../copy/decisions/has-other-options.ts";
import { isCertainlyOurs, isOurs } from "../../copy/decisions/is-ours.ts";
import { lockIdentityOf } from "../../copy/location/endpoint.ts";
import type { Destination } from "../../copy/location/endpoint.ts";
import type { ActivityDependencies } from "./dependencies.ts";

/** The plans of the starts without a response; `options`: null if the request has none that the destination shows. */
export type Unanswered = { plans: readonly CopyPlan[]; options: ShownOptions | null };

/**
 * Returns the copy at the destination if it can be the one that was started under one of these plans without a response;
 * otherwise null. `seen`: the destination as it was read; null if it does not exist.
 */
export async function recognizeCopy(
  deps: ActivityDependencies,
  { source, destination }: Pick<CopyEndpoints, "source" | "destination">,
  { plans, options }: Unanswered,
  seen: ReadDestination | null,
): Promise<StartedCopy | null> {
  if (seen === null || seen.copy === null) return null;
  const plan = plans.find((each) => isOurs(each, source, seen));
  if (plan === undefined) return null;
  const { copy, shown } = seen;
  if (!isCertainlyOurs(plan, source, copy)) {
    if (options !== null && hasOtherOptions(options, copy.status, shown)) return null;
    if (await isWithinJob(deps, destination)) return null;
  }
  return { plan: { ...plan, found: true }, copyId: copy.copyId };
}

/**
 * Returns true if a job that has not ended writes to a place that contains the destination. A copy that is found there
 * may belong to the job, because jobs hold no locks.
 */
export async function isWithinJob(
  { ledger }: ActivityDependencies,
  destination: Destination,
): Promise<boolean> {
  const identity = lockIdentityOf(destination);
  const active = await ledger.jobs.active.list();
  return active.some((job) => identity.startsWith(job.destination));
}
