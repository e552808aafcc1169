import { bareEtag } from "../location/etag.ts";
import type { Ending } from "../contract/outcome.ts";
import type { DestinationSeen, SnapshotSeen } from "../contract/properties.ts";
import type { CopyPlan } from "../contract/activities.ts";

/**
 * Metadata that marks a snapshot as ours: which copy took it, and of which state of the destination.
 * Lower case, because headers come back so; a C# identifier, because Storage takes no other name.
 */
const markerName = "ferryrollback";

/** Marks a snapshot of the destination as it was with this ETag. */
export function marked(
  metadata: Record<string, string>,
  { instanceId, etag }: { instanceId: string; etag: string },
): Record<string, string> {
  return { ...metadata, [markerName]: `${instanceId} ${bareEtag(etag)}` };
}

/** The metadata as it was before it was marked. */
export function unmarked(metadata: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !isMarker(name)));
}

/** Whether the copy `instanceId` took this snapshot; with `etag`, of that state of the destination. */
export function isSnapshotOf(
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
export type Rollback =
  /** Nothing: our copy succeeded, none was started, or somebody else has written it since. */
  | { do: "nothing" }
  /** The empty blob that our copy left behind is to be written over, while it has this ETag. */
  | { do: "promote"; etag: string; snapshot: SnapshotSeen }
  /** The promotion has not ended yet; `startedAt` in epoch ms. */
  | { do: "wait"; startedAt: number }
  /** The former content is back; our marker is still on it. */
  | { do: "unmark"; etag: string }
  /** Nobody knows how our copy will end: the snapshot may still be all there is. */
  | { do: "keep" }
  /** What our copy left behind has no snapshot that could replace it. */
  | { do: "give-up" };

/**
 * Only what carries our copyId, or our marker, is ever written over: a foreign writer's content is never
 * rolled back. The marker comes with the snapshot's metadata when it is copied onto its base.
 */
export function rollbackOf(
  copy: { instanceId: string; plan: CopyPlan | null; copyId: string | null; ending: Ending },
  seen: DestinationSeen | null,
  snapshots: readonly SnapshotSeen[],
): Rollback {
  if (seen === null) return { do: "nothing" };
  const { instanceId } = copy;
  if (copy.ending.state === "success") {
    // A blob that was copied onto itself has its metadata from our snapshot, marker and all.
    const isMarked = seen.copy?.copyId === copy.copyId && isSnapshotOf(seen, { instanceId });
    return isMarked ? { do: "unmark", etag: seen.etag } : { do: "nothing" };
  }
  const etag = copy.plan?.destinationEtag ?? null;
  const snapshot =
    etag === null ? undefined : snapshots.find((each) => isSnapshotOf(each, { instanceId, etag }));
  const restore: Rollback =
    snapshot === undefined ? { do: "give-up" } : { do: "promote", etag: seen.etag, snapshot };
  if (isSnapshotOf(seen, { instanceId })) {
    const status = seen.copy?.status ?? null;
    if (status === "pending") return { do: "wait", startedAt: seen.lastModified };
    return status === "success" || status === null ? { do: "unmark", etag: seen.etag } : restore;
  }
  if (copy.copyId !== null && seen.copy?.copyId === copy.copyId && seen.copy.status === "pending") {
    return { do: "keep" };
  }
  if (etag === null || !isLeftBehind(copy, seen)) return { do: "nothing" };
  return restore;
}

function isLeftBehind(
  { copyId, ending }: { copyId: string | null; ending: Ending },
  { copy, etag }: DestinationSeen,
): boolean {
  if (copyId === null || copy?.copyId !== copyId) return false;
  if (copy.status === "failed" || copy.status === "aborted") return true;
  return ending.state === "failed" && ending.etag === etag; // complete, but not what was planned
}
