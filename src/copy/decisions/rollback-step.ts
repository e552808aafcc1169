import { bareEtag } from "../location/etag.ts";
import type { CopyResult } from "../contract/outcome.ts";
import type { DestinationProperties, SnapshotProperties } from "../contract/properties.ts";
import type { CopyPlan } from "../contract/activities.ts";

/**
 * Metadata that marks a snapshot as ours: which copy took it, and of which state of the destination.
 * Lower case, because headers come back so; a C# identifier, because Storage takes no other name.
 */
const markerName = "ferryrollback";

/** Marks a snapshot of the destination as it was with this ETag. */
export function addMarker(
  metadata: Record<string, string>,
  { instanceId, etag }: { instanceId: string; etag: string },
): Record<string, string> {
  return { ...metadata, [markerName]: `${instanceId} ${bareEtag(etag)}` };
}

/** The metadata as it was before it was marked. */
export function removeMarker(metadata: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !isMarker(name)));
}

/** Whether the copy `instanceId` took this snapshot; with `etag`, of that state of the destination. */
export function isSnapshotBy(
  { metadata }: { metadata: Readonly<Record<string, string>> },
  { instanceId, etag }: { instanceId: string; etag?: string },
): boolean {
  const marker = Object.entries(metadata).find(([name]) => isMarker(name))?.[1];
  const [id, ofEtag] = marker?.split(" ") ?? [];
  return id === instanceId && (etag === undefined || ofEtag === bareEtag(etag));
}

function isMarker(name: string): boolean {
  return name.toLowerCase() === markerName;
}

/** What is to be done for the destination before our snapshots of it can go. */
export type RollbackStep =
  /** Nothing: our copy succeeded, none was started, or somebody else has written it since. */
  | { kind: "nothing" }
  /** The empty blob that our copy left behind is to be written over, while it has this ETag. */
  | { kind: "promote"; etag: string; snapshot: SnapshotProperties }
  /** The promotion has not ended yet; `startedAt` in epoch ms. */
  | { kind: "wait"; startedAt: number }
  /** The former content is back; our marker is still on it. */
  | { kind: "unmark"; etag: string }
  /** Nobody knows how our copy will end: the snapshot may still be all there is. */
  | { kind: "keep" }
  /** What our copy left behind has no snapshot that could replace it. */
  | { kind: "give-up" };

/**
 * Only what carries our copyId, or our marker, is ever written over: a foreign writer's content is never
 * rolled back. The marker comes with the snapshot's metadata when it is copied onto its base.
 */
export function nextRollbackStep(
  copy: { instanceId: string; plan: CopyPlan | null; copyId: string | null; result: CopyResult },
  seen: DestinationProperties | null,
  snapshots: readonly SnapshotProperties[],
): RollbackStep {
  if (seen === null) return { kind: "nothing" };
  const { instanceId } = copy;
  if (copy.result.kind === "success") {
    // A blob that was copied onto itself has its metadata from our snapshot, marker and all.
    const isMarked = seen.copy?.copyId === copy.copyId && isSnapshotBy(seen, { instanceId });
    return isMarked ? { kind: "unmark", etag: seen.etag } : { kind: "nothing" };
  }
  const etag = copy.plan?.destinationEtag ?? null;
  const snapshot =
    etag === null ? undefined : snapshots.find((each) => isSnapshotBy(each, { instanceId, etag }));
  const restore: RollbackStep =
    snapshot === undefined ? { kind: "give-up" } : { kind: "promote", etag: seen.etag, snapshot };
  if (isSnapshotBy(seen, { instanceId })) {
    const status = seen.copy?.status ?? null;
    if (status === "pending") return { kind: "wait", startedAt: seen.lastModified };
    return status === "success" || status === null ? { kind: "unmark", etag: seen.etag } : restore;
  }
  if (copy.copyId !== null && seen.copy?.copyId === copy.copyId && seen.copy.status === "pending") {
    return { kind: "keep" };
  }
  if (etag === null || !isLeftBehind(copy, seen)) return { kind: "nothing" };
  return restore;
}

function isLeftBehind(
  { copyId, result }: { copyId: string | null; result: CopyResult },
  { copy, etag }: DestinationProperties,
): boolean {
  if (copyId === null || copy?.copyId !== copyId) return false;
  if (copy.status === "failed" || copy.status === "aborted") return true;
  return result.kind === "failed" && result.etag === etag; // complete, but not what was planned
}
