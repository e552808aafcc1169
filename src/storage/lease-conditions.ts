import type { DestinationSide } from "./copy-client.ts";

/** The caller's lease on the destination, as a condition for the SDK. */
export function leaseConditions({ leaseId }: DestinationSide): { leaseId?: string } {
  return leaseId === null ? {} : { leaseId };
}
