import type { Mutant } from "../mutant.ts";

const names = "test/unit/copy/location/names.test.ts";
const endpoint = "test/unit/copy/location/endpoint.test.ts";
const routes = "test/unit/copy/routing/routes.test.ts";
const plan = "test/unit/copy/decisions/plan.test.ts";
const eventTimes = "test/e2e/access/event-times.test.ts";
const orchestrations = "test/e2e/access/strange-orchestration.test.ts";
const grants = "test/e2e/access/grants.test.ts";
const unusable = "test/e2e/events/unusable-events.test.ts";
const lateStarts = "test/contract/activities/late-starts.test.ts";
const emulatedBlobs = "test/contract/emulator/blobs/blobs.test.ts";

/**
 * Mistakes in the checks of events' times, late starts, names that end in a dot, and the copies that a route or an
 * event causes.
 */
export const dateAndDotMutants: readonly Mutant[] = [
  {
    breaks: "start trusts the time of an event",
    file: "src/copy/decisions/plan.ts",
    find: "if (isEventTime(parseTime(event.at), lastModified)) return null;",
    replace:
      "if (isEventTime(parseTime(event.at), lastModified) || event.at !== null) return null;",
    suites: [plan],
  },
  {
    breaks: "start trusts the time of an event while a copy onto the source is pending",
    file: "src/copy/decisions/plan.ts",
    find: "if (isEventTime(parseTime(event.at), lastModified)) return null;",
    replace:
      'if (copy?.status === "pending" || isEventTime(parseTime(event.at), lastModified)) return null;',
    suites: [plan, eventTimes],
  },
  {
    breaks: "a copy that has waited for its source copies what any later copy wrote",
    file: "src/copy/decisions/plan.ts",
    find: "if (awaited !== null && isWritten && copy.copyId === awaited) return null;",
    replace: "if (awaited !== null && copy?.copyId !== awaited) return null;",
    suites: [plan],
  },
  {
    breaks: "the record lacks the copy that was pending on the source",
    file: "src/activities/start.ts",
    find: "{ ...(record ?? newRecord(copy)), awaitedCopyId };",
    replace: "{ ...(record ?? newRecord(copy)), awaitedCopyId: awaitedCopyId && null };",
    suites: [eventTimes],
  },
  {
    breaks: "an id can be years old",
    file: "src/activities/start.ts",
    find: "now() - timeOfId(instanceId) > maxFirstStartMs",
    replace: "now() - timeOfId(instanceId) > maxFirstStartMs * 1e6",
    suites: [orchestrations],
  },
  {
    breaks: "a late start that fails transiently gets a record, with which it may start later",
    file: "src/activities/start.ts",
    find: 'result.kind !== "transient-failure" || isLate(deps, input)',
    replace: 'result.kind !== "transient-failure" || input.attempt < 0',
    suites: [lateStarts],
  },
  {
    breaks: "a blob's name may end in a dot",
    file: "src/copy/location/storage-names.ts",
    find: 'decoded.some((part) => part.endsWith("."))',
    replace: 'decoded.some((part) => part === ".")',
    suites: [names, routes],
  },
  {
    breaks: "a blob's name may end in an encoded dot",
    file: "src/copy/location/storage-names.ts",
    find: 'decoded.some((part) => part.endsWith("."))',
    replace: "hasTrailingDot(path)",
    suites: [names],
  },
  {
    breaks: "the problem of a template that leads to a trailing dot does not name the dot",
    file: "src/copy/routing/routes.ts",
    find: "const isDotRemoved = !parsed.ok && parsed.problems.includes(trailingDotProblem);",
    replace:
      "const isDotRemoved = !parsed.ok && parsed.problems.includes(`${trailingDotProblem}!`);",
    suites: [routes],
  },
  {
    breaks: "two spellings of a file's name have two locks",
    file: "src/copy/location/endpoint.ts",
    find: 'isFile ? part.replace(/\\.+$/, "") : part',
    replace: 'isFile ? part.replace(/\\.+$/, ".") : part',
    suites: [endpoint],
  },
  {
    breaks: "the emulator keeps a dot at the end of a blob's name",
    file: "src/local/storage/http/storage-request.ts",
    find: 'const kept = name.replace(/\\.+$/, "");',
    replace: 'const kept = name.replace(/\\.{9,}$/, "");',
    suites: [emulatedBlobs],
  },
  {
    breaks: "a route grants replacing copies of other clients",
    file: "src/copy/request/powers.ts",
    find: 'ifBusy === "replace"',
    replace: 'ifBusy === "replace" && ifBusy !== "replace"',
    suites: [grants, routes],
  },
  {
    breaks: "a pair does not grant replacing copies of other clients",
    file: "src/copy/routing/copy-access.ts",
    find: "...pairs.flatMap((pair) => pair.allow), pairGrant]",
    replace: "...pairs.flatMap((pair) => pair.allow)].filter((each) => each !== pairGrant)",
    suites: [grants],
  },
  {
    breaks: "events that cannot be used are reported without limit",
    file: "src/triggers/events/rate-limit.ts",
    find: "now - oldest < periodMs",
    replace: "now - oldest < Math.min(0, periodMs)",
    suites: [unusable],
  },
  {
    breaks: "events that cannot be used are never reported again after the limit was reached",
    file: "src/triggers/events/rate-limit.ts",
    find: "now - oldest < periodMs",
    replace: "now - oldest < periodMs * 1e6",
    suites: [unusable],
  },
];
