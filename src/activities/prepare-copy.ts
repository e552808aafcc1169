import { endpointUrl } from "../copy/endpoint.ts";
import { failure } from "../copy/failure.ts";
import { decide } from "../copy/plan.ts";
import type { CopyInput, CopyStep, Prepared } from "../copy/steps.ts";
import { openSides } from "./deps.ts";
import type { ActivityDeps } from "./deps.ts";
import { orTrouble, trouble, verdictOf } from "./trouble.ts";
import type { Verdict } from "../copy/storage-answers.ts";

/** Takes the destination's slot, reads both ends, and decides what is to be done. */
export function prepareCopy(deps: ActivityDeps, step: CopyStep<CopyInput>): Promise<Prepared> {
  return orTrouble(() => prepare(deps, step));
}

async function prepare(deps: ActivityDeps, step: CopyStep<CopyInput>): Promise<Prepared> {
  const { client, ledger } = deps;
  const { copy, instanceId } = step;
  const slot = await ledger.takeSlot(instanceId, copy);
  // Asked after the slot was taken: a late run of an ended copy must not leave a slot behind.
  const outcome = await ledger.outcome(instanceId);
  if (outcome !== null) {
    await ledger.releaseSlot(copy.destination, instanceId);
    return { state: "ended", outcome };
  }
  const destinationUrl = endpointUrl(copy.destination);
  if (!slot.held) {
    const message = `Cannot copy onto the destination as copy ${slot.holder} of this app writes to it: ${destinationUrl}`;
    return { state: "failed", failure: failure("destination-busy", message) };
  }

  const { source, destination } = openSides(deps, step);
  // Only the app's own identity reads both ends; a SAS on the destination opens nothing else.
  const sameAccount =
    destination.sas === null &&
    source.endpoint.origin === destination.endpoint.origin &&
    source.endpoint.account === destination.endpoint.account;
  const [sourceSeen, destinationSeen] = await Promise.allSettled([
    client.readSource(source, { sameAccount }),
    client.readDestination(destination),
  ]);
  if (sourceSeen.status === "rejected") {
    const action = `read the source ${endpointUrl(copy.source)}`;
    return refused(
      verdictOf(sourceSeen.reason, deps, { call: "read-source", action, side: source }),
    );
  }
  if (destinationSeen.status === "rejected") {
    const action = `read the destination ${destinationUrl}`;
    const call = "read-destination";
    return refused(verdictOf(destinationSeen.reason, deps, { call, action, side: destination }));
  }
  return decide(copy, sourceSeen.value, destinationSeen.value);
}

function refused(verdict: Verdict): Prepared {
  return verdict.kind === "transient"
    ? trouble(verdict.failure, verdict.retryAfterSeconds)
    : { state: "failed", failure: verdict.failure };
}
