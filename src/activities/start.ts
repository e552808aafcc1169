import type { CopyId } from "../copy/contract/ids.ts";
import { plusMs } from "../copy/time.ts";
import { second } from "../copy/durations.ts";
import { copySourceLength, endpointUrl, maxCopySourceLength } from "../copy/location/endpoint.ts";
import { failure } from "../copy/contract/failure.ts";
import { isOurs, startedFrom } from "../copy/decisions/plan.ts";
import { isDefiniteRefusal } from "../copy/decisions/storage-errors.ts";
import type { Verdict } from "../copy/decisions/storage-errors.ts";
import { pickEndpoints } from "../copy/contract/activities.ts";
import type { ActivityContext, StartInput, StartResult } from "../copy/contract/activities.ts";
import type { StartAttempt } from "../ledger/ledger.ts";
import type { DestinationSide, Side } from "../storage/copy-client.ts";
import type { ActivityDependencies } from "./support/dependencies.ts";
import { checkCopy } from "./support/access.ts";
import { freeDestination } from "./support/destination-queue.ts";
import { openSides } from "./support/sides.ts";
import type { Sides } from "./support/sides.ts";
import { signSource } from "./support/source-access.ts";
import { tagsToSet } from "./support/source-tags.ts";
import {
  callStorage,
  orTransient,
  toFailure,
  toTransientFailure,
  transientFailure,
} from "./support/storage-call.ts";
import type { CallResult } from "./support/storage-call.ts";

/** How long the start call may take; Storage checks the source before it answers. */
const startTimeoutMs = 30 * second;
/** How long a request that was sent just before the time-out may take to arrive at Storage. */
const arrivalMs = 15 * second;
/** How long after its registration a start attempt may still arrive at Storage. */
const horizonMs = 60 * second;

/**
 * Starts the copy under the plan's conditions. If the activity runs again, the conditions fail and it recognizes
 * the copy that was started before. Each attempt is registered in the lock first: none is sent while another may
 * still arrive, and none after settle has fenced the lock.
 *
 * 1. enter: register the attempt.
 * 2. recover: find a copy that an earlier attempt started.
 * 3. send: start the copy.
 */
export function startCopy(
  deps: ActivityDependencies,
  input: StartInput,
  context: ActivityContext,
): Promise<StartResult> {
  return orTransient(() => start(deps, input, context));
}

async function start(
  deps: ActivityDependencies,
  input: StartInput,
  context: ActivityContext,
): Promise<StartResult> {
  const denial = checkCopy(deps, input.copy);
  // If an earlier attempt has started the copy, settle finds it.
  if (denial !== null) return { kind: "failed", failure: denial };
  const sides = openSides(deps, input);
  const destination = sides.destination();
  const entered = await enter(deps, input, context);
  if (entered.kind !== "entered") return entered;
  const recovered = await recover(deps, input, { ...entered, destination });
  if (recovered !== null) return recovered;
  return send(deps, input, { attempt: entered.attempt, sides });
}

type Started = Extract<StartResult, { kind: "started" }>;

type Entered = {
  kind: "entered";
  attempt: StartAttempt;
  /** No earlier attempt can have started a copy. */
  isFirst: boolean;
  /** An earlier attempt may still arrive at Storage, so this one was not registered. */
  isInFlight: boolean;
};

/** Registers the attempt. Returns the result instead if there is nothing to start. */
async function enter(
  deps: ActivityDependencies,
  { copy, plan, instanceId }: StartInput,
  context: ActivityContext,
): Promise<Entered | Started | Extract<StartResult, { kind: "failed" }>> {
  const { ledger, now, newGuid } = deps;
  const { destination } = copy;
  const from = now();
  const until = plusMs(from, horizonMs);
  const attempt = { instanceId, attemptId: newGuid(), now: from, until, plan };
  const entered = await ledger.registerAttempt(destination, attempt);
  if (entered.kind === "started") {
    return { kind: "started", started: { plan, copyId: entered.copyId } };
  }
  if (entered.kind === "refused") {
    const message = `Cannot start the copy because its lock is closed or held by another copy: ${endpointUrl(destination)}`;
    return { kind: "failed", failure: failure("destination-busy", message) };
  }
  if ((await ledger.outcome(instanceId)) !== null) {
    // A late prepare acquired the lock again, and this attempt entered before prepare could release it.
    await freeDestination(deps, { instanceId, copy: pickEndpoints(copy) }, context);
    const message = `Cannot start the copy because it has ended: ${instanceId}`;
    return { kind: "failed", failure: failure("internal", message) };
  }
  const isFirst = entered.kind === "registered" && !entered.unanswered;
  return { kind: "entered", attempt, isFirst, isInFlight: entered.kind === "in-flight" };
}

