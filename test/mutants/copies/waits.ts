import type { Mutant } from "../mutant.ts";

const queue = "test/contract/ledger/queue.test.ts";
const queueEnds = "test/e2e/copies/queue-ends.test.ts";
const forged = "test/e2e/events/forged-events.test.ts";
const sourceWait = "test/e2e/copies/source-wait.test.ts";
const outcome = "test/unit/copy/decisions/outcome.test.ts";
const queueSteps = "src/activities/support/destination-queue.ts";
const follow = "src/orchestrations/follow.ts";
const trigger = "src/triggers/events/storage-event-trigger.ts";

/** Mistakes in waiting for a destination or a source, and in waking copies. */
export const waitMutants: readonly Mutant[] = [
  {
    breaks: "a freed destination wakes no waiter",
    file: queueSteps,
    find: "await ledger.queue.passOn({ destination }, { now: now(), ended, wake });",
    replace:
      'if (`${ended}` === "") await ledger.queue.passOn({ destination }, { now: now(), ended, wake });',
    suites: [queueEnds],
  },
  {
    breaks: "a copy that joins a queue does not try the lock again",
    file: queueSteps,
    find: "    lock = await ledger.acquireLock(instanceId, copy);\n  }",
    replace: "    return lock;\n  }",
    suites: [queue],
  },
  {
    breaks: "a newcomer overtakes the waiters",
    file: queueSteps,
    find: "  if (isFirst) {",
    replace: "  if (isFirst || !isQueued || lock.isNew) {",
    suites: [queue],
  },
  {
    breaks: "a second waiter is woken while the first one has the offer",
    file: "src/ledger/destinations/queue.ts",
    find: "now - offeredAt < offerMs",
    replace: "now - offeredAt < offerMs * 0",
    suites: [queue],
  },
  {
    breaks: "a waiter that has ended stops the queue",
    file: "src/ledger/destinations/queue.ts",
    find: "          await blobs.remove(name);\n          return false;",
    replace: "          await blobs.remove(name);\n          return true;",
    suites: [queue],
  },
  {
    breaks: "the watchdog does not pass free destinations on",
    file: "src/triggers/timers/pass-on-queues.ts",
    find: "if ((await ledger.lockScan.read(lock)) !== null) return;",
    replace: "if ((await ledger.lockScan.read(lock)) === null) return;",
    suites: [queueEnds],
  },
  {
    breaks: "a waiter gives up without a last poll",
    file: "src/orchestrations/begin.ts",
    find: "lateSince ??= context.now();",
    replace: "lateSince ??= plusMs(context.now(), -day);",
    suites: [queueEnds],
  },
  {
    breaks: "a copy holds its lock while it waits for its source",
    file: "src/activities/start.ts",
    find: 'const keepsLock = busy.endpoint === "destination" || unansweredPlans(known).length > 0;',
    replace: "const keepsLock = unansweredPlans(known).length >= 0;",
    suites: [sourceWait],
  },
  {
    breaks: "a copy that waits for its source leaves a snapshot without a lock",
    file: "src/activities/start.ts",
    find: 'if (copy.options.rollback !== "off") {',
    replace: 'if (copy.options.rollback === "off") {',
    suites: ["test/contract/activities/plan-again.test.ts"],
  },
  {
    breaks: "a wake pushes the next planned poll back",
    file: follow,
    find: "isExtra && due !== null ? earliest(due, at) : at",
    replace: "isExtra && due !== null ? latest(due, at, plusMs(now, hour)) : at",
    suites: [forged],
  },
  {
    breaks: "the polls that wakes cause count like planned polls",
    file: follow,
    find: "else if (!isExtra) polls++;",
    replace: "else polls++;",
    suites: [forged],
  },
  {
    breaks: "wakes are not refilled",
    file: "src/copy/polling/wake-allowance.ts",
    find: "Math.floor((now - at) / wakeRefillMs)",
    replace: "Math.floor((at - now) / wakeRefillMs)",
    suites: ["test/unit/copy/polling/wake-allowance.test.ts"],
  },
  {
    breaks: "forged ETags of one blob start any number of copies",
    file: trigger,
    find: "> maxOutdated)",
    replace: "> maxOutdated * 1_000)",
    suites: [forged],
  },
  {
    breaks: "events of nonexistent blobs are claimed",
    file: trigger,
    find: 'if (state.kind === "absent") {',
    replace: 'if (state.kind === "absent" && etag === "") {',
    suites: [forged],
  },
  {
    breaks: "an event chooses the date in its route's destination",
    file: trigger,
    find: "!isEventTime(at, state.lastModified)",
    replace: "isEventTime(at, state.lastModified) && Number.isNaN(at)",
    suites: [forged],
  },
  {
    breaks: "a copy completes before it was requested",
    file: "src/copy/contract/outcome.ts",
    find: "latest(endedAt ?? details.settledAt, requestedAt)",
    replace: "latest(endedAt ?? details.settledAt, epochMs(requestedAt * 0))",
    suites: [outcome],
  },
  {
    breaks: "an abort that arrives while its copy is settled is forgotten",
    file: "src/orchestrations/finish.ts",
    find: "if (abort) context.report.aborting();",
    replace: "if (abort && context.now() === due) context.report.aborting();",
    suites: ["test/e2e/copies/abort-at-the-end.test.ts"],
  },
];
