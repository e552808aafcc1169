/**
 * The files of the campaigns: many copies, jobs or processes that are killed, disturbed or flooded, by seed, at each request or
 * on a full disk. `npm run test:all` runs them, `npm test` does not.
 */
export const campaigns: readonly string[] = [
  "test/chaos/chaos.test.ts",
  "test/chaos/chaos-deaths.test.ts",
  "test/contract/activities/deleted-meanwhile.test.ts",
  "test/contract/durable/crash.test.ts",
  "test/contract/jobs/crashes.test.ts",
  "test/e2e/events/events-flood.test.ts",
  "test/e2e/jobs/killed-host.test.ts",
  "test/e2e/recovery/crash-commits.test.ts",
  "test/e2e/recovery/crash-random.test.ts",
  "test/e2e/recovery/crash-unwritten.test.ts",
  "test/e2e/recovery/full-disk.test.ts",
  "test/e2e/requests/hostile-requests.test.ts",
];
