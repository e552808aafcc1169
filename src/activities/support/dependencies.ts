import type { ActivityInput } from "../../copy/contract/activities.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Notifications } from "../../notifications/notifications.ts";
import type { Seal } from "../../secrets/seal.ts";
import type { CopyClient, DestinationSide, SasMint, Side } from "../../storage/copy-client.ts";

/** What the activities work with. */
export type ActivityDependencies = {
  client: CopyClient;
  mint: SasMint;
  ledger: Ledger;
  seal: Seal;
  notifications: Notifications;
  now(): number;
  /** Names one run of an activity, or one minted SAS. */
  newGuid(): string;
};

export type Sides = { source: Side; destination: DestinationSide };

/**
 * Whether the start call itself may read the source. Only the app's identity reads both ends; a SAS on the
 * destination opens nothing else. Between a blob and a file nobody's power reaches ("Copy File").
 */
export function isSameAccount({ source, destination }: Sides): boolean {
  return (
    destination.sas === null &&
    source.endpoint.service === destination.endpoint.service &&
    source.endpoint.origin === destination.endpoint.origin &&
    source.endpoint.account === destination.endpoint.account
  );
}

/** Both ends with their SAS opened; the clear text lives no longer than the activity. */
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
