import { toCopyId } from "../copy/contract/ids.ts";
import { fromDate } from "../copy/time.ts";
import { parseProgress } from "../copy/contract/copy-status.ts";
import type { CopyStatusName } from "../copy/contract/copy-status.ts";
import type { CopyProperties, ShownProperties } from "../copy/contract/properties.ts";

/** The x-ms-copy-* headers as both SDKs name them. */
export type CopyHeaders = {
  copyId?: string;
  // The SDKs' types allow only the same four values.
  copyStatus?: CopyStatusName;
  copyProgress?: string;
  copyCompletedOn?: Date;
  copyStatusDescription?: string;
  copySource?: string;
};

/** Returns the last copy onto a blob or file; null if it was written since. */
export function copyProperties(properties: CopyHeaders): CopyProperties | null {
  const { copyId, copyStatus } = properties;
  if (copyId === undefined || copyStatus === undefined) return null;
  return {
    copyId: toCopyId(copyId),
    status: copyStatus,
    progress: parseProgress(properties.copyProgress),
    completedAt: properties.copyCompletedOn ? fromDate(properties.copyCompletedOn) : null,
    description: properties.copyStatusDescription ?? null,
    source: properties.copySource ?? "",
  };
}

/** The properties of a blob that a copy's options set, as the SDK names them. */
type ShownHeaders = {
  metadata?: Record<string, string>;
  accessTier?: string;
  tagCount?: number;
  immutabilityPolicyExpiresOn?: Date;
  legalHold?: boolean;
};

/** Returns the properties of a blob that a copy's options set. */
export function shownProperties(properties: ShownHeaders): ShownProperties {
  return {
    metadata: properties.metadata ?? {},
    tier: properties.accessTier ?? null,
    tagCount: properties.tagCount ?? null,
    hasPolicy: properties.immutabilityPolicyExpiresOn !== undefined,
    hasLegalHold: properties.legalHold === true,
  };
}

/** Returns Content-MD5 in base64; null if Storage does not know it. */
export function contentMd5({ contentMD5 }: { contentMD5?: Uint8Array }): string | null {
  return contentMD5 === undefined ? null : Buffer.from(contentMD5).toString("base64");
}
