import type { Mutant } from "../mutant.ts";

const lostKey = "test/contract/jobs/lost-key.test.ts";
const waitForKey = "src/activities/jobs/support/wait-for-key.ts";
const work = "src/activities/jobs/work-on-job.ts";

/** Jobs that do not end, or stop more than they must, because the key of a SAS is missing. */
export const lostKeyMutants: readonly Mutant[] = [
  {
    breaks: "a job waits for a missing key without a limit",
    file: waitForKey,
    find: "since !== undefined && now - since >= maxKeyWaitMs",
    replace: "since !== undefined && now - since < 0",
    suites: [lostKey],
  },
  {
    breaks: "an aborted job waits for the key of its destination without a limit",
    file: waitForKey,
    find: "return isOverdue(record, sideOf(error), deps.now());",
    replace: "return isOverdue(record, sideOf(error), deps.now()) && record.version !== 1;",
    suites: [lostKey],
  },
  {
    breaks: "the time in which a job is paused counts as time without a key",
    file: work,
    find: "sealedSince: {} }",
    replace: "sealedSince: { ...record.sealedSince } }",
    suites: [lostKey],
  },
  {
    breaks: "a job without the key of its source does not end",
    file: work,
    find: "const error = isLeft ? findSealed(run) : null;",
    replace: "const error = findSealed(run);",
    suites: [lostKey],
  },
];
