import type { InstanceId } from "../copy/contract/ids.ts";
import type { CustomStatus } from "../copy/contract/custom-status.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import type { CopyInput } from "../copy/contract/activities.ts";

/**
 * A copy's instance as Durable stores it. `outcome` is its output; `at` is when it failed or was terminated (ISO 8601).
 */
export type CopyInstance = {
  id: InstanceId;
  copy: CopyInput;
  customStatus: CustomStatus | null;
  execution:
    /** A suspended instance continues, and receives its events, when an operator resumes it. */
    | { kind: "running"; isSuspended?: true }
    | { kind: "ended"; outcome: Outcome }
    | { kind: "broken"; at: string };
};
