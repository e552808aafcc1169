import type { CopyId, InstanceId } from "../contract/ids.ts";
import type { EpochMs } from "../time.ts";
import { isEchoOf } from "../location/endpoint.ts";
import type { Destination } from "../location/endpoint.ts";
import { bareEtag } from "../location/etag.ts";
import { rollbackMarkerName } from "../request/metadata.ts";
import type { CopyResult } from "../contract/outcome.ts";
import type { DestinationProperties, SnapshotProperties } from "../contract/properties.ts";
import type { CopyPlan } from "../contract/activities.ts";

/**
 * Adds the marker to the metadata of a snapshot that is taken while the destination has this ETag. Its value is the id of
 * the copy that takes the snapshot, the ETag, and the value that another client gave the same name, if any.
 */
export function addMarker(
  metadata: Record<string, string>,
  { instanceId, etag }: { instanceId: InstanceId; etag: string },
): Record<string, string> {
  const former = Object.entries(metadata).filter(([name]) => isMarker(name));
  const parts = [instanceId, bareEtag(etag), ...former.map(([, value]) => value)];
  return { ...withoutMarker(metadata), [rollbackMarkerName]: parts.join(" ") };
}

/** Removes the marker, and restores the value that the name had before it. */
export function removeMarker(metadata: Record<string, string>): Record<string, string> {
  const marker = Object.entries(metadata).find(([name]) => isMarker(name))?.[1] ?? "";
  const former = marker.split(" ").slice(2).join(" ");
  const others = withoutMarker(metadata);
  return former === "" ? others : { ...others, [rollbackMarkerName]: former };
}

function withoutMarker(metadata: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !isMarker(name)));
}

/**
 * Returns true if the copy `instanceId` took this snapshot and, if `etag` is given, while the destination had that
 * ETag.
 */
export function isSnapshotBy(
  { metadata }: { metadata: Readonly<Record<string, string>> },
  { instanceId, etag }: { instanceId: InstanceId; etag?: string },
): boolean {
  const marker = Object.entries(metadata).find(([name]) => isMarker(name))?.[1];
  const [markedId, markedEtag] = marker?.split(" ") ?? [];
  return markedId === instanceId && (etag === undefined || markedEtag === bareEtag(etag));
}

function isMarker(name: string): boolean {
  return name.toLowerCase() === rollbackMarkerName;
}

/** The next step on the destination before our snapshots of it can be deleted. */
export type RollbackStep =
  /**
   * No step: our copy succeeded, none was started, it overwrote no content, or another client has written content to
   * the destination since.
   */
  | { kind: "nothing" }
  /** Copy the snapshot over the incomplete blob that our copy left, if it still has this ETag. */
  | { kind: "promote"; etag: string; snapshot: SnapshotProperties }
  /** The copy from the snapshot is pending; `startedAt` is epoch ms. */
  | { kind: "wait"; startedAt: EpochMs }
  /** The former content has been restored; our marker must be removed from its metadata. */
  | { kind: "unmark"; etag: string }
  /** The snapshot may be the only copy of the former content. */
  | { kind: "keep"; because: KeptBecause }
  /** No snapshot can replace the content that our copy left. */
  | { kind: "give-up" };

export type KeptBecause =
  /** Our copy may still be pending. */
  | "pending"
  /** The writer of another copy may have taken what ours left for a destination without content. */
  | "copied-over";

/**
 * Decides the next step. Ferry overwrites only content with our copyId or our marker, so it never rolls back another
 * client's content. Copying a snapshot onto its base also copies the marker in its metadata.
 */
export function nextRollbackStep(
  copy: {
    instanceId: InstanceId;
    destination: Destination;
    plan: CopyPlan | null;
    copyId: CopyId | null;
    result: CopyResult;
  },
  destination: DestinationProperties | null,
  snapshots: readonly SnapshotProperties[],
): RollbackStep {
  if (destination === null) return { kind: "nothing" };
  const { instanceId } = copy;
  if (copy.result.kind === "success") {
    // A blob that was copied onto itself has the metadata of our snapshot, including the marker.
    const isMarked =
      destination.copy?.copyId === copy.copyId && isSnapshotBy(destination, { instanceId });
    return isMarked ? { kind: "unmark", etag: destination.etag } : { kind: "nothing" };
  }
  if (copy.plan?.ontoStub === true) return { kind: "nothing" };
  const etag = copy.plan?.destinationEtag ?? null;
  const snapshot =
    etag === null ? undefined : snapshots.find((each) => isSnapshotBy(each, { instanceId, etag }));
  const { etag: currentEtag, lastModified } = destination;
  const restore: RollbackStep =
    snapshot === undefined ? { kind: "give-up" } : { kind: "promote", etag: currentEtag, snapshot };
  if (isSnapshotBy(destination, { instanceId })) {
    const status = destination.copy?.status ?? null;
    if (status === "pending") return { kind: "wait", startedAt: lastModified };
    return status === "success" || status === null
      ? { kind: "unmark", etag: currentEtag }
      : restore;
  }
  const ours = copy.copyId !== null && destination.copy?.copyId === copy.copyId;
  if (ours && destination.copy?.status === "pending") return { kind: "keep", because: "pending" };
  if (etag === null) return { kind: "nothing" };
  if (isLeftBehind(copy, destination)) return restore;
  const isCopiedOver = snapshot !== undefined && hasOtherCopy(copy, destination);
  return isCopiedOver ? { kind: "keep", because: "copied-over" } : { kind: "nothing" };
}

/** Returns true if the destination still has the content that our unsuccessful copy left. */
function isLeftBehind(
  { copyId, plan, result }: { copyId: CopyId | null; plan: CopyPlan | null; result: CopyResult },
  { copy, etag }: DestinationProperties,
): boolean {
  if (copyId === null || copy?.copyId !== copyId) return false;
  if (copy.status === "failed" || copy.status === "aborted") return true;
  if (plan?.found === true) return false; // it may be another client's
  return result.kind === "failed" && result.etag === etag; // complete, but not the planned content
}

/**
 * Returns true if another copy was, or may have been, started after ours. Content that was restored is a copy from the
 * destination itself.
 */
function hasOtherCopy(
  {
    copyId,
    plan,
    destination,
  }: { copyId: CopyId | null; plan: CopyPlan | null; destination: Destination },
  { copy }: DestinationProperties,
): boolean {
  if (copyId === null || copy === null) return false;
  if (copy.copyId === copyId && plan?.found !== true) return false;
  const [source = ""] = copy.source.split("?");
  return !isEchoOf(destination, source);
}
