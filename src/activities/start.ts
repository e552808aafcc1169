import { endpointUrl } from "../copy/location/endpoint.ts";
import { failure } from "../copy/contract/failure.ts";
import { isOurs, startedFrom } from "../copy/decisions/plan.ts";
import type { StartInput, StartResult } from "../copy/contract/activities.ts";
import type { StorageErrorResponse, Verdict } from "../copy/decisions/storage-errors.ts";
import { StorageRefusal } from "../storage/copy-client.ts";
import type { DestinationSide } from "../storage/copy-client.ts";
import { openSides } from "./support/dependencies.ts";
import type { ActivityDependencies } from "./support/dependencies.ts";
import { signedSource } from "./support/source-access.ts";
import { tagsToSet } from "./support/source-tags.ts";
import { orTransient, transientFailure, classifyRefusal } from "./support/storage-call.ts";

/** The start is given up after this; Storage checks the source before it answers. */
const startTimeout = 30_000;
/** For what was sent just before it was given up. */
const startMargin = 15_000;
/** From the registration of a start: when it can no longer reach Storage. */
const startHorizon = 60_000;

/**
 * Starts the copy, conditional on what prepare saw. A second run fails its condition and recognises the
 * copy that the first began. The run is registered in the lock first: none is sent while another may
 * still arrive, and once settle has closed the lock, a run that comes late starts nothing.
 */
export function startCopy(deps: ActivityDependencies, step: StartInput): Promise<StartResult> {
  return orTransient(() => start(deps, step));
}

async function start(deps: ActivityDependencies, step: StartInput): Promise<StartResult> {
  const { client, ledger } = deps;
  const { copy, plan, instanceId } = step;
  const sides = openSides(deps, step);
  const { destination } = sides;
  const source = { ...sides.source, endpoint: startedFrom(plan, sides.source.endpoint) };
  const tags = await tagsToSet(deps, step, sides);
  if (tags.kind === "refused") return refused(tags.verdict);
  const now = deps.now();
  const attempt = { instanceId, attemptId: deps.newGuid(), now, until: now + startHorizon, plan };
  const entered = await ledger.registerAttempt(copy.destination, attempt);
  if (entered.kind === "started") {
    return { kind: "started", started: { plan, copyId: entered.copyId } };
  }
  if (entered.kind === "refused") {
    const message = `Cannot start the copy as its lock is closed or taken: ${endpointUrl(copy.destination)}`;
    return { kind: "failed", failure: failure("destination-busy", message) };
  }
  if ((await ledger.outcome(instanceId)) !== null) {
    // A late run of prepare took the lock once more, and lost it to this run before it could free it.
    await ledger.releaseLock(copy.destination, instanceId);
    const message = `Cannot start the copy as it has ended: ${instanceId}`;
    return { kind: "failed", failure: failure("internal", message) };
  }
  // What a former start may have begun is looked for first.
  const isFirst = entered.kind === "registered" && !entered.unanswered;
  const found = isFirst ? null : await findOurs(deps, step, destination);
  if (found?.kind === "started") {
    await ledger.resolveAttempt(copy.destination, attempt, found.started.copyId);
    return found;
  }
  if (entered.kind === "in-flight") {
    const message = `Cannot start the copy again yet as its last start may still reach Storage: ${endpointUrl(copy.destination)}`;
    return found ?? transientFailure(failure("internal", message));
  }
  const signed = found ?? (await signedSource(deps, step, source));
  if (signed.kind !== "signed" || deps.now() > attempt.until - startTimeout - startMargin) {
    await ledger.resolveAttempt(copy.destination, attempt, null);
    if (signed.kind === "transient-failure") return signed;
    if (signed.kind === "refused") return refused(signed.verdict);
    const message =
      "Cannot start the copy now as the ledger or the source's account answered too late";
    return transientFailure(failure("internal", message));
  }

  const isPinned = plan.source.snapshot !== undefined;
  try {
    const { copyId, copyStatus } = await client.start({
      source: signed.source,
      destination,
      // Copy Blob takes no condition on a source in Azure Files; a snapshot does not change.
      sourceEtag: source.endpoint.service === "blob" && !isPinned ? plan.source.etag : null,
      destinationEtag: plan.destinationEtag,
      options: { ...copy.options, tags: tags.tags },
      signal: AbortSignal.timeout(startTimeout),
    });
    await ledger.resolveAttempt(copy.destination, attempt, copyId);
    return { kind: "started", started: { plan, copyId }, copyStatus };
  } catch (error) {
    const side = source;
    const action = `start the copy onto ${endpointUrl(copy.destination)}`;
    const verdict = classifyRefusal(error, deps, { call: "start", action, side });
    const found = await findOurs(deps, step, destination);
    // Only a definite refusal says that nothing is under way; otherwise the start stays registered.
    const answered = error instanceof StorageRefusal && didNothing(error.response);
    const copyId = found?.kind === "started" ? found.started.copyId : null;
    if (answered || copyId !== null) await ledger.resolveAttempt(copy.destination, attempt, copyId);
    return found ?? refused(verdict);
  }
}

/** What the client says where no request left it: no connection, no name, no token. */
const unsent: ReadonlySet<string | null> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "IdentityUnavailable",
]);

/**
 * Whether Storage surely did nothing. A time-out, a 500 or no answer at all does not say so; a busy
 * server does: it was "unable to receive requests" ("Common REST API error codes").
 */
function didNothing({ status, code }: StorageErrorResponse): boolean {
  if (status === 0) return unsent.has(code);
  return code === "ServerBusy" || (status >= 400 && status < 500 && status !== 408);
}

/** A start that was refused, or not answered, may have been preceded by one that worked. */
async function findOurs(
  deps: ActivityDependencies,
  { copy, plan }: StartInput,
  destination: DestinationSide,
): Promise<Extract<StartResult, { kind: "started" | "transient-failure" }> | null> {
  try {
    const seen = await deps.client.readDestination(destination);
    if (seen === null || !isOurs(plan, copy.source, seen)) return null;
    return { kind: "started", started: { plan, copyId: seen.copy?.copyId ?? "" } };
  } catch (error) {
    const action = `read the destination ${endpointUrl(copy.destination)}`;
    const verdict = classifyRefusal(error, deps, {
      call: "read-destination",
      action,
      side: destination,
    });
    // Not knowing is no reason to give up: the start is tried again, and then this look.
    return verdict.kind === "transient"
      ? transientFailure(verdict.failure, verdict.retryAfterSeconds)
      : null;
  }
}

function refused(verdict: Verdict): StartResult {
  switch (verdict.kind) {
    case "transient":
      return transientFailure(verdict.failure, verdict.retryAfterSeconds);
    case "stale-plan":
      return { kind: "stale-plan", failure: verdict.failure };
    case "permanent":
      return { kind: "failed", failure: verdict.failure };
  }
}
