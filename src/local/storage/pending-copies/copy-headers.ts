import type { Blob } from "../store/blob-rows.ts";
import { httpDate } from "../http/http-dates.ts";
import type { File } from "../store/file-rows.ts";
import { findPendingCopy, publishedBytes } from "./pending-copies.ts";
import type { Store } from "../store/store.ts";

/**
 * The `x-ms-copy-*` headers of a blob or file at `now` (REST pages "Get Blob Properties" and "Get File
 * Properties").
 */
export function copyHeaders(store: Store, object: Blob | File, now: number): CopyHeaders {
  const { copy } = object;
  if (copy === null) return {};
  const pending = copy.status === "pending" ? findPendingCopy(store, object) : undefined;
  const bytesCopied = copy.status === "pending" ? 0 : copy.bytesCopied;
  const description = "description" in copy ? copy.description : null;
  return {
    "x-ms-copy-id": copy.id,
    "x-ms-copy-source": copy.source,
    "x-ms-copy-status": copy.status,
    "x-ms-copy-progress": `${pending ? publishedBytes(pending, now) : bytesCopied}/${copy.total}`,
    ...(copy.status !== "pending" && { "x-ms-copy-completion-time": httpDate(copy.completedAt) }),
    ...(description !== null && { "x-ms-copy-status-description": description }),
  };
}

type CopyHeaders = Partial<
  Record<
    | "x-ms-copy-id"
    | "x-ms-copy-source"
    | "x-ms-copy-status"
    | "x-ms-copy-progress"
    | "x-ms-copy-completion-time"
    | "x-ms-copy-status-description",
    string
  >
>;
