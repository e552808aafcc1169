import { endpointUrl } from "../../copy/location/endpoint.ts";
import { failure } from "../../copy/contract/failure.ts";
import { maxWaitMs } from "../../copy/polling/poll-policy.ts";
import {
  isSnapshotBy,
  addMarker,
  nextRollbackStep,
  removeMarker,
} from "../../copy/decisions/rollback-step.ts";
import type { SnapshotProperties } from "../../copy/contract/properties.ts";
import type { CopyPlan, ActivityInput, SettleInput } from "../../copy/contract/activities.ts";
import type { Failure } from "../../copy/contract/failure.ts";
import { StorageRefusal } from "../../storage/copy-client.ts";
import type { DestinationSide, Promotion } from "../../storage/copy-client.ts";
import type { ActivityDependencies } from "./dependencies.ts";
import { transientFailure, classifyRefusal } from "./storage-call.ts";
import type { TransientFailure } from "../../copy/contract/copy-status.ts";

/** What a SAS must allow beside the copy itself ("Create a service SAS", permissions). */
const permissions =
  "For rollback give this app's identity the role Storage Blob Data Contributor on the destination (to bring its index tags back, Storage Blob Data Owner), or give the destination URL a SAS of its container with read, create, write, delete and list permission (to bring its index tags back, also t)";

export type SnapshotResult =
  | { kind: "kept"; plan: CopyPlan }
  | { kind: "failed"; failure: Failure }
  | TransientFailure;

/**
 * Takes a snapshot of what the plan will write over, while it is what the plan saw. A second run finds
 * the snapshot of the first by its marker; nobody else's is ever used.
 */
export async function snapshotDestination(
  deps: ActivityDependencies,
  { instanceId, copy }: ActivityInput,
  { plan, destination }: { plan: CopyPlan; destination: DestinationSide },
): Promise<SnapshotResult> {
  const { client, ledger } = deps;
  const etag = plan.destinationEtag;
  if (etag === null) return { kind: "kept", plan };
  try {
    const { metadata, snapshots } = await client.readSnapshots(destination);
    const mark = { instanceId, etag };
    const snapshot =
      snapshots.find((each) => isSnapshotBy(each, mark))?.time ??
      (await client.takeSnapshot(destination, { etag, metadata: addMarker(metadata, mark) }));
    // Taken before the lock is looked at: settle closes the lock before it looks for our snapshots.
    if ((await ledger.lockUse(copy.destination, instanceId)) === "closed") {
      await client.removeSnapshot(destination, snapshot);
      return transientFailure(
        failure("internal", `Cannot go on as the copy has ended: ${instanceId}`),
      );
    }
    const tags = await readFormerTags(deps, destination);
    return { kind: "kept", plan: { ...plan, snapshot, ...tags } };
  } catch (error) {
    if (error instanceof StorageRefusal && hasChanged(error)) {
      const message = `Cannot keep a snapshot of the destination now as it is being changed: ${endpointUrl(copy.destination)}`;
      return transientFailure(failure("destination-busy", message)); // it is read anew then
    }
    const action = `keep a snapshot of the destination ${endpointUrl(copy.destination)}`;
    const verdict = classifyRefusal(error, deps, {
      call: "read-destination",
      action,
      side: destination,
    });
    if (verdict.kind === "transient")
      return transientFailure(verdict.failure, verdict.retryAfterSeconds);
    const { cause } = verdict.failure;
    const fix = cause === "destination-unauthorized" ? { fix: permissions } : {};
    return { kind: "failed", failure: { ...verdict.failure, ...fix } };
  }
}

/** Index tags want a permission of their own ("Get Blob Tags"); without it the rest is still kept. */
async function readFormerTags(
  { client }: ActivityDependencies,
  destination: DestinationSide,
): Promise<Pick<CopyPlan, "formerTags">> {
  try {
    const tags = await client.readFormerTags(destination);
    return Object.keys(tags).length === 0 ? {} : { formerTags: tags };
  } catch (error) {
    if (isForbidden(error)) return { formerTags: "unread" };
    if (!(error instanceof StorageRefusal)) throw error;
    const { status } = error.response;
    // Accounts with a hierarchical namespace have no index tags at all.
    if (status === 400 || status === 409 || status === 501) return {};
    throw error;
  }
}

function tagsOf({ plan }: SettleInput): Record<string, string> {
  const tags = plan?.formerTags;
  return tags === undefined || tags === "unread" ? {} : tags;
}

