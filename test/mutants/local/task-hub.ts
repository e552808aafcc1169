import type { Mutant } from "../mutant.ts";

const unavailable = "test/e2e/recovery/unavailable.test.ts";
const endedMeanwhile = "test/contract/instances/ended-meanwhile.test.ts";

/** Mistakes if the task hub is unreachable or slow, the settings are invalid, or an instance ends during a call. */
export const taskHubMutants: readonly Mutant[] = [
  {
    breaks: "a request waits for a task hub that hangs",
    file: "src/triggers/http/http-handler.ts",
    find: "await withDeadline(handler(request, client, context), deadlineMs)",
    replace: "await withDeadline(handler(request, client, context), 60 * deadlineMs)",
    suites: [unavailable],
  },
  {
    breaks: "a failing task hub results in a 500",
    file: "src/triggers/http/http-handler.ts",
    find: "if (!isKnown) {",
    replace: "if (isKnown || !isKnown) {",
    suites: [unavailable],
  },
  {
    breaks: "an event waits for a task hub that hangs",
    file: "src/triggers/events/storage-event-trigger.ts",
    find: "withDeadline(react(event, client, context), deadlineMs)",
    replace: "withDeadline(react(event, client, context), 60 * deadlineMs)",
    suites: [unavailable],
  },
  {
    breaks: "an app with invalid settings registers no function",
    file: "src/main.ts",
    find: "if (!(error instanceof SettingsError) || isDeveloperMachine(process.env)) throw error;",
    replace: "if (!(error instanceof SettingsError) || !isDeveloperMachine({})) throw error;",
    suites: [unavailable],
  },
  {
    breaks: "health needs a durable client",
    file: "src/app.ts",
    find: '  app.http("health", {',
    replace: '  (process.argv.length > 0 ? df.app.client : app).http("health", {',
    suites: [unavailable],
  },
  {
    breaks: "an event for an instance that has ended in the meantime is an error",
    file: "src/instances/raise-event.ts",
    find: "if (await hasEnded(client, instanceId)) return;",
    replace: "await hasEnded(client, instanceId);",
    suites: [endedMeanwhile],
  },
  {
    breaks: "an event for an instance that was purged in the meantime is an error",
    file: "src/instances/raise-event.ts",
    find: 'return error instanceof Error && error.message.includes("replied with HTTP 404");',
    replace: "return error === null;",
    suites: [endedMeanwhile],
  },
  {
    breaks: "an event that a running instance did not receive counts as raised",
    file: "src/instances/raise-event.ts",
    find: "return finalStatuses.includes(runtimeStatus);",
    replace: "return finalStatuses.includes(runtimeStatus) || true;",
    suites: [endedMeanwhile],
  },
];
