import type { CopyEndpoints, CopyPlan, StartedCopy } from "../contract/activities.ts";
import type { ReadDestination } from "../contract/properties.ts";
import { hasOtherOptions } from "./has-other-options.ts";
import type { ShownOptions } from "./has-other-options.ts";
import { isCertainlyOurs, isOurs } from "./is-ours.ts";

/** The plans of the starts without a response; `options`: null if the request has none that the destination shows. */
export type Unanswered = { plans: readonly CopyPlan[]; options: ShownOptions | null };

/**
 * Returns the copy at the destination if it can be one that Ferry started under one of these plans without a response;
 * otherwise null. `seen`: the destination as it was read; null if it does not exist.
 */
export function recognizeCopy(
  { source }: Pick<CopyEndpoints, "source">,
  { plans, options }: Unanswered,
  seen: ReadDestination | null,
): StartedCopy | null {
  if (seen === null || seen.copy === null) return null;
  const plan = plans.find((each) => isOurs(each, source, seen));
  if (plan === undefined) return null;
  const { copy, shown } = seen;
  const isCertain = isCertainlyOurs(plan, source, copy);
  if (!isCertain && options !== null && hasOtherOptions(options, copy.status, shown)) return null;
  return { plan: { ...plan, found: true }, copyId: copy.copyId };
}
