import { isoDate } from "../copy/time.ts";
import { endpointUrl, isOntoItself } from "../copy/location/endpoint.ts";
import { failure } from "../copy/contract/failure.ts";
import { decide, skipOvertaken } from "../copy/decisions/plan.ts";
import type { Decision } from "../copy/decisions/plan.ts";
import type { CopyInput, CopyStep, Prepared, PrepareStep } from "../copy/contract/activities.ts";
import type { Trouble } from "../copy/contract/copy-status.ts";
import { StorageRefusal } from "../storage/copy-client.ts";
import type { DestinationSide } from "../storage/copy-client.ts";
import { openSides } from "./support/dependencies.ts";
import type { ActivityDeps, Sides } from "./support/dependencies.ts";
import { keepFormer } from "./support/rollback.ts";
import { readSource } from "./support/source-access.ts";
import { holdSource, releaseSource } from "./support/source-lease.ts";
import { orTrouble, trouble, verdictOf } from "./support/storage-call.ts";
import type { Verdict } from "../copy/decisions/storage-errors.ts";

/** Takes the destination's slot, reads both ends, and decides what is to be done. */
export function prepareCopy(deps: ActivityDeps, step: PrepareStep): Promise<Prepared> {
  return orTrouble(() => prepare(deps, step));
}

async function prepare(deps: ActivityDeps, step: PrepareStep): Promise<Prepared> {
  const { ledger } = deps;
  const { copy, instanceId } = step;
  const slot = await ledger.takeSlot(instanceId, copy);
  // Asked after the slot was taken: a late run of an ended copy must not leave a slot behind.
  const outcome = await ledger.outcome(instanceId);
  if (outcome !== null) {
    await ledger.releaseSlot(copy.destination, instanceId);
    // Nor a lease, which one before it took and died.
    const released = await releaseSource(deps, step);
    return released.state === "trouble" ? released : { state: "ended", outcome };
  }
  const sides = openSides(deps, step);
  if (!slot.held) {
    return (await overtakenMeanwhile(deps, step, sides)) ?? heldBy(slot.holder, copy);
  }

  const decision = await lookAndReplace(deps, step, sides);
  if (decision.state !== "planned") return decision;
  const refusal = await holdSource(deps, step);
  if (refusal !== null) return refusal;
  if (copy.options.rollback === "off") return decision;
  const kept = await keepFormer(deps, step, { plan: decision.plan, ...sides });
  if (kept.state !== "kept") return kept;
  const { snapshot } = kept.plan;
  // A failure must not eat the source: it is copied onto itself from what was kept of it.
  return isOntoItself(copy.source, copy.destination) && snapshot !== undefined
    ? { state: "planned", plan: { ...kept.plan, source: { ...kept.plan.source, snapshot } } }
    : { state: "planned", plan: kept.plan };
}

/** What was overtaken need not wait for its turn. A source that cannot be read now is read when it comes. */
async function overtakenMeanwhile(
  deps: ActivityDeps,
  { copy, awaited }: PrepareStep,
  sides: Sides,
): Promise<Prepared | null> {
  if (copy.event === undefined) return null;
  try {
    const { seen } = await readSource(deps, copy, sides);
    return seen === null ? null : skipOvertaken({ ...copy, awaited }, seen);
  } catch (error) {
    if (error instanceof StorageRefusal) return null;
    throw error;
  }
}

/** Decides; where a copy that is not ours is to make room, aborts it and decides anew. */
async function lookAndReplace(
  deps: ActivityDeps,
  step: PrepareStep,
  sides: Sides,
): Promise<Exclude<Prepared, { state: "ended" }>> {
  const { ledger } = deps;
  const { copy, instanceId } = step;
  const decision = await look(deps, step, sides);
  if (decision.state !== "replace") return decision;
  // Read after the look: had the copy it showed been ours, its start would stand in the slot. A run
  // of this activity that comes late must not abort the copy that its own orchestration began.
  if ((await ledger.slotUse(copy.destination, instanceId)) !== "unused") return decision.otherwise;
  const { copyId } = decision;
  const refusal = await abortOther(deps, step, { destination: sides.destination, copyId });
  if (refusal !== null) return refusal;
  const afterwards = await look(deps, step, sides);
  return afterwards.state === "replace" ? afterwards.otherwise : afterwards;
}

/** Another copy of this app writes to the destination; nobody but its own callers may abort it. */
function heldBy(holder: string, { destination, options }: CopyInput): Prepared {
  const message = `Cannot copy onto the destination as copy ${holder} of this app writes to it: ${endpointUrl(destination)}`;
  const reason = failure("destination-busy", message);
  if (options.ifBusy === "fail") return { state: "failed", failure: reason };
  const waitsFor = `Waits for copy ${holder} of this app, which writes to the destination`;
  return { state: "busy", end: "destination", waitsFor, failure: reason };
}

/** Reads both ends and decides. */
async function look(
  deps: ActivityDeps,
  { copy, awaited }: PrepareStep,
  { source, destination }: Sides,
): Promise<Decision | Trouble> {
  const { client } = deps;
  const [sourceSeen, destinationSeen] = await Promise.allSettled([
    readSource(deps, copy, { source, destination }),
    client.readDestination(destination, { ifTags: copy.options.destinationConditions?.ifTags }),
  ]);
  if (sourceSeen.status === "rejected") {
    const action = `read the source ${endpointUrl(copy.source)}`;
    return refused(
      verdictOf(sourceSeen.reason, deps, { call: "read-source", action, side: source }),
    );
  }
  if (destinationSeen.status === "rejected") {
    const action = `read the destination ${endpointUrl(copy.destination)}`;
    const call = "read-destination";
    return refused(verdictOf(destinationSeen.reason, deps, { call, action, side: destination }));
  }
  const { seen, minted } = sourceSeen.value;
  const decision = decide({ ...copy, awaited }, seen, destinationSeen.value);
  if (decision.state !== "planned") return decision;
  const plannedAt = isoDate(deps.now());
  return {
    state: "planned",
    plan: { ...decision.plan, plannedAt, ...(minted === null ? {} : { minted }) },
  };
}

/**
 * Aborts a copy that is not ours, by its own copyId: Storage refuses where by now another one is
 * pending ("Abort Copy Blob", 409). Whatever 409 or 404 mean, the look that follows shows it.
 */
async function abortOther(
  deps: ActivityDeps,
  { copy }: CopyStep<CopyInput>,
  { destination, copyId }: { destination: DestinationSide; copyId: string },
): Promise<Refused | null> {
  try {
    await deps.client.abort(destination, copyId);
    return null;
  } catch (error) {
    if (error instanceof StorageRefusal && [404, 409].includes(error.answer.status)) return null;
    const action = `abort copy ${copyId} onto ${endpointUrl(copy.destination)}`;
    return refused(verdictOf(error, deps, { call: "abort", action, side: destination }));
  }
}

type Refused = Extract<Prepared, { state: "failed" | "trouble" }>;

function refused(verdict: Verdict): Refused {
  return verdict.kind === "transient"
    ? trouble(verdict.failure, verdict.retryAfterSeconds)
    : { state: "failed", failure: verdict.failure };
}
