import type { ActivityInput } from "../../copy/contract/activities.ts";
import type { DestinationSide, Side } from "../../storage/copy-client.ts";
import type { ActivityDependencies } from "./dependencies.ts";

export type Sides = { source: Side; destination: DestinationSide };

/**
 * Opens the SAS of both sides. An activity calls this once and passes the sides on, so that the clear text lives
 * no longer than the activity. Throws `UnsealError`.
 */
export function openSides(
  { seal }: ActivityDependencies,
  { instanceId, copy }: ActivityInput,
): Sides {
  const open = (sealed: string | null, field: "sourceSas" | "destinationSas") =>
    sealed === null ? null : seal.open(sealed, { instanceId, field });
  return {
    source: { endpoint: copy.source, sas: open(copy.sourceSas, "sourceSas") },
    destination: {
      endpoint: copy.destination,
      sas: open(copy.destinationSas, "destinationSas"),
      leaseId: copy.destinationLease ?? null,
    },
  };
}

/**
 * For activities that do not always call Storage: the first call opens the sides, and later calls return the same
 * ones. If there is no call, a missing key does not fail the activity.
 */
export function openSidesOnce(deps: ActivityDependencies, input: ActivityInput): () => Sides {
  let sides: Sides | null = null;
  return () => (sides ??= openSides(deps, input));
}
