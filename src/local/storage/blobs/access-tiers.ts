import { saveBlob, type Blob, type BlobType, type Rehydration } from "../store/blob-rows.ts";
import { httpDate } from "../http/http-dates.ts";
import { requireBlob } from "./blob-address.ts";
import type { Call } from "../calls/operation-call.ts";
import { meetsTagCondition } from "../calls/request-conditions.ts";
import type { CopySettings } from "../pending-copies/copy-settings.ts";
import { invalidHeader, missingHeader, type Headers } from "../http/request-headers.ts";
import { StorageError } from "../http/rest-errors.ts";
import { requireLeaseForRead } from "../leases/lease-rules.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import { requireNoPendingCopy } from "./blob-writes.ts";

type ChosenTier = Pick<Blob, "accessTier" | "tierChangedAt">;
type Tiered = ChosenTier & Pick<Blob, "rehydration">;

/** The default tier of all accounts, for blobs without an explicit tier. */
export const defaultAccessTier = "Hot";

const blockTiers = new Set(["Hot", "Cool", "Cold", "Archive", "Smart"]);
const pageTiers = new Set(
  ["4", "6", "10", "15", "20", "30", "40", "50", "60", "70", "80"].map((size) => `P${size}`),
);

/** The tier at `now`, after completed rehydrations. */
export function tierAt({ accessTier, tierChangedAt, rehydration }: Tiered, now: number): Tiered {
  if (rehydration === null || rehydration.doneAt > now) {
    return { accessTier, tierChangedAt, rehydration };
  }
  return { accessTier: rehydration.to, tierChangedAt: rehydration.doneAt, rehydration: null };
}

/** The requested tier; undefined if none was sent. Append blobs cannot have one. */
function readAccessTier(headers: Headers, blobType: BlobType): string | undefined {
  const tier = headers["x-ms-access-tier"];
  if (tier === undefined) return undefined;
  const known =
    (blobType === "BlockBlob" && blockTiers.has(tier)) ||
    (blobType === "PageBlob" && pageTiers.has(tier));
  if (!known) throw invalidHeader("x-ms-access-tier", tier);
  return tier;
}

/**
 * The tier after a write without a tier: "overwriting the destination blob will inherit Hot/Cool tier
 * from the destination" (REST page "Copy Blob"). A blob in the archive tier gets the default.
 */
export function inheritedTier(existing: Blob | undefined, now: number): ChosenTier {
  if (existing === undefined) return defaultTier;
  const { accessTier, tierChangedAt } = tierAt(existing, now);
  return accessTier === "Archive" ? defaultTier : { accessTier, tierChangedAt };
}

/** No tier was ever set. */
export const defaultTier: ChosenTier = { accessTier: null, tierChangedAt: null };

/** The tier that a write requests; undefined if it requests none. */
export function requestedTier(
  headers: Headers,
  { blobType, now }: { blobType: BlobType; now: number },
): ChosenTier | undefined {
  const accessTier = readAccessTier(headers, blobType);
  return accessTier === undefined ? undefined : { accessTier, tierChangedAt: now };
}

/** Throws the service's 409 for a blob in the archive tier, or while it is rehydrated. */
export function requireOnline(blob: Blob, now: number): void {
  const { accessTier, rehydration } = tierAt(blob, now);
  if (rehydration !== null) throw new StorageError("BlobBeingRehydrated");
  if (accessTier === "Archive") throw new StorageError("BlobArchived");
}

/** A rehydration that starts at `now`; its duration is a setting. */
export function startRehydration(
  headers: Headers,
  { to, now, settings }: { to: string; now: number; settings: CopySettings },
): Rehydration {
  const priority = readPriority(headers);
  return { to, priority, doneAt: now + settings.rehydrationMs[priority] };
}

/** "The default priority without this header is Standard" (REST page "Set Blob Tier"). */
function readPriority(headers: Headers): Rehydration["priority"] {
  const priority = headers["x-ms-rehydrate-priority"] ?? "Standard";
  if (priority === "Standard" || priority === "High") return priority;
  throw invalidHeader("x-ms-rehydrate-priority", priority);
}

/**
 * REST page "Set Blob Tier": 200, or 202 for a rehydration from the archive tier, which takes hours. ETag
 * and last modification do not change. During a rehydration, only its priority can be raised.
 */
export function setBlobTier(call: Call): StorageResponse {
  const { request, store, now, copies } = call;
  const { headers } = request;
  const blob = requireBlob(call);
  const to = readAccessTier(headers, blob.blobType);
  if (to === undefined) throw missingHeader("x-ms-access-tier");
  if (!meetsTagCondition(headers, blob, "")) throw new StorageError("ConditionNotMet");
  requireNoPendingCopy(blob);
  requireLeaseForRead(blob.lease, { given: headers["x-ms-lease-id"], now });

  const current = tierAt(blob, now);
  if (current.accessTier !== "Archive" || to === "Archive") {
    if (current.rehydration !== null) throw new StorageError("BlobBeingRehydrated");
    saveBlob(store, { ...blob, accessTier: to, tierChangedAt: now, rehydration: null });
    return { status: 200 };
  }
  const started = startRehydration(headers, { to, now, settings: copies });
  const isRaised = current.rehydration?.to === to && started.priority === "High";
  if (current.rehydration !== null && !isRaised) throw new StorageError("BlobBeingRehydrated");
  const doneAt = Math.min(started.doneAt, current.rehydration?.doneAt ?? Infinity);
  saveBlob(store, { ...blob, ...current, rehydration: { ...started, doneAt } });
  return { status: 202 };
}

/** The tier values of reads and listings (REST page "Get Blob Properties"). Append blobs report the inferred tier. */
export function describeTier(blob: Blob, now: number): TierDescription {
  const { accessTier, tierChangedAt, rehydration } = tierAt(blob, now);
  if (blob.blobType === "PageBlob" && accessTier === null) return {};
  return {
    accessTier: accessTier ?? defaultAccessTier,
    isInferred: accessTier === null ? "true" : undefined,
    archiveStatus: rehydration ? `rehydrate-pending-to-${rehydration.to.toLowerCase()}` : undefined,
    rehydratePriority: rehydration?.priority,
    changedAt: tierChangedAt === null ? undefined : httpDate(tierChangedAt),
  };
}

type TierDescription = {
  accessTier?: string;
  isInferred?: string | undefined;
  archiveStatus?: string | undefined;
  rehydratePriority?: string | undefined;
  changedAt?: string | undefined;
};

/** The tier headers of Get Blob and Get Blob Properties. */
export function tierHeaders(blob: Blob, now: number): Record<string, string | undefined> {
  const tier = describeTier(blob, now);
  return {
    "x-ms-access-tier": tier.accessTier,
    "x-ms-access-tier-inferred": tier.isInferred,
    "x-ms-access-tier-change-time": tier.changedAt,
    "x-ms-archive-status": tier.archiveStatus,
    "x-ms-rehydrate-priority": tier.rehydratePriority,
  };
}
