import { toIso } from "../copy/time.ts";
import { endpointUrl, isOntoItself } from "../copy/location/endpoint.ts";
import { failure } from "../copy/contract/failure.ts";
import { decide, skipStaleEvent } from "../copy/decisions/plan.ts";
import type { Decision } from "../copy/decisions/plan.ts";
import type {
  CopyInput,
  ActivityInput,
  PrepareResult,
  PrepareInput,
} from "../copy/contract/activities.ts";
import type { TransientFailure } from "../copy/contract/copy-status.ts";
import { StorageRefusal } from "../storage/copy-client.ts";
import type { DestinationSide } from "../storage/copy-client.ts";
import { openSides } from "./support/dependencies.ts";
import type { ActivityDependencies, Sides } from "./support/dependencies.ts";
import { snapshotDestination } from "./support/rollback.ts";
import { readSource } from "./support/source-access.ts";
import { holdSource, releaseSource } from "./support/source-lease.ts";
import { orTransient, transientFailure, classifyRefusal } from "./support/storage-call.ts";
import type { Verdict } from "../copy/decisions/storage-errors.ts";

/** Takes the destination's lock, reads both ends, and decides what is to be done. */
export function prepareCopy(
  deps: ActivityDependencies,
  step: PrepareInput,
): Promise<PrepareResult> {
  return orTransient(() => prepare(deps, step));
}

async function prepare(deps: ActivityDependencies, step: PrepareInput): Promise<PrepareResult> {
  const { ledger } = deps;
  const { copy, instanceId } = step;
  const lock = await ledger.acquireLock(instanceId, copy);
  // Asked after the lock was taken: a late run of an ended copy must not leave a lock behind.
  const outcome = await ledger.outcome(instanceId);
  if (outcome !== null) {
    await ledger.releaseLock(copy.destination, instanceId);
    // Nor a lease, which one before it took and died.
    const released = await releaseSource(deps, step);
    return released.kind === "transient-failure" ? released : { kind: "ended", outcome };
  }
  const sides = openSides(deps, step);
  if (!lock.held) {
    return (await skipIfOvertaken(deps, step, sides)) ?? heldBy(lock.holder, copy);
  }

  const decision = await readAndReplace(deps, step, sides);
  if (decision.kind !== "planned") return decision;
  const refusal = await holdSource(deps, step);
  if (refusal !== null) return refusal;
  if (copy.options.rollback === "off") return decision;
  const kept = await snapshotDestination(deps, step, { plan: decision.plan, ...sides });
  if (kept.kind !== "kept") return kept;
  const { snapshot } = kept.plan;
  // A failure must not eat the source: it is copied onto itself from what was kept of it.
  return isOntoItself(copy.source, copy.destination) && snapshot !== undefined
    ? { kind: "planned", plan: { ...kept.plan, source: { ...kept.plan.source, snapshot } } }
    : { kind: "planned", plan: kept.plan };
}

/** What was overtaken need not wait for its turn. A source that cannot be read now is read when it comes. */
async function skipIfOvertaken(
  deps: ActivityDependencies,
  { copy, awaitedCopyId }: PrepareInput,
  sides: Sides,
): Promise<PrepareResult | null> {
  if (copy.event === undefined) return null;
  try {
    const { seen } = await readSource(deps, copy, sides);
    return seen === null ? null : skipStaleEvent({ ...copy, awaited: awaitedCopyId }, seen);
  } catch (error) {
    if (error instanceof StorageRefusal) return null;
    throw error;
  }
}

/** Decides; where a copy that is not ours is to make room, aborts it and decides anew. */
async function readAndReplace(
  deps: ActivityDependencies,
  step: PrepareInput,
  sides: Sides,
): Promise<Exclude<PrepareResult, { kind: "ended" }>> {
  const { ledger } = deps;
  const { copy, instanceId } = step;
  const decision = await readAndDecide(deps, step, sides);
  if (decision.kind !== "replace") return decision;
  // Read after the look: had the copy it showed been ours, its start would stand in the lock. A run
  // of this activity that comes late must not abort the copy that its own orchestration began.
  if ((await ledger.lockUse(copy.destination, instanceId)) !== "unused") return decision.otherwise;
  const { copyId } = decision;
  const refusal = await abortOther(deps, step, { destination: sides.destination, copyId });
  if (refusal !== null) return refusal;
  const afterwards = await readAndDecide(deps, step, sides);
  return afterwards.kind === "replace" ? afterwards.otherwise : afterwards;
}

/** Another copy of this app writes to the destination; nobody but its own callers may abort it. */
function heldBy(holder: string, { destination, options }: CopyInput): PrepareResult {
  const message = `Cannot copy onto the destination as copy ${holder} of this app writes to it: ${endpointUrl(destination)}`;
  const reason = failure("destination-busy", message);
  if (options.ifBusy === "fail") return { kind: "failed", failure: reason };
  const waitsFor = `Waits for copy ${holder} of this app, which writes to the destination`;
  return { kind: "busy", endpoint: "destination", waitsFor, failure: reason };
}

/** Reads both ends and decides. */
async function readAndDecide(
  deps: ActivityDependencies,
  { copy, awaitedCopyId }: PrepareInput,
  { source, destination }: Sides,
): Promise<Decision | TransientFailure> {
  const { client } = deps;
  const [sourceSeen, destinationSeen] = await Promise.allSettled([
    readSource(deps, copy, { source, destination }),
    client.readDestination(destination, { ifTags: copy.options.destinationConditions?.ifTags }),
  ]);
  if (sourceSeen.status === "rejected") {
    const action = `read the source ${endpointUrl(copy.source)}`;
    return refused(
      classifyRefusal(sourceSeen.reason, deps, { call: "read-source", action, side: source }),
    );
  }
  if (destinationSeen.status === "rejected") {
    const action = `read the destination ${endpointUrl(copy.destination)}`;
    const call = "read-destination";
    return refused(
      classifyRefusal(destinationSeen.reason, deps, { call, action, side: destination }),
    );
  }
  const { seen, minted } = sourceSeen.value;
  const decision = decide({ ...copy, awaited: awaitedCopyId }, seen, destinationSeen.value);
  if (decision.kind !== "planned") return decision;
  const plannedAt = toIso(deps.now());
  return {
    kind: "planned",
    plan: { ...decision.plan, plannedAt, ...(minted === null ? {} : { mintedSas: minted }) },
  };
}

/**
 * Aborts a copy that is not ours, by its own copyId: Storage refuses where by now another one is
 * pending ("Abort Copy Blob", 409). Whatever 409 or 404 mean, the look that follows shows it.
 */
async function abortOther(
  deps: ActivityDependencies,
  { copy }: ActivityInput<CopyInput>,
  { destination, copyId }: { destination: DestinationSide; copyId: string },
): Promise<Refused | null> {
  try {
    await deps.client.abort(destination, copyId);
    return null;
  } catch (error) {
    if (error instanceof StorageRefusal && [404, 409].includes(error.response.status)) return null;
    const action = `abort copy ${copyId} onto ${endpointUrl(copy.destination)}`;
    return refused(classifyRefusal(error, deps, { call: "abort", action, side: destination }));
  }
}

type Refused = Extract<PrepareResult, { kind: "failed" | "transient-failure" }>;

function refused(verdict: Verdict): Refused {
  return verdict.kind === "transient"
    ? transientFailure(verdict.failure, verdict.retryAfterSeconds)
    : { kind: "failed", failure: verdict.failure };
}
