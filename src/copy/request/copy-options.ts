import { z } from "zod";
import { conditionsShape } from "./conditions.ts";
import type { Conditions } from "./conditions.ts";
import { utcTime } from "../time.ts";
import { fileOptionsShape } from "./file-options.ts";
import type { FileOptions } from "./file-options.ts";
import { parseMetadata } from "./metadata.ts";
import { parseTags } from "./tags.ts";

export type CopyOptions = {
  /** What to do when the destination exists. Storage's behavior is `always`. */
  overwrite: "fail" | "skip" | "if-newer" | "always";
  /**
   * What to do when another copy onto the destination is pending. `wait` tries again until it has ended,
   * for at most two weeks. `replace` aborts a copy that Ferry did not start. It waits for a copy that Ferry
   * started, because no request aborts another request's copy.
   */
  ifBusy: "fail" | "wait" | "replace";
  /**
   * `snapshot` takes a snapshot of the destination before it is overwritten, and restores it when the copy
   * fails or is aborted. A copy onto itself always does this, and copies from that snapshot.
   */
  rollback: "off" | "snapshot";
  /** x-ms-access-tier; null lets Storage choose. */
  tier: string | null;
  /** x-ms-rehydrate-priority, for an archived source; null lets Storage choose. */
  rehydratePriority: "High" | "Standard" | null;
  /** x-ms-meta-*; null copies the source's metadata, an object replaces all of it. */
  metadata: Record<string, string> | null;
  /** x-ms-tags; null sets none, as Copy Blob does; `source` reads the source's tags and sets them. */
  tags: Record<string, string> | "source" | null;
  /** x-ms-seal-blob, for append blobs. */
  sealBlob: boolean;
  /** x-ms-immutability-policy-until-date (ISO 8601) and -mode. */
  immutabilityPolicy: { until: string; mode: "Unlocked" | "Locked" } | null;
  /** x-ms-legal-hold. */
  legalHold: boolean;
  /** Conditions on the source and destination when the copy is started, in addition to those of the plan. */
  sourceConditions: Conditions | null;
  destinationConditions: Conditions | null;
  /** `hold` takes an infinite lease on the source, and releases it after the copy, regardless of its outcome. */
  sourceLease: "off" | "hold";
  /** x-ms-lease-id: the infinite lease that the caller holds on the destination. */
  destinationLease: string | null;
  /** Options for a destination in Azure Files. */
  file: FileOptions | null;
};

/** The default of each option, also for inputs that an older release wrote without the option. */
export const optionsOff: CopyOptions = {
  overwrite: "fail",
  ifBusy: "fail",
  rollback: "off",
  tier: null,
  rehydratePriority: null,
  metadata: null,
  tags: null,
  sealBlob: false,
  immutabilityPolicy: null,
  legalHold: false,
  sourceConditions: null,
  destinationConditions: null,
  sourceLease: "off",
  destinationLease: null,
  file: null,
};

/** "Copy Blob", x-ms-access-tier: tiers of block blobs are names, those of premium page blobs are sizes. */
const tiersByBlobType: Readonly<Record<string, readonly string[]>> = {
  BlockBlob: ["Hot", "Cool", "Cold", "Archive", "Smart"],
  PageBlob: ["P4", "P6", "P10", "P15", "P20", "P30", "P40", "P50", "P60", "P70", "P80"],
};
const tiers = Object.values(tiersByBlobType).flat();

/** Returns true if blobs of this type (x-ms-blob-type) have this tier. */
export function isTierOf(blobType: string, tier: string): boolean {
  return tiersByBlobType[blobType]?.includes(tier) === true;
}

/** The options of a request, all optional. `metadata` and `tags` are parsed separately. */
export const optionsShape = z.strictObject({
  overwrite: z.enum(["fail", "skip", "if-newer", "always"]).exactOptional(),
  ifBusy: z.enum(["fail", "wait", "replace"]).exactOptional(),
  rollback: z.enum(["off", "snapshot"]).exactOptional(),
  tier: z.enum(tiers).exactOptional(),
  rehydratePriority: z.enum(["High", "Standard"]).exactOptional(),
  metadata: z.unknown().optional(),
  tags: z.unknown().optional(),
  sealBlob: z.boolean().exactOptional(),
  immutabilityPolicy: z
    .strictObject({ until: utcTime, mode: z.enum(["Unlocked", "Locked"]) })
    .exactOptional(),
  legalHold: z.boolean().exactOptional(),
  sourceConditions: conditionsShape.exactOptional(),
  destinationConditions: conditionsShape.exactOptional(),
  sourceLease: z.enum(["off", "hold"]).exactOptional(),
  // "Lease Blob", x-ms-proposed-lease-id
  destinationLease: z.guid({ error: "must be a lease id, which is a GUID" }).exactOptional(),
  file: fileOptionsShape.exactOptional(),
});

const { shape } = optionsShape;

/** Metadata and tags that the parser of a request accepts; null where the option is off. */
const storedMetadata = z
  .unknown()
  .refine((json) => json === null || parseMetadata(json, "", String).problems.length === 0);
const storedTags = z
  .unknown()
  .refine((json) => json === null || parseTags(json, "", String).problems.length === 0);

/** All options as Ferry stores them. */
export const storedOptionsShape = z.object({
  overwrite: shape.overwrite.unwrap(),
  ifBusy: shape.ifBusy.unwrap(),
  rollback: shape.rollback.unwrap(),
  tier: shape.tier.unwrap().nullable(),
  rehydratePriority: shape.rehydratePriority.unwrap().nullable(),
  metadata: storedMetadata,
  tags: storedTags,
  sealBlob: shape.sealBlob.unwrap(),
  immutabilityPolicy: shape.immutabilityPolicy.unwrap().nullable(),
  legalHold: shape.legalHold.unwrap(),
  sourceConditions: shape.sourceConditions.unwrap().nullable(),
  destinationConditions: shape.destinationConditions.unwrap().nullable(),
  sourceLease: shape.sourceLease.unwrap(),
  destinationLease: shape.destinationLease.unwrap().nullable(),
  file: shape.file.unwrap().nullable(),
});
