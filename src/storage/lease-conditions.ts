import type { DestinationSide } from "./copy-client.ts";

/** The lease under which a destination is written, as the SDK's conditions name it. */
export function leaseConditions({ leaseId }: DestinationSide): { leaseId?: string } {
  return leaseId === null ? {} : { leaseId };
}
