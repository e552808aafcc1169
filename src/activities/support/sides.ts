import type { ActivityInput } from "../../copy/contract/activities.ts";
import type { SealedPlace } from "../../secrets/seal.ts";
import type { DestinationSide, Side } from "../../storage/copy-client.ts";
import type { ActivityDependencies } from "./dependencies.ts";

/**
 * The two sides of a copy. Each call opens the SAS of that side, and throws `UnsealError` if its key is missing. An
 * activity calls only the side that it uses, so that a missing key does not block steps that do not need it.
 */
export type Sides = { source: () => Side; destination: () => DestinationSide };

/** Returns the sides of the activity's copy. Each SAS is opened at most once, and only within the activity. */
export function openSides(
  { seal }: ActivityDependencies,
  { instanceId, copy }: ActivityInput,
): Sides {
  const open = (sealed: string | null, place: Pick<SealedPlace, "field" | "endpoint">) =>
    sealed === null ? null : seal.open(sealed, { instanceId, ...place });
  const { source: from, destination: to } = copy;
  let source: Side | null = null;
  let destination: DestinationSide | null = null;
  return {
    source: () =>
      (source ??= {
        endpoint: from,
        sas: open(copy.sourceSas, { field: "sourceSas", endpoint: from }),
      }),
    destination: () =>
      (destination ??= {
        endpoint: to,
        sas: open(copy.destinationSas, { field: "destinationSas", endpoint: to }),
        leaseId: copy.destinationLease ?? null,
      }),
  };
}
