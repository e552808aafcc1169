import type { Mutant } from "../mutant.ts";

const unknown = "test/contract/activities/unknown-copies.test.ts";

/** Polls and aborts of copies that the ledger does not have. */
export const unknownCopyMutants: readonly Mutant[] = [
  {
    breaks: "a poll shows what is at any destination",
    file: "src/activities/read.ts",
    find: "hasCopyId(status) || (await isStarted(deps, input))",
    replace: "hasCopyId(status) || (await isStarted(deps, input)) !== null",
    suites: [unknown],
  },
  {
    breaks: "a copy that Ferry did not start is aborted",
    file: "src/activities/abort.ts",
    find: "if (!(await isStarted(deps, input))) return",
    replace: "if ((await isStarted(deps, input)) === null) return",
    suites: [unknown],
  },
  {
    breaks: "the copyId of a copy opens every destination",
    file: "src/activities/support/started-copy.ts",
    find: "record.destination === endpointUrl(copy.destination)",
    replace: "record.destination !== endpointUrl(copy.source)",
    suites: [unknown],
  },
];
