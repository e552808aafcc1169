/**
 * Messages that a dead process has taken from a queue reappear after these times (5 minutes by default, at least 1).
 * host.json also sets them; if it did not, a suite must not wait for five minutes.
 */
export const shortVisibility = {
  storageProvider__controlQueueVisibilityTimeout: "00:01:00",
  storageProvider__workItemQueueVisibilityTimeout: "00:01:00",
} as const;
