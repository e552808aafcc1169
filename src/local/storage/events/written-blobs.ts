import { findBlob } from "../store/blob-rows.ts";
import { findContainer } from "../store/container-rows.ts";
import type { OperationName } from "../http/rest-operation.ts";
import type { StorageRequest } from "../http/storage-request.ts";
import type { Store } from "../store/store.ts";
import { enqueueBlobCreated, type BlobCreated } from "./event-rows.ts";

/** Operations that create or replace a blob, and the `data.api` of their event. */
const apis: Partial<Record<OperationName, BlobCreated["api"]>> = {
  PutBlob: "PutBlob",
  PutBlockList: "PutBlockList",
  CopyBlob: "CopyBlob",
  CopyBlobFromUrl: "CopyBlob",
};

/** Enqueues the event of a completed request. Call it in the same transaction. */
export function enqueueWriteEvents({ request, operation, store, now }: CompletedRequest): void {
  const api = apis[operation];
  const { resource } = request;
  if (api === undefined || resource.level !== "blob") return;
  const container = findContainer(store, resource.account, resource.container);
  const blob = container && findBlob(store, container.id, resource.blob);
  if (blob === undefined) return;
  const isPending = blob.copy?.status === "pending";
  enqueueBlobCreated(store, blob, {
    api,
    requestId: request.id,
    at: now,
    namespace: isPending ? "hierarchical" : "any",
  });
}

type CompletedRequest = {
  request: StorageRequest;
  operation: OperationName;
  store: Store;
  now: number;
};
