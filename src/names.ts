/**
 * Durable names. Orchestration histories contain them, and renaming one strands the copies that run under
 * the old name: add names here, never rename one.
 */
export const orchestrations = {
  copy: "copyOrchestration",
  repair: "repairOrchestration",
  job: "jobOrchestration",
} as const;

export const activities = {
  start: "startCopy",
  read: "readCopy",
  abort: "abortCopy",
  settle: "settleCopy",
  notify: "sendNotifications",
  job: "workOnJob",
} as const;

/** The id of a copy's repair instance, derived from the copy's id alone. */
export function repairInstanceId(copyInstanceId: string): string {
  return `repair-${copyInstanceId}`;
}

/** The id of one of a job's orchestrations: after each pause, start and repair, the job has a new one. */
export function jobInstanceId(jobId: string, generation: number): string {
  return `job-${jobId}-${generation}`;
}

/** External events. Lower case only, because the SDK compares names case-sensitively and the extension does not. */
export const events = { abort: "abort", wake: "wake" } as const;
