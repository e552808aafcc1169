import type { CopyState } from "../copy/copy-state.ts";
import type { Outcome } from "../copy/outcome.ts";
import type { CopyInput } from "../copy/steps.ts";

/** What Durable knows of a run: `state` is its custom status, `outcome` its output. */
export type CopyRun = {
  id: string;
  copy: CopyInput;
  state: CopyState | null;
  ending:
    | { kind: "running" }
    | { kind: "ended"; outcome: Outcome }
    | { kind: "broken"; at: string };
};
