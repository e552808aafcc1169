import type { InstanceId } from "../copy/contract/ids.ts";
import type { CustomStatus } from "../copy/contract/custom-status.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import type { CopyInput } from "../copy/contract/activities.ts";

/** A copy's instance as Durable stores it. `outcome` is its output; `broken` means failed or terminated, ISO 8601. */
export type CopyInstance = {
  id: InstanceId;
  copy: CopyInput;
  customStatus: CustomStatus | null;
  execution:
    | { kind: "running" }
    | { kind: "ended"; outcome: Outcome }
    | { kind: "broken"; at: string };
};
