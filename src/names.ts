/**
 * Durable identities. They are written into every orchestration history: renaming one strands the
 * copies that run under the old name, so nothing here is ever renamed, only added.
 */
export const orchestrations = { copy: "copyOrchestration" } as const;

export const activities = {
  prepare: "prepareCopy",
  start: "startCopy",
  read: "readCopy",
  abort: "abortCopy",
  settle: "settleCopy",
} as const;

/** External events. The SDK compares them case-sensitively, the extension does not: lower case only. */
export const events = { abort: "abort", wake: "wake" } as const;
