/**
 * Durable names. Orchestration histories contain them, and renaming one strands the copies that run under
 * the old name: add names here, never rename one.
 */
export const orchestrations = { copy: "copyOrchestration", repair: "repairOrchestration" } as const;

export const activities = {
  start: "startCopy",
  read: "readCopy",
  abort: "abortCopy",
  settle: "settleCopy",
  notify: "sendNotifications",
} as const;

/** The id of a copy's repair instance, derived from the copy's id alone. */
export function repairInstanceId(copyInstanceId: string): string {
  return `repair-${copyInstanceId}`;
}

/** External events. Lower case only, because the SDK compares names case-sensitively and the extension does not. */
export const events = { abort: "abort", wake: "wake" } as const;
