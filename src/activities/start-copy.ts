import { endpointUrl } from "../copy/endpoint.ts";
import { failure } from "../copy/failure.ts";
import { isOurs } from "../copy/plan.ts";
import type { PlannedStep, Started } from "../copy/steps.ts";
import type { Verdict } from "../copy/storage-answers.ts";
import { StorageRefusal } from "../storage/copy-client.ts";
import type { Side } from "../storage/copy-client.ts";
import { openSides } from "./deps.ts";
import type { ActivityDeps } from "./deps.ts";
import { orTrouble, trouble, verdictOf } from "./trouble.ts";

/** The start is given up after this; Storage checks the source before it answers. */
const startTimeout = 30_000;
/** For what was sent just before it was given up. */
const startMargin = 15_000;
/** From the registration of a start: when it can no longer reach Storage. */
const startHorizon = 60_000;

/**
 * Starts the copy, conditional on what prepare saw. A second run fails its condition and recognises the
 * copy that the first began. The run is registered in the slot first: once settle has closed the slot,
 * a run that comes late starts nothing.
 */
export function startCopy(deps: ActivityDeps, step: PlannedStep): Promise<Started> {
  return orTrouble(() => start(deps, step));
}

async function start(deps: ActivityDeps, step: PlannedStep): Promise<Started> {
  const { client, ledger } = deps;
  const { copy, plan, instanceId } = step;
  const { source, destination } = openSides(deps, step);
  const entry = { instanceId, run: deps.newRun(), until: deps.now() + startHorizon, plan };
  const entered = await ledger.enterSlot(copy.destination, entry);
  if (entered.state === "started") {
    return { state: "started", started: { plan, copyId: entered.copyId } };
  }
  if (entered.state === "refused") {
    const message = `Cannot start the copy as its slot is closed or taken: ${endpointUrl(copy.destination)}`;
    return { state: "failed", failure: failure("destination-busy", message) };
  }

  if ((await ledger.outcome(instanceId)) !== null) {
    // A late run of prepare took the slot once more, and lost it to this run before it could free it.
    await ledger.releaseSlot(copy.destination, instanceId);
    const message = `Cannot start the copy as it has ended: ${instanceId}`;
    return { state: "failed", failure: failure("internal", message) };
  }
  if (deps.now() > entry.until - startTimeout - startMargin) {
    await ledger.leaveSlot(copy.destination, entry, null);
    return trouble(
      failure("internal", "Cannot start the copy now as the ledger answered too late"),
    );
  }

  try {
    const copyId = await client.start({
      source,
      destination,
      sourceEtag: plan.source.etag,
      destinationEtag: plan.destinationEtag,
      options: copy.options,
      signal: AbortSignal.timeout(startTimeout),
    });
    await ledger.leaveSlot(copy.destination, entry, copyId);
    return { state: "started", started: { plan, copyId } };
  } catch (error) {
    const side = source;
    const action = `start the copy onto ${endpointUrl(copy.destination)}`;
    const verdict = verdictOf(error, deps, { call: "start", action, side });
    const found = await findOurs(deps, step, destination);
    // Only a definite refusal says that nothing is under way; otherwise the start stays registered.
    const answered = error instanceof StorageRefusal && isDefinite(error.answer.status);
    const copyId = found?.state === "started" ? found.started.copyId : null;
    if (answered || copyId !== null) await ledger.leaveSlot(copy.destination, entry, copyId);
    return found ?? refused(verdict);
  }
}

/** A 5xx, a time-out or no answer at all does not say that Storage did nothing. */
function isDefinite(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408;
}

/** A start that was refused, or not answered, may have been preceded by one that worked. */
async function findOurs(
  deps: ActivityDeps,
  { copy, plan }: PlannedStep,
  destination: Side,
): Promise<Started | null> {
  try {
    const seen = await deps.client.readDestination(destination);
    if (seen === null || !isOurs(plan, copy.source, seen)) return null;
    return { state: "started", started: { plan, copyId: seen.copy?.copyId ?? "" } };
  } catch (error) {
    const action = `read the destination ${endpointUrl(copy.destination)}`;
    const verdict = verdictOf(error, deps, { call: "read-destination", action, side: destination });
    // Not knowing is no reason to give up: the start is tried again, and then this look.
    return verdict.kind === "transient"
      ? trouble(verdict.failure, verdict.retryAfterSeconds)
      : null;
  }
}

function refused(verdict: Verdict): Started {
  switch (verdict.kind) {
    case "transient":
      return trouble(verdict.failure, verdict.retryAfterSeconds);
    case "overtaken":
      return { state: "overtaken", failure: verdict.failure };
    case "permanent":
      return { state: "failed", failure: verdict.failure };
  }
}
