/**
 * The files of the campaigns: many copies or jobs that are killed, disturbed or flooded, by seed. `npm run test:all` and `npm
 * run soak` run them, `npm test` does not.
 */
export const campaigns: readonly string[] = [
  "test/chaos/chaos.test.ts",
  "test/chaos/chaos-deaths.test.ts",
  "test/contract/durable/crash.test.ts",
  "test/contract/jobs/crashes.test.ts",
  "test/e2e/events/events-flood.test.ts",
  "test/e2e/jobs/killed-host.test.ts",
  "test/e2e/recovery/crash-commits.test.ts",
  "test/e2e/recovery/crash-random.test.ts",
  "test/e2e/recovery/crash-unwritten.test.ts",
  "test/e2e/requests/hostile-requests.test.ts",
];
