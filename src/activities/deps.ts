import type { CopyStep } from "../copy/steps.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Seal } from "../secrets/seal.ts";
import type { CopyClient, Side } from "../storage/copy-client.ts";

/** What the activities work with. */
export type ActivityDeps = {
  client: CopyClient;
  ledger: Ledger;
  seal: Seal;
  now(): number;
  /** A new name for one run of an activity. */
  newRun(): string;
};

/** Both ends with their SAS opened; the clear text lives no longer than the activity. */
export function openSides(
  { seal }: ActivityDeps,
  { instanceId, copy }: CopyStep,
): { source: Side; destination: Side } {
  const open = (sealed: string | null, field: "sourceSas" | "destinationSas") =>
    sealed === null ? null : seal.open(sealed, { instanceId, field });
  return {
    source: { endpoint: copy.source, sas: open(copy.sourceSas, "sourceSas") },
    destination: { endpoint: copy.destination, sas: open(copy.destinationSas, "destinationSas") },
  };
}
