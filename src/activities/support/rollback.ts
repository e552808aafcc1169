import { plusMs } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import { failure } from "../../copy/contract/failure.ts";
import { formerContentGone } from "../../copy/contract/outcome.ts";
import { minute, second } from "../../copy/durations.ts";
import { maxWaitMs } from "../../copy/polling/poll-policy.ts";
import {
  isSnapshotBy,
  addMarker,
  nextRollbackStep,
  removeMarker,
} from "../../copy/decisions/rollback-step.ts";
import {
  isOvertaken,
  isUnauthorized,
  isWithoutIndexTags,
} from "../../copy/decisions/storage-errors.ts";
import type { KeptBecause } from "../../copy/decisions/rollback-step.ts";
import type { SnapshotProperties } from "../../copy/contract/properties.ts";
import type { CopyPlan, ActivityInput, SettleInput } from "../../copy/contract/activities.ts";
import type { Failure } from "../../copy/contract/failure.ts";
import type { TransientFailure } from "../../copy/contract/copy-status.ts";
import { isRefusal } from "../../storage/copy-client.ts";
import type { DestinationSide, Promotion } from "../../storage/copy-client.ts";
import type { ActivityDependencies } from "./dependencies.ts";
import { recordRestored } from "./restored.ts";
import { callStorage, toFailure, toTransientFailure, transientFailure } from "./storage-call.ts";

/** Rollback needs more permissions than the copy itself ("Create a service SAS", permissions). */
const unauthorizedFix =
  "For rollback, give this app's identity the role Storage Blob Data Contributor on the destination (to restore its index tags, Storage Blob Data Owner), or give the destination URL a SAS of its container with read, create, write, delete and list permission (to restore its index tags, also t)";

/** `isNew`: this run took the snapshot of the plan. */
export type Snapshotted =
  | { kind: "planned"; plan: CopyPlan; isNew: boolean }
  | { kind: "failed"; failure: Failure }
  | TransientFailure;

/**
 * Takes a snapshot of the destination while it still has the planned ETag. When the activity runs again, it finds
 * the first snapshot by its marker. Snapshots without this copy's marker are never used.
 */
export async function snapshotDestination(
  deps: ActivityDependencies,
  { instanceId, copy }: ActivityInput,
  { plan, destination }: { plan: CopyPlan; destination: DestinationSide },
): Promise<Snapshotted> {
  const { client } = deps;
  const etag = plan.destinationEtag;
  if (etag === null || plan.ontoStub === true) return { kind: "planned", plan, isNew: false };
  const url = endpointUrl(copy.destination);
  const action = `take a snapshot of the destination ${url}`;
  const call = { call: "read-destination", action, side: destination, unauthorizedFix } as const;
  const taken = await callStorage(deps, call, async (): Promise<Snapshotted> => {
    const { metadata, snapshots } = await client.readSnapshots(destination);
    const marker = { instanceId, etag };
    const former = snapshots.find((each) => isSnapshotBy(each, marker))?.time;
    const snapshot =
      former ??
      (await client.takeSnapshot(destination, { etag, metadata: addMarker(metadata, marker) }));
    const tags = await readFormerTags(deps, destination);
    return {
      kind: "planned",
      plan: { ...plan, snapshot, ...tags },
      isNew: former === undefined,
    };
  });
  if (taken.ok) return taken.value;
  if (isOvertaken(taken.response)) {
    // Start runs again and reads the destination again.
    const message = `Cannot ${action} now because another writer is changing it`;
    return transientFailure(failure("destination-busy", message));
  }
  return toFailure(taken.verdict);
}

/**
 * Deletes every snapshot that earlier plans of this copy took. Returns null when that is done, or when the app is not
 * allowed to list snapshots, because then it took none.
 */
export async function discardSnapshots(
  deps: ActivityDependencies,
  { instanceId, copy }: ActivityInput,
  destination: DestinationSide,
): Promise<TransientFailure | null> {
  const { client } = deps;
  const action = `delete the snapshots of the destination ${endpointUrl(copy.destination)}`;
  const call = { call: "clean-up", action, side: destination } as const;
  const done = await callStorage(deps, call, async () => {
    const { snapshots } = await client.readSnapshots(destination);
    const ours = snapshots.filter((each) => isSnapshotBy(each, { instanceId }));
    for (const { time } of ours) await client.removeSnapshot(destination, time);
  });
  return done.ok || done.verdict.kind !== "transient" ? null : toTransientFailure(done.verdict);
}

/** Index tags need a separate permission ("Get Blob Tags"); without it everything else is still restored. */
async function readFormerTags(
  { client }: ActivityDependencies,
  destination: DestinationSide,
): Promise<Pick<CopyPlan, "formerTags">> {
  try {
    const tags = await client.readFormerTags(destination);
    return Object.keys(tags).length === 0 ? {} : { formerTags: tags };
  } catch (error) {
    if (isRefusal(error, isUnauthorized)) return { formerTags: "unread" };
    if (isRefusal(error, isWithoutIndexTags)) return {};
    throw error;
  }
}

