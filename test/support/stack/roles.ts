import type { RoleAssignment } from "../../../src/local/storage/auth/role-assignments.ts";
import type { TestStack } from "./test-stack.ts";

/** All that the identity may do in one account; in the others it keeps what it may. */
export function giveRoles(
  { local }: TestStack,
  account: string,
  ...roles: readonly RoleAssignment[]
): void {
  const { emulator } = local;
  const others = emulator.roles.filter((each) => each.account !== account);
  emulator.roles.splice(0, Infinity, ...others, ...roles);
}
