import { fileOperations } from "./file-operations.ts";
import type { OperationRow } from "./operation-row.ts";
import type { ServiceName, StorageRequest } from "./storage-request.ts";

/** A REST operation by its page's name without the spaces: "CopyBlob" is the page "Copy Blob". */
export type OperationName =
  | (typeof blobOperations)[number]["name"]
  | (typeof fileOperations)[number]["name"]
  | "UnknownOperation";

/** Which REST operation a request is, from method, resource, `restype`, `comp` and headers. */
export function identifyOperation(
  request: Pick<StorageRequest, "service" | "method" | "resource" | "query" | "headers">,
): OperationName {
  const restype = request.query.get("restype") ?? "";
  const comp = request.query.get("comp") ?? "";
  const found = operations[request.service].find(
    (row) =>
      row.on === request.resource.level &&
      row.methods.split(" ").includes(request.method) &&
      (row.restype ?? "") === restype &&
      (row.comp ?? "") === comp &&
      (row.sent ?? []).every(([name, value]) => {
        const sent = request.headers[name]?.toLowerCase();
        return sent !== undefined && (value === undefined || sent === value);
      }),
  );
  // The rows are the list that OperationName is read from.
  return (found?.name as OperationName | undefined) ?? "UnknownOperation";
}

/** The operation's name as its REST page writes it. */
export function restName(operation: OperationName): string {
  return operation
    .replace(/(?<=[a-z])(?=[A-Z])/g, " ")
    .replace(/\bUrl\b/, "URL")
    .replace(/\bAcl\b/, "ACL");
}

const blobOperations = [
  { name: "ListContainers", on: "service", methods: "GET", comp: "list" },
  {
    name: "GetBlobServiceProperties",
    on: "service",
    methods: "GET",
    restype: "service",
    comp: "properties",
  },
  {
    name: "SetBlobServiceProperties",
    on: "service",
    methods: "PUT",
    restype: "service",
    comp: "properties",
  },
  { name: "GetBlobServiceStats", on: "service", methods: "GET", restype: "service", comp: "stats" },
  {
    name: "GetAccountInformation",
    on: "service",
    methods: "GET HEAD",
    restype: "account",
    comp: "properties",
  },
  {
    name: "GetUserDelegationKey",
    on: "service",
    methods: "POST",
    restype: "service",
    comp: "userdelegationkey",
  },
  { name: "FindBlobsByTags", on: "service", methods: "GET", comp: "blobs" },
  { name: "BlobBatch", on: "service", methods: "POST", comp: "batch" },
  { name: "CreateContainer", on: "container", methods: "PUT", restype: "container" },
  { name: "GetContainerProperties", on: "container", methods: "GET HEAD", restype: "container" },
  { name: "DeleteContainer", on: "container", methods: "DELETE", restype: "container" },
  { name: "ListBlobs", on: "container", methods: "GET", restype: "container", comp: "list" },
  {
    name: "GetContainerMetadata",
    on: "container",
    methods: "GET HEAD",
    restype: "container",
    comp: "metadata",
  },
  {
    name: "SetContainerMetadata",
    on: "container",
    methods: "PUT",
    restype: "container",
    comp: "metadata",
  },
  {
    name: "GetContainerAcl",
    on: "container",
    methods: "GET HEAD",
    restype: "container",
    comp: "acl",
  },
  { name: "SetContainerAcl", on: "container", methods: "PUT", restype: "container", comp: "acl" },
  { name: "LeaseContainer", on: "container", methods: "PUT", restype: "container", comp: "lease" },
  {
    name: "RestoreContainer",
    on: "container",
    methods: "PUT",
    restype: "container",
    comp: "undelete",
  },
  {
    name: "FindBlobsByTagsInContainer",
    on: "container",
    methods: "GET",
    restype: "container",
    comp: "blobs",
  },
  { name: "BlobBatch", on: "container", methods: "POST", restype: "container", comp: "batch" },
  { name: "GetBlob", on: "blob", methods: "GET" },
  { name: "GetBlobProperties", on: "blob", methods: "HEAD" },
  { name: "DeleteBlob", on: "blob", methods: "DELETE" },
  { name: "CopyBlobFromUrl", on: "blob", methods: "PUT", sent: [["x-ms-requires-sync", "true"]] },
  {
    name: "PutBlobFromUrl",
    on: "blob",
    methods: "PUT",
    sent: [["x-ms-copy-source"], ["x-ms-blob-type"]],
  },
  { name: "CopyBlob", on: "blob", methods: "PUT", sent: [["x-ms-copy-source"]] },
  { name: "PutBlob", on: "blob", methods: "PUT" },
  { name: "AbortCopyBlob", on: "blob", methods: "PUT", comp: "copy" },
  { name: "IncrementalCopyBlob", on: "blob", methods: "PUT", comp: "incrementalcopy" },
  {
    name: "PutBlockFromUrl",
    on: "blob",
    methods: "PUT",
    comp: "block",
    sent: [["x-ms-copy-source"]],
  },
  { name: "PutBlock", on: "blob", methods: "PUT", comp: "block" },
  { name: "PutBlockList", on: "blob", methods: "PUT", comp: "blocklist" },
  { name: "GetBlockList", on: "blob", methods: "GET", comp: "blocklist" },
  { name: "LeaseBlob", on: "blob", methods: "PUT", comp: "lease" },
  { name: "SetBlobMetadata", on: "blob", methods: "PUT", comp: "metadata" },
  { name: "GetBlobMetadata", on: "blob", methods: "GET HEAD", comp: "metadata" },
  { name: "SetBlobProperties", on: "blob", methods: "PUT", comp: "properties" },
  { name: "SetBlobTier", on: "blob", methods: "PUT", comp: "tier" },
  { name: "SetBlobTags", on: "blob", methods: "PUT", comp: "tags" },
  { name: "GetBlobTags", on: "blob", methods: "GET", comp: "tags" },
  { name: "SetBlobExpiry", on: "blob", methods: "PUT", comp: "expiry" },
  { name: "SetBlobImmutabilityPolicy", on: "blob", methods: "PUT", comp: "immutabilityPolicies" },
  {
    name: "DeleteBlobImmutabilityPolicy",
    on: "blob",
    methods: "DELETE",
    comp: "immutabilityPolicies",
  },
  { name: "SetBlobLegalHold", on: "blob", methods: "PUT", comp: "legalhold" },
  { name: "SnapshotBlob", on: "blob", methods: "PUT", comp: "snapshot" },
  { name: "UndeleteBlob", on: "blob", methods: "PUT", comp: "undelete" },
  { name: "QueryBlobContents", on: "blob", methods: "POST", comp: "query" },
  {
    name: "AppendBlockFromUrl",
    on: "blob",
    methods: "PUT",
    comp: "appendblock",
    sent: [["x-ms-copy-source"]],
  },
  { name: "AppendBlock", on: "blob", methods: "PUT", comp: "appendblock" },
  { name: "AppendBlobSeal", on: "blob", methods: "PUT", comp: "seal" },
  {
    name: "PutPageFromUrl",
    on: "blob",
    methods: "PUT",
    comp: "page",
    sent: [["x-ms-copy-source"]],
  },
  { name: "PutPage", on: "blob", methods: "PUT", comp: "page" },
  { name: "GetPageRanges", on: "blob", methods: "GET", comp: "pagelist" },
] as const satisfies readonly OperationRow[];

const operations: Readonly<Record<ServiceName, readonly OperationRow[]>> = {
  blob: blobOperations,
  file: fileOperations,
};
