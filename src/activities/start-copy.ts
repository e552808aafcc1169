import { endpointUrl } from "../copy/endpoint.ts";
import { failure } from "../copy/failure.ts";
import { isOurs } from "../copy/plan.ts";
import type { PlannedStep, Started } from "../copy/steps.ts";
import type { Verdict } from "../copy/storage-answers.ts";
import { StorageRefusal } from "../storage/copy-client.ts";
import type { Side } from "../storage/copy-client.ts";
import { openSides, orTrouble, trouble, verdictOf } from "./deps.ts";
import type { ActivityDeps } from "./deps.ts";

/** The start is given up after this; Storage checks the source before it answers. */
const startTimeout = 30_000;
/** After this a start that was given up can no longer reach Storage. */
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
  const entry = { instanceId, run: deps.newRun(), until: deps.now() + startHorizon };
  if (!(await ledger.enterSlot(copy.destination, entry))) {
    const message = `Cannot start the copy as its slot is closed or taken: ${endpointUrl(copy.destination)}`;
    return { state: "failed", failure: failure("destination-busy", message) };
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
    await ledger.leaveSlot(copy.destination, entry);
    return { state: "started", started: { plan, copyId } };
  } catch (error) {
    const side = source;
    const action = `start the copy onto ${endpointUrl(copy.destination)}`;
    const verdict = verdictOf(error, deps, { call: "start", action, side });
    const found = await findOurs(deps, step, destination);
    // Without an answer the start may still be under way: it stays registered until its horizon.
    const answered = error instanceof StorageRefusal && error.answer.status !== 0;
    if (answered || found !== null) await ledger.leaveSlot(copy.destination, entry);
    return found ?? refused(verdict);
  }
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
