import type { AccessPolicy } from "../../copy/routing/copy-access.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Notifications } from "../../notifications/notifications.ts";
import type { Seal } from "../../secrets/seal.ts";
import type { CopyClient, SasMint } from "../../storage/copy-client.ts";

/** The interfaces that the activities use. */
export type ActivityDependencies = {
  client: CopyClient;
  mint: SasMint;
  ledger: Ledger;
  seal: Seal;
  notifications: Notifications;
  /** The copies that are allowed now. */
  access: AccessPolicy;
  /** Epoch ms. */
  now(): EpochMs;
  /** Returns the id of one start attempt, or of one minted SAS. */
  newGuid(): string;
};
