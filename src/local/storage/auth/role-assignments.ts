import { requiredPermission } from "./operation-permissions.ts";
import type { OperationName } from "../http/rest-operation.ts";
import type { Resource, ServiceName } from "../http/storage-request.ts";

/**
 * A role of the emulator's identity, on an account or on one container or share of it (pages
 * "Assign an Azure role for access to blob data" and "Enable access to Azure file shares using OAuth
 * over REST").
 */
export type RoleAssignment = { account: string } & (
  | { role: BlobRole; container?: string }
  | { role: FileRole; share?: string }
);

type BlobRole =
  | "Storage Blob Data Owner"
  | "Storage Blob Data Contributor"
  | "Storage Blob Data Reader"
  | "Storage Blob Delegator";

type FileRole =
  | "Storage File Data Privileged Contributor"
  | "Storage File Data Privileged Reader"
  | "Storage File Delegator";

type RequestedAccess = { operation: OperationName; service: ServiceName; resource: Resource };

/**
 * Returns true if the roles allow an operation: readers read and list, contributors also write, owners also use tags.
 */
export function rolesAllow(
  roles: readonly RoleAssignment[],
  { operation, service, resource }: RequestedAccess,
): boolean {
  const known = rolesFor(operation, service);
  const isAccountAction = operation === "GetUserDelegationKey";
  return roles.some(
    (assignment) =>
      known.includes(assignment.role) &&
      (isAccountAction ? isOnAccount(assignment, resource) : covers(assignment, resource)),
  );
}

/** `generateUserDelegationKey` is an action of the account: a role on a container or share does not include it. */
function isOnAccount(assignment: RoleAssignment, { account }: Resource): boolean {
  return assignment.account === account && scopeOf(assignment) === undefined;
}

function covers(assignment: RoleAssignment, resource: Resource): boolean {
  const part = scopeOf(assignment);
  const requested =
    "container" in resource ? resource.container : "share" in resource ? resource.share : undefined;
  return assignment.account === resource.account && (part === undefined || part === requested);
}

function scopeOf(assignment: RoleAssignment): string | undefined {
  if ("container" in assignment) return assignment.container;
  return "share" in assignment ? assignment.share : undefined;
}

function rolesFor(operation: OperationName, service: ServiceName): RoleAssignment["role"][] {
  const need = requiredPermission(operation);
  if (service === "file") {
    if (operation === "GetUserDelegationKey") return ["Storage File Delegator"];
    // Roles on file data cover the contents of shares, not shares themselves.
    const isInShare = need?.resourceType === "o" || insideShares.has(operation);
    return need !== undefined && isInShare ? fileRoles(need.anyOf) : [];
  }
  if (operation === "GetUserDelegationKey") return [...blobRoles("r"), "Storage Blob Delegator"];
  return need === undefined ? [] : blobRoles(need.anyOf);
}

const insideShares: ReadonlySet<OperationName> = new Set([
  "ListDirectoriesAndFiles",
  "CreatePermission",
  "GetPermission",
]);

/**
 * Returns the roles that include the permission that a SAS would need. Tags have separate data actions (page "Set Blob
 * Tags").
 */
function blobRoles(anyOf: string): BlobRole[] {
  if (anyOf === "t") return ["Storage Blob Data Owner"];
  const writers: BlobRole[] = ["Storage Blob Data Owner", "Storage Blob Data Contributor"];
  return anyOf === "r" || anyOf === "l" ? [...writers, "Storage Blob Data Reader"] : writers;
}

function fileRoles(anyOf: string): FileRole[] {
  const writers: FileRole[] = ["Storage File Data Privileged Contributor"];
  return anyOf === "r" || anyOf === "l"
    ? [...writers, "Storage File Data Privileged Reader"]
    : writers;
}
