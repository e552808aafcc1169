import { needOf } from "./access.ts";
import type { OperationName } from "./operation.ts";
import type { Resource } from "./request.ts";

/**
 * A role of the emulator's one identity, on an account or on one container of it (page "Assign an Azure
 * role for access to blob data").
 */
export type RoleAssignment = {
  role:
    | "Storage Blob Data Owner"
    | "Storage Blob Data Contributor"
    | "Storage Blob Data Reader"
    | "Storage Blob Delegator";
  account: string;
  container?: string;
};

/** Whether the roles allow an operation: readers read and list, contributors write; tags are the owners'. */
export function rolesAllow(
  roles: readonly RoleAssignment[],
  { operation, resource }: { operation: OperationName; resource: Resource },
): boolean {
  if (operation === "GetUserDelegationKey") return givesKeys(roles, resource.account);
  const need = needOf(operation);
  if (need === undefined) return false;
  const known = rolesFor(need.anyOf);
  return roles.some(
    ({ role, account, container }) =>
      account === resource.account &&
      (container === undefined || ("container" in resource && resource.container === container)) &&
      known.includes(role),
  );
}

/** By the permission that a SAS would need. Tags are data actions of their own (page "Set Blob Tags"). */
function rolesFor(anyOf: string): RoleAssignment["role"][] {
  if (anyOf === "t") return ["Storage Blob Data Owner"];
  const writers: RoleAssignment["role"][] = [
    "Storage Blob Data Owner",
    "Storage Blob Data Contributor",
  ];
  return anyOf === "r" || anyOf === "l" ? [...writers, "Storage Blob Data Reader"] : writers;
}

/** `generateUserDelegationKey` is an action of the account: no role on a container holds it. */
function givesKeys(roles: readonly RoleAssignment[], name: string): boolean {
  return roles.some(({ account, container }) => account === name && container === undefined);
}
