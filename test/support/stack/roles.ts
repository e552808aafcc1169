import type { RoleAssignment } from "../../../src/local/storage/auth/role-assignments.ts";
import type { TestStack } from "./test-stack.ts";

/** Replaces the identity's roles in one account; its roles in other accounts stay. */
export function setRoles(
  { local }: TestStack,
  account: string,
  ...roles: readonly RoleAssignment[]
): void {
  const { emulator } = local;
  const others = emulator.roles.filter((each) => each.account !== account);
  emulator.roles.splice(0, Infinity, ...others, ...roles);
}
