/**
 * Durable identities. They are written into every orchestration history: renaming one strands the
 * copies that run under the old name, so nothing here is ever renamed, only added.
 */
export const orchestrations = { copy: "copyOrchestration", repair: "repairOrchestration" } as const;

export const activities = {
  prepare: "prepareCopy",
  start: "startCopy",
  read: "readCopy",
  abort: "abortCopy",
  settle: "settleCopy",
  notify: "sendNotifications",
} as const;

/** The instance that settles a copy whose own run was broken off: known from the copy's id alone. */
export function repairInstanceId(copyInstanceId: string): string {
  return `repair-${copyInstanceId}`;
}

/** External events. The SDK compares them case-sensitively, the extension does not: lower case only. */
export const events = { abort: "abort", wake: "wake" } as const;
