import type { CustomStatus } from "../copy/contract/custom-status.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import type { CopyInput } from "../copy/contract/activities.ts";

/** What Durable knows of a run: `state` is its custom status, `outcome` its output. */
export type CopyInstance = {
  id: string;
  copy: CopyInput;
  customStatus: CustomStatus | null;
  execution:
    | { kind: "running" }
    | { kind: "ended"; outcome: Outcome }
    | { kind: "broken"; at: string };
};
