import { fileOperations } from "./file-operations.ts";
import type { OperationRow } from "./operation-row.ts";
import type { ServiceName, StorageRequest } from "./storage-request.ts";

/** The name of a REST page without spaces: "CopyBlob" for the page "Copy Blob". */
export type OperationName =
  | (typeof blobOperations)[number]["name"]
  | (typeof fileOperations)[number]["name"]
  | "PreflightBlobRequest"
  | "PreflightFileRequest"
  | "UnknownOperation";

/** A CORS preflight has the method OPTIONS and the URL of the request that the browser wants to send. */
const preflights = { blob: "PreflightBlobRequest", file: "PreflightFileRequest" } as const;

/** Finds the REST operation of a request from its method, resource, `restype`, `comp` and headers. */
export function identifyOperation(
  request: Pick<StorageRequest, "service" | "method" | "resource" | "query" | "headers">,
): OperationName {
  if (request.method === "OPTIONS") return preflights[request.service];
  const restype = request.query.get("restype") ?? "";
  const comp = request.query.get("comp") ?? "";
  const found = operations[request.service].find(
    (row) =>
      row.level === request.resource.level &&
      row.methods.split(" ").includes(request.method) &&
      (row.restype ?? "") === restype &&
      (row.comp ?? "") === comp &&
      (row.headers ?? []).every(([name, value]) => {
        const sent = request.headers[name]?.toLowerCase();
        return sent !== undefined && (value === undefined || sent === value);
      }),
  );
  // OperationName is the union of the names in these rows.
  return (found?.name as OperationName | undefined) ?? "UnknownOperation";
}

/** How an operation is named to the caller: the title of its REST page or, if it has none, its request. */
export function describeOperation(
  operation: OperationName,
  { method, resource, query }: Pick<StorageRequest, "method" | "resource" | "query">,
): string {
  if (operation !== "UnknownOperation") return restName(operation);
  const parameters = ["restype", "comp"]
    .filter((name) => (query.get(name) ?? "") !== "")
    .map((name) => `${name}=${query.get(name)}`);
  const which = parameters.length === 0 ? "" : ` with ${parameters.join("&")}`;
  return `${method}${which} for a ${resource.level}`;
}

/** The title of the operation's REST page. */
export function restName(operation: OperationName): string {
  return operation
    .replace(/(?<=[a-z])(?=[A-Z])/g, " ")
    .replace(/\bUrl\b/, "URL")
    .replace(/\bAcl\b/, "ACL");
}

