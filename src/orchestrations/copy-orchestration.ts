import type { OrchestrationContext, Task } from "durable-functions";
import type { Outcome } from "../copy/outcome.ts";
import { copyInputOf } from "../copy/steps.ts";
import type { CopyInput } from "../copy/steps.ts";
import { beginCopy } from "./begin-copy.ts";
import { followCopy } from "./follow-copy.ts";
import { createRun } from "./run.ts";
import { settleCopy } from "./settle-copy.ts";

/**
 * One copy, from its plan to its outcome: prepare → start → (wait → read | abort)* → settle. The story
 * is told here; each decision is a pure function in `copy/`, each deed an activity. Activities return
 * failures as values, and one that could not run counts as a failure that waiting may mend.
 */
export function* copyOrchestration(
  context: OrchestrationContext,
): Generator<Task, Outcome, unknown> {
  const run = createRun(context, copyInputOf(context.df.getInput<CopyInput>()));

  const begun = yield* beginCopy(run);
  if (begun.kind === "ended") return begun.outcome;
  let started = begun.kind === "started" ? begun.started : null;
  let ending = begun.kind === "started" ? yield* followCopy(run, begun.started) : begun.ending;
  for (;;) {
    const settled = yield* settleCopy(run, { plan: begun.plan, started, ending });
    if (settled.state === "settled") return settled.outcome;
    started = settled.started; // a start whose answer was lost had begun a copy after all
    ending = yield* followCopy(run, started);
  }
}
