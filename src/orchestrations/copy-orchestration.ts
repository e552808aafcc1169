import type { OrchestrationContext, Task } from "durable-functions";
import type { Outcome } from "../copy/contract/outcome.ts";
import { upgradeCopyInput } from "../copy/contract/activities.ts";
import type { CopyInput } from "../copy/contract/activities.ts";
import { beginCopy } from "./begin.ts";
import { followCopy } from "./follow.ts";
import { createCopyContext } from "./copy-context.ts";
import { finishCopy } from "./finish.ts";

/**
 * One copy, from its plan to its outcome: prepare → start → (wait → read | abort)* → settle. The story
 * is told here; each decision is a pure function in `copy/`, each deed an activity. Activities return
 * failures as values, and one that could not run counts as a failure that waiting may mend.
 */
export function* copyOrchestration(
  context: OrchestrationContext,
): Generator<Task, Outcome, unknown> {
  const run = createCopyContext(context, upgradeCopyInput(context.df.getInput<CopyInput>()));

  const begun = yield* beginCopy(run);
  if (begun.kind === "ended") return begun.outcome;
  const { plan } = begun;
  if (begun.kind === "not-started") {
    return yield* finishCopy(run, { plan, started: null, result: begun.result });
  }
  const { started, isPending } = begun;
  const result = yield* followCopy(run, started, { isPending });
  return yield* finishCopy(run, { plan, started, result });
}
