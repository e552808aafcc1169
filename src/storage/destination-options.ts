import type { BlobBeginCopyFromURLOptions } from "@azure/storage-blob";
import { parseTime, toDate } from "../copy/time.ts";
import type { StartOptions } from "./copy-client.ts";

/** The options that describe the destination, for the SDK. */
export function destinationOptions(options: DestinationOptions): BlobBeginCopyFromURLOptions {
  const { metadata, tags, tier, rehydratePriority, immutabilityPolicy } = options;
  return {
    ...(metadata === null ? {} : { metadata }),
    // The SDK would send an empty object as an empty header.
    ...(tags === null || Object.keys(tags).length === 0 ? {} : { tags }),
    ...(tier === null ? {} : { tier }),
    ...(rehydratePriority === null ? {} : { rehydratePriority }),
    ...(options.sealBlob ? { sealBlob: true } : {}),
    ...(options.legalHold ? { legalHold: true } : {}),
    ...(immutabilityPolicy === null
      ? {}
      : {
          immutabilityPolicy: {
            expiriesOn: toDate(parseTime(immutabilityPolicy.until)),
            policyMode: immutabilityPolicy.mode,
          },
        }),
  };
}

type DestinationOptions = Pick<
  StartOptions,
  "metadata" | "tier" | "rehydratePriority" | "sealBlob" | "legalHold" | "immutabilityPolicy"
> & { tags: Readonly<Record<string, string>> | null };
