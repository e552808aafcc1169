import type { BlobItem } from "@azure/storage-blob";
import { bareEtag } from "../../copy/location/etag.ts";
import { fromDate } from "../../copy/time.ts";
import type { JobCopyProperties, ListedBlob } from "../../jobs/contract/storage.ts";
import { copyProperties } from "../copy-properties.ts";
import type { CopyHeaders } from "../copy-properties.ts";

/** Converts a blob of List Blobs. */
export function toListedBlob({ name, properties, metadata, tags }: BlobItem): ListedBlob {
  return {
    name,
    etag: bareEtag(properties.etag),
    length: properties.contentLength ?? 0,
    lastModified: fromDate(properties.lastModified),
    blobType: properties.blobType ?? "BlockBlob",
    tier: properties.accessTier ?? null,
    isTierInferred: properties.accessTierInferred === true,
    archived: isArchived(properties),
    contentMd5: toBase64(properties.contentMD5),
    isLeased: properties.leaseState === "leased" || properties.leaseState === "breaking",
    tagCount: properties.tagCount ?? 0,
    tags: tags ?? {},
    isRetained:
      properties.immutabilityPolicyExpiresOn !== undefined || properties.legalHold === true,
    // The Data Lake driver's marker of a folder, in any case ("hdi_isfolder").
    isFolder: Object.entries(metadata ?? {}).some(
      ([key, value]) => key.toLowerCase() === "hdi_isfolder" && value === "true",
    ),
    copy: toCopyProperties(properties),
  };
}

/** A blob that is being rehydrated cannot be read either; its tier is still `Archive`. */
export function isArchived({ accessTier }: { accessTier?: string }): boolean {
  return accessTier === "Archive";
}

export function toBase64(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined || bytes.length === 0 ? null : Buffer.from(bytes).toString("base64");
}

/** Returns the copy properties, with a source that contains no secret. */
export function toCopyProperties(properties: CopyHeaders): JobCopyProperties | null {
  const copy = copyProperties(properties);
  return copy === null ? null : { ...copy, source: withoutSecrets(copy.source) };
}

/** Keeps only the parts that select an object, and those that show which SAS reads it without giving access. */
function withoutSecrets(url: string): string {
  const [base = "", query = ""] = url.split("?", 2);
  const kept = query
    .split("&")
    .filter((pair) => /^(snapshot|versionid|sharesnapshot|sv|scid)=/i.test(pair));
  return kept.length === 0 ? base : `${base}?${kept.join("&")}`;
}
