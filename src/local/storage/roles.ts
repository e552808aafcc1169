import { needOf } from "./access.ts";
import type { OperationName } from "./operation.ts";
import type { Resource } from "./request.ts";

/**
 * A role of the emulator's one identity, on an account or on one container of it (page "Assign an Azure
 * role for access to blob data").
 */
export type RoleAssignment = {
  role: "Storage Blob Data Reader" | "Storage Blob Data Contributor" | "Storage Blob Delegator";
  account: string;
  container?: string;
};

/** Whether the roles allow an operation: readers read and list, contributors do everything. */
export function rolesAllow(
  roles: readonly RoleAssignment[],
  { operation, resource }: { operation: OperationName; resource: Resource },
): boolean {
  if (operation === "GetUserDelegationKey") return givesKeys(roles, resource.account);
  const need = needOf(operation);
  if (need === undefined) return false;
  const reads = need.anyOf === "r" || need.anyOf === "l";
  return roles.some(
    ({ role, account, container }) =>
      account === resource.account &&
      (container === undefined || ("container" in resource && resource.container === container)) &&
      (role === "Storage Blob Data Contributor" || (role === "Storage Blob Data Reader" && reads)),
  );
}

/** `generateUserDelegationKey` is an action of the account: no role on a container holds it. */
function givesKeys(roles: readonly RoleAssignment[], name: string): boolean {
  return roles.some(({ account, container }) => account === name && container === undefined);
}
