/**
 * What a dead process has taken from a queue comes back after these (5 minutes by default, 1 is the least). host.json
 * sets them, too; a suite must not wait for five minutes when it does not.
 */
export const shortVisibility = {
  storageProvider__controlQueueVisibilityTimeout: "00:01:00",
  storageProvider__workItemQueueVisibilityTimeout: "00:01:00",
} as const;