/** Finds the copy that an earlier attempt started. Returns null if there is none and this attempt may be sent. */
async function recover(
  deps: ActivityDependencies,
  input: StartInput,
  { attempt, isFirst, isInFlight, destination }: Entered & { destination: DestinationSide },
): Promise<StartResult | null> {
  if (isFirst) return null;
  const { ledger } = deps;
  const { copy } = input;
  const found = await findOurs(deps, input, destination);
  if (found?.kind === "started") {
    const { copyId } = found.started;
    await ledger.resolveAttempt(copy.destination, attempt, { copyId, now: deps.now() });
    return found;
  }
  if (isInFlight) {
    const message = `Cannot start the copy again yet because its last start may still reach Storage: ${endpointUrl(copy.destination)}`;
    return found ?? transientFailure(failure("internal", message));
  }
  if (found !== null) {
    await ledger.resolveAttempt(copy.destination, attempt, { copyId: null, now: deps.now() });
  }
  return found;
}

/** Starts the copy, and resolves the attempt unless it may have reached Storage without a response. */
async function send(
  deps: ActivityDependencies,
  input: StartInput,
  { attempt, sides }: { attempt: StartAttempt; sides: Sides },
): Promise<StartResult> {
  const { client, ledger } = deps;
  const { copy, plan } = input;
  const resolve = (copyId: CopyId | null) =>
    ledger.resolveAttempt(copy.destination, attempt, { copyId, now: deps.now() });
  const ready = await readySource(deps, input, sides).catch(async (error: unknown) => {
    await resolve(null);
    throw error;
  });
  if (!ready.ok) {
    await resolve(null);
    return toStartResult(ready.verdict);
  }
  const { source, signed, tags } = ready.value;
  const destination = sides.destination();
  const tooLong = refuseLongSource(signed);
  if (tooLong !== null) {
    await resolve(null);
    return tooLong;
  }
  if (deps.now() > attempt.until - startTimeoutMs - arrivalMs) {
    await resolve(null);
    const message =
      "Cannot start the copy now because the ledger or the source's account answered too late";
    return transientFailure(failure("internal", message));
  }

  const isPinned = plan.source.snapshot !== undefined;
  const action = `start the copy onto ${endpointUrl(copy.destination)}`;
  const sent = await callStorage(deps, { call: "start", action, side: source }, () =>
    client.start({
      source: signed,
      destination,
      // Copy Blob supports no condition on a source in Azure Files; a snapshot cannot change.
      sourceEtag: source.endpoint.service === "blob" && !isPinned ? plan.source.etag : null,
      destinationEtag: plan.destinationEtag,
      options: { ...copy.options, tags },
      signal: AbortSignal.timeout(startTimeoutMs),
    }),
  );
  if (sent.ok) {
    const { copyId, copyStatus } = sent.value;
    await resolve(copyId);
    return { kind: "started", started: { plan, copyId }, copyStatus };
  }
  // An earlier attempt may have started the copy, or this one without a response.
  const found = await findOurs(deps, input, destination);
  const copyId = found?.kind === "started" ? found.started.copyId : null;
  if (isDefiniteRefusal(sent.response) || copyId !== null) await resolve(copyId);
  return found ?? toStartResult(sent.verdict);
}

type ReadySource = { source: Side; signed: Side; tags: Record<string, string> | null };

/** Opens the source's SAS, or signs one, and reads the tags to set. Nothing has been sent to the destination yet. */
async function readySource(
  deps: ActivityDependencies,
  input: StartInput,
  sides: Sides,
): Promise<CallResult<ReadySource>> {
  const tags = await tagsToSet(deps, input, sides);
  if (!tags.ok) return tags;
  const planned = sides.source();
  const source = { ...planned, endpoint: startedFrom(input.plan, planned.endpoint) };
  const signed = await signSource(deps, input, source);
  return signed.ok
    ? { ok: true, value: { source, signed: signed.value, tags: tags.value } }
    : signed;
}

/** Only now is the source's whole URL known: with the snapshot of a copy onto itself, and with the minted SAS. */
function refuseLongSource(source: Side): Extract<StartResult, { kind: "failed" }> | null {
  const length = copySourceLength(source);
  if (length <= maxCopySourceLength) return null;
  const message = `Cannot start the copy because the source's URL is ${length} characters long with its query, and Storage accepts at most 2,048: ${endpointUrl(source.endpoint)}`;
  const fix =
    "Give the blob a shorter name, or send a shorter SAS with the source (one that is signed with the account's key, for example)";
  return { kind: "failed", failure: { ...failure("not-supported", message), fix } };
}

/** Reads the destination for a copy started under this plan. Returns null if there is none. */
async function findOurs(
  deps: ActivityDependencies,
  { copy, plan }: StartInput,
  destination: DestinationSide,
): Promise<Extract<StartResult, { kind: "started" | "transient-failure" }> | null> {
  const action = `read the destination ${endpointUrl(copy.destination)}`;
  const call = { call: "read-destination", action, side: destination } as const;
  const read = await callStorage(deps, call, () => deps.client.readDestination(destination));
  if (!read.ok) {
    // The start is retried, and then this read.
    return read.verdict.kind === "transient" ? toTransientFailure(read.verdict) : null;
  }
  const seen = read.value;
  if (seen === null || seen.copy === null || !isOurs(plan, copy.source, seen)) return null;
  return { kind: "started", started: { plan, copyId: seen.copy.copyId } };
}

function toStartResult(verdict: Verdict): StartResult {
  return verdict.kind === "stale-plan"
    ? { kind: "stale-plan", failure: verdict.failure }
    : toFailure(verdict);
}
