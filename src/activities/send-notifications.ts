import { failure } from "../copy/contract/failure.ts";
import type { AnnounceStep, Announced, StepContext } from "../copy/contract/activities.ts";
import type { ActivityDeps } from "./support/dependencies.ts";
import { orTrouble, trouble } from "./support/storage-call.ts";

/**
 * Tells how the copy ended, to all that are still to be told; twice rather than never. The ledger keeps
 * that somebody is to be told until everybody was.
 */
export function announceCopy(
  deps: ActivityDeps,
  step: AnnounceStep,
  context: StepContext,
): Promise<Announced> {
  return orTrouble(() => announce(deps, step, context));
}

async function announce(
  { notices, ledger }: ActivityDeps,
  step: AnnounceStep,
  context: StepContext,
): Promise<Announced> {
  const { instanceId } = step;
  const targets = step.targets ?? notices.targets;
  const sent = await Promise.all(
    targets.map(async (target) => ({ target, ...(await notices.send(target, step)) })),
  );
  const refused = sent.filter((each) => !each.ok);
  if (refused.length === 0) {
    await ledger.untold.remove(instanceId);
    return { state: "announced" };
  }
  const reasons = refused.map(({ target, reason }) => `${target}: ${reason}`).join(", ");
  context.log(`Copy ${instanceId} has ended, and that could not be told now (${reasons})`);
  const retryAfter = refused.map(({ retryAfterSeconds }) => retryAfterSeconds ?? 0);
  const message = `Cannot tell how the copy ended now: ${reasons}`;
  return {
    ...trouble(failure("internal", message), Math.max(...retryAfter)),
    targets: refused.map(({ target }) => target),
  };
}