function formerTags({ plan }: SettleInput): Record<string, string> {
  const tags = plan?.formerTags;
  return tags === undefined || tags === "unread" ? {} : tags;
}

const tagsUnread =
  "The destination's former index tags, if it had any, were not restored: the app has no permission to read them";
const tagsUnverified =
  "The destination's former index tags may not have been restored: the app no longer has permission to read them";

/** Names the index tags that are not known to be restored; a promotion may complete long after it was requested. */
async function tagResidue(
  { client }: ActivityDependencies,
  input: SettleInput,
  destination: DestinationSide,
): Promise<string[]> {
  const { plan, copyId, result } = input;
  if (copyId === null || result.kind === "success") return [];
  if (plan?.formerTags === "unread") return [tagsUnread];
  if (Object.keys(formerTags(input)).length === 0) return [];
  try {
    await client.readFormerTags(destination);
    return [];
  } catch (error) {
    if (isRefusal(error, isUnauthorized)) return [tagsUnverified];
    throw error;
  }
}

/** Promotes without the tags if the permission for tags was removed after the plan was made. */
async function promote(
  { client }: ActivityDependencies,
  destination: DestinationSide,
  promotion: Promotion,
): Promise<void> {
  try {
    await client.promoteSnapshot(destination, promotion);
  } catch (error) {
    if (!isRefusal(error, isUnauthorized) || Object.keys(promotion.tags).length === 0) throw error;
    await client.promoteSnapshot(destination, { ...promotion, tags: {} });
  }
}

export type RollbackResult =
  | { kind: "cleaned"; residue: string[] }
  /** Storage is still copying the former content back; read again at `until` (epoch ms). */
  | { kind: "wait"; until: EpochMs; residue: string[] }
  | TransientFailure;

/** A rollback completes within one activity if Storage promotes the snapshot immediately. */
const maxSteps = 3;

/** Restores the content that the copy overwrote, unless it succeeded, and deletes every snapshot of this copy. */
export async function rollBack(
  deps: ActivityDependencies,
  input: SettleInput,
  destination: DestinationSide,
): Promise<RollbackResult> {
  const { client } = deps;
  for (let reads = 1; ; reads++) {
    const seen = await client.readDestination(destination);
    const { metadata, snapshots } = await client.readSnapshots(destination);
    const ours = snapshots.filter((each) => isSnapshotBy(each, { instanceId: input.instanceId }));
    const copy = { ...input, destination: input.copy.destination };
    const next = nextRollbackStep(copy, seen, ours);
    switch (next.kind) {
      case "nothing":
        return removeSnapshots(deps, destination, ours, await tagResidue(deps, input, destination));
      case "keep":
        return { kind: "cleaned", residue: [keptSnapshot(input, next.because)] };
      case "give-up":
        return removeSnapshots(deps, destination, ours, [formerContentGone]);
      case "wait": {
        // The waits double: an hour after the promotion, the next read is in another hour.
        const wait = Math.max(second, Math.min(maxWaitMs, deps.now() - next.startedAt));
        return {
          kind: "wait",
          until: plusMs(deps.now(), wait),
          residue: [unfinishedRollback(input)],
        };
      }
      case "promote":
      case "unmark":
        if (reads > maxSteps) {
          const until = plusMs(deps.now(), minute);
          return { kind: "wait", until, residue: [unfinishedRollback(input)] };
        }
        if (next.kind === "promote") {
          const promotion = { ...next, tags: formerTags(input) };
          await unlessOvertaken(promote(deps, destination, promotion));
        } else {
          const rewrite = { etag: next.etag, metadata: removeMarker(metadata) };
          const restored = await unlessOvertaken(client.setMetadata(destination, rewrite));
          if (restored !== null && input.result.kind !== "success") {
            await recordRestored(deps.ledger, input, { plan: input.plan, restored });
          }
        }
    }
  }
}

const keptReasons: Record<KeptBecause, string> = {
  pending: "the copy may still be running",
  "copied-over": "another copy has overwritten what the unsuccessful copy left",
};

function keptSnapshot({ plan }: SettleInput, because: KeptBecause): string {
  return `The destination's former content is still in its snapshot ${plan?.snapshot}, because ${keptReasons[because]}`;
}

function unfinishedRollback({ plan }: SettleInput): string {
  return `The destination's former content may not have been restored from its snapshot ${plan?.snapshot}, which was kept`;
}

async function removeSnapshots(
  { client }: ActivityDependencies,
  destination: DestinationSide,
  snapshots: readonly SnapshotProperties[],
  residue: string[],
): Promise<RollbackResult> {
  for (const { time } of snapshots) await client.removeSnapshot(destination, time);
  return { kind: "cleaned", residue };
}

/** Returns null for a write that lost to another writer: the next read shows what has changed. */
async function unlessOvertaken<T>(write: Promise<T>): Promise<T | null> {
  try {
    return await write;
  } catch (error) {
    if (!isRefusal(error, isOvertaken)) throw error;
    return null;
  }
}