const blobOperations = [
  { name: "ListContainers", level: "service", methods: "GET", comp: "list" },
  {
    name: "GetBlobServiceProperties",
    level: "service",
    methods: "GET",
    restype: "service",
    comp: "properties",
  },
  {
    name: "SetBlobServiceProperties",
    level: "service",
    methods: "PUT",
    restype: "service",
    comp: "properties",
  },
  {
    name: "GetBlobServiceStats",
    level: "service",
    methods: "GET",
    restype: "service",
    comp: "stats",
  },
  {
    name: "GetAccountInformation",
    level: "service",
    methods: "GET HEAD",
    restype: "account",
    comp: "properties",
  },
  {
    name: "GetUserDelegationKey",
    level: "service",
    methods: "POST",
    restype: "service",
    comp: "userdelegationkey",
  },
  { name: "FindBlobsByTags", level: "service", methods: "GET", comp: "blobs" },
  { name: "BlobBatch", level: "service", methods: "POST", comp: "batch" },
  { name: "BlobBatch", level: "service", methods: "POST", restype: "container", comp: "batch" },
  {
    name: "GetAccountInformation",
    level: "container",
    methods: "GET HEAD",
    restype: "account",
    comp: "properties",
  },
  {
    name: "GetAccountInformation",
    level: "blob",
    methods: "GET HEAD",
    restype: "account",
    comp: "properties",
  },
  { name: "CreateContainer", level: "container", methods: "PUT", restype: "container" },
  { name: "GetContainerProperties", level: "container", methods: "GET HEAD", restype: "container" },
  { name: "DeleteContainer", level: "container", methods: "DELETE", restype: "container" },
  { name: "ListBlobs", level: "container", methods: "GET", restype: "container", comp: "list" },
  {
    name: "GetContainerMetadata",
    level: "container",
    methods: "GET HEAD",
    restype: "container",
    comp: "metadata",
  },
  {
    name: "SetContainerMetadata",
    level: "container",
    methods: "PUT",
    restype: "container",
    comp: "metadata",
  },
  {
    name: "GetContainerAcl",
    level: "container",
    methods: "GET HEAD",
    restype: "container",
    comp: "acl",
  },
  {
    name: "SetContainerAcl",
    level: "container",
    methods: "PUT",
    restype: "container",
    comp: "acl",
  },
  {
    name: "LeaseContainer",
    level: "container",
    methods: "PUT",
    restype: "container",
    comp: "lease",
  },
  {
    name: "RestoreContainer",
    level: "container",
    methods: "PUT",
    restype: "container",
    comp: "undelete",
  },
  {
    name: "RenameContainer",
    level: "container",
    methods: "PUT",
    restype: "container",
    comp: "rename",
  },
  {
    name: "FindBlobsByTagsInContainer",
    level: "container",
    methods: "GET",
    restype: "container",
    comp: "blobs",
  },
  { name: "BlobBatch", level: "container", methods: "POST", restype: "container", comp: "batch" },
  { name: "GetBlob", level: "blob", methods: "GET" },
  { name: "GetBlobProperties", level: "blob", methods: "HEAD" },
  { name: "DeleteBlob", level: "blob", methods: "DELETE" },
  {
    name: "CopyBlobFromUrl",
    level: "blob",
    methods: "PUT",
    headers: [["x-ms-requires-sync", "true"]],
  },
  {
    name: "PutBlobFromUrl",
    level: "blob",
    methods: "PUT",
    headers: [["x-ms-copy-source"], ["x-ms-blob-type"]],
  },
  { name: "CopyBlob", level: "blob", methods: "PUT", headers: [["x-ms-copy-source"]] },
  { name: "PutBlob", level: "blob", methods: "PUT" },
  { name: "AbortCopyBlob", level: "blob", methods: "PUT", comp: "copy" },
  { name: "IncrementalCopyBlob", level: "blob", methods: "PUT", comp: "incrementalcopy" },
  {
    name: "PutBlockFromUrl",
    level: "blob",
    methods: "PUT",
    comp: "block",
    headers: [["x-ms-copy-source"]],
  },
  { name: "PutBlock", level: "blob", methods: "PUT", comp: "block" },
  { name: "PutBlockList", level: "blob", methods: "PUT", comp: "blocklist" },
  { name: "GetBlockList", level: "blob", methods: "GET", comp: "blocklist" },
  { name: "LeaseBlob", level: "blob", methods: "PUT", comp: "lease" },
  { name: "SetBlobMetadata", level: "blob", methods: "PUT", comp: "metadata" },
  { name: "GetBlobMetadata", level: "blob", methods: "GET HEAD", comp: "metadata" },
  { name: "SetBlobProperties", level: "blob", methods: "PUT", comp: "properties" },
  { name: "SetBlobTier", level: "blob", methods: "PUT", comp: "tier" },
  { name: "SetBlobTags", level: "blob", methods: "PUT", comp: "tags" },
  { name: "GetBlobTags", level: "blob", methods: "GET", comp: "tags" },
  { name: "SetBlobExpiry", level: "blob", methods: "PUT", comp: "expiry" },
  {
    name: "SetBlobImmutabilityPolicy",
    level: "blob",
    methods: "PUT",
    comp: "immutabilityPolicies",
  },
  {
    name: "DeleteBlobImmutabilityPolicy",
    level: "blob",
    methods: "DELETE",
    comp: "immutabilityPolicies",
  },
  { name: "SetBlobLegalHold", level: "blob", methods: "PUT", comp: "legalhold" },
  { name: "SnapshotBlob", level: "blob", methods: "PUT", comp: "snapshot" },
  { name: "UndeleteBlob", level: "blob", methods: "PUT", comp: "undelete" },
  { name: "QueryBlobContents", level: "blob", methods: "POST", comp: "query" },
  {
    name: "AppendBlockFromUrl",
    level: "blob",
    methods: "PUT",
    comp: "appendblock",
    headers: [["x-ms-copy-source"]],
  },
  { name: "AppendBlock", level: "blob", methods: "PUT", comp: "appendblock" },
  { name: "AppendBlobSeal", level: "blob", methods: "PUT", comp: "seal" },
  {
    name: "PutPageFromUrl",
    level: "blob",
    methods: "PUT",
    comp: "page",
    headers: [["x-ms-copy-source"]],
  },
  { name: "PutPage", level: "blob", methods: "PUT", comp: "page" },
  { name: "GetPageRanges", level: "blob", methods: "GET", comp: "pagelist" },
] as const satisfies readonly OperationRow[];

const operations: Readonly<Record<ServiceName, readonly OperationRow[]>> = {
  blob: blobOperations,
  file: fileOperations,
};