const tagsUnread =
  "The destination's former index tags, if it had any, were not brought back: nobody may read them";
const tagsUnseen =
  "The destination's former index tags were not seen to come back: nobody may read them any more";

/** What is not known to be back; a promotion may have ended long after it was asked for. */
async function tagsLost(
  { client }: ActivityDependencies,
  step: SettleInput,
  destination: DestinationSide,
): Promise<string[]> {
  const { plan, copyId, result } = step;
  if (copyId === null || result.kind === "success") return [];
  if (plan?.formerTags === "unread") return [tagsUnread];
  if (Object.keys(tagsOf(step)).length === 0) return [];
  try {
    await client.readFormerTags(destination);
    return [];
  } catch (error) {
    if (isForbidden(error)) return [tagsUnseen];
    throw error;
  }
}

/** The rest comes back also where a role or permission for tags was taken away since the plan. */
async function promote(
  { client }: ActivityDependencies,
  destination: DestinationSide,
  promotion: Promotion,
): Promise<void> {
  try {
    await client.promoteSnapshot(destination, promotion);
  } catch (error) {
    if (!isForbidden(error) || Object.keys(promotion.tags).length === 0) throw error;
    await client.promoteSnapshot(destination, { ...promotion, tags: {} });
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof StorageRefusal && [401, 403].includes(error.response.status);
}

export type RollbackResult =
  | { kind: "cleaned"; residue: string[] }
  /** Storage still copies the former content back; look again at `until`, epoch ms. */
  | { kind: "wait"; until: number; residue: string[] }
  | TransientFailure;

/** The last step of a rollback follows its first within one run, where Storage copies at once. */
const maxSteps = 3;

/** Brings back what the copy wrote over, unless it succeeded, and deletes every snapshot of ours. */
export async function rollBack(
  deps: ActivityDependencies,
  step: SettleInput,
  destination: DestinationSide,
): Promise<RollbackResult> {
  const { client } = deps;
  for (let looks = 1; ; looks++) {
    const seen = await client.readDestination(destination);
    const { metadata, snapshots } = await client.readSnapshots(destination);
    const ours = snapshots.filter((each) => isSnapshotBy(each, { instanceId: step.instanceId }));
    const next = nextRollbackStep(step, seen, ours);
    switch (next.kind) {
      case "nothing":
        return removed(deps, destination, ours, await tagsLost(deps, step, destination));
      case "keep":
        return { kind: "cleaned", residue: [kept(step)] };
      case "give-up":
        return removed(deps, destination, ours, [formerContentGone]);
      case "wait": {
        // Looks double: an hour after the start the next one is an hour away.
        const wait = Math.max(1_000, Math.min(maxWaitMs, deps.now() - next.startedAt));
        return { kind: "wait", until: deps.now() + wait, residue: [stillCopied(step)] };
      }
      case "promote":
      case "unmark":
        if (looks > maxSteps) {
          return { kind: "wait", until: deps.now() + 60_000, residue: [stillCopied(step)] };
        }
        await unlessChanged(
          next.kind === "promote"
            ? promote(deps, destination, { ...next, tags: tagsOf(step) })
            : client.setMetadata(destination, {
                etag: next.etag,
                metadata: removeMarker(metadata),
              }),
        );
    }
  }
}

export const formerContentGone =
  "The destination's former content is gone; what the copy left behind stands in its place";

function kept({ plan }: SettleInput): string {
  return `The destination's former content stays in its snapshot ${plan?.snapshot}, as the copy was not seen to end`;
}

function stillCopied({ plan }: SettleInput): string {
  return `The destination's former content was not seen to come back from its snapshot ${plan?.snapshot}, which stays`;
}

async function removed(
  { client }: ActivityDependencies,
  destination: DestinationSide,
  snapshots: readonly SnapshotProperties[],
  residue: string[],
): Promise<RollbackResult> {
  for (const { time } of snapshots) await client.removeSnapshot(destination, time);
  return { kind: "cleaned", residue };
}

/** A write whose condition no longer held, or that met a pending copy: the next look shows why. */
async function unlessChanged(write: Promise<void>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!(error instanceof StorageRefusal) || !hasChanged(error)) throw error;
  }
}

function hasChanged({ response: { code } }: StorageRefusal): boolean {
  return /ConditionNotMet$|^PendingCopyOperation$|^BlobNotFound$/.test(code ?? "");
}
