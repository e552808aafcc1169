import { endpointUrl } from "../copy/location/endpoint.ts";
import { failure } from "../copy/contract/failure.ts";
import { isOurs, startedFrom } from "../copy/decisions/plan.ts";
import type { PlannedStep, Started } from "../copy/contract/activities.ts";
import type { StorageAnswer, Verdict } from "../copy/decisions/storage-errors.ts";
import { StorageRefusal } from "../storage/copy-client.ts";
import type { DestinationSide } from "../storage/copy-client.ts";
import { openSides } from "./support/dependencies.ts";
import type { ActivityDeps } from "./support/dependencies.ts";
import { signedSource } from "./support/source-access.ts";
import { tagsToSet } from "./support/source-tags.ts";
import { orTrouble, trouble, verdictOf } from "./support/storage-call.ts";

/** The start is given up after this; Storage checks the source before it answers. */
const startTimeout = 30_000;
/** For what was sent just before it was given up. */
const startMargin = 15_000;
/** From the registration of a start: when it can no longer reach Storage. */
const startHorizon = 60_000;

/**
 * Starts the copy, conditional on what prepare saw. A second run fails its condition and recognises the
 * copy that the first began. The run is registered in the slot first: none is sent while another may
 * still arrive, and once settle has closed the slot, a run that comes late starts nothing.
 */
export function startCopy(deps: ActivityDeps, step: PlannedStep): Promise<Started> {
  return orTrouble(() => start(deps, step));
}

async function start(deps: ActivityDeps, step: PlannedStep): Promise<Started> {
  const { client, ledger } = deps;
  const { copy, plan, instanceId } = step;
  const sides = openSides(deps, step);
  const { destination } = sides;
  const source = { ...sides.source, endpoint: startedFrom(plan, sides.source.endpoint) };
  const tags = await tagsToSet(deps, step, sides);
  if (tags.state === "refused") return refused(tags.verdict);
  const now = deps.now();
  const entry = { instanceId, run: deps.newGuid(), now, until: now + startHorizon, plan };
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
  // What a former start may have begun is looked for first.
  const isFirst = entered.state === "entered" && !entered.unanswered;
  const found = isFirst ? null : await findOurs(deps, step, destination);
  if (found?.state === "started") {
    await ledger.leaveSlot(copy.destination, entry, found.started.copyId);
    return found;
  }
  if (entered.state === "under-way") {
    const message = `Cannot start the copy again yet as its last start may still reach Storage: ${endpointUrl(copy.destination)}`;
    return found ?? trouble(failure("internal", message));
  }
  const signed = found ?? (await signedSource(deps, step, source));
  if (signed.state !== "signed" || deps.now() > entry.until - startTimeout - startMargin) {
    await ledger.leaveSlot(copy.destination, entry, null);
    if (signed.state === "trouble") return signed;
    if (signed.state === "refused") return refused(signed.verdict);
    const message =
      "Cannot start the copy now as the ledger or the source's account answered too late";
    return trouble(failure("internal", message));
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
    await ledger.leaveSlot(copy.destination, entry, copyId);
    return { state: "started", started: { plan, copyId }, copyStatus };
  } catch (error) {
    const side = source;
    const action = `start the copy onto ${endpointUrl(copy.destination)}`;
    const verdict = verdictOf(error, deps, { call: "start", action, side });
    const found = await findOurs(deps, step, destination);
    // Only a definite refusal says that nothing is under way; otherwise the start stays registered.
    const answered = error instanceof StorageRefusal && didNothing(error.answer);
    const copyId = found?.state === "started" ? found.started.copyId : null;
    if (answered || copyId !== null) await ledger.leaveSlot(copy.destination, entry, copyId);
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
function didNothing({ status, code }: StorageAnswer): boolean {
  if (status === 0) return unsent.has(code);
  return code === "ServerBusy" || (status >= 400 && status < 500 && status !== 408);
}

/** A start that was refused, or not answered, may have been preceded by one that worked. */
async function findOurs(
  deps: ActivityDeps,
  { copy, plan }: PlannedStep,
  destination: DestinationSide,
): Promise<Extract<Started, { state: "started" | "trouble" }> | null> {
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
