import type { Mutant } from "../mutant.ts";

const unknown = "test/contract/activities/unknown-copies.test.ts";

/** Mistakes in polls and aborts of copies that are not in the ledger. */
export const unknownCopyMutants: readonly Mutant[] = [
  {
    breaks: "a poll shows the state of any destination",
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
    breaks: "the copyId of a copy gives access to every destination",
    file: "src/activities/support/started-copy.ts",
    find: "record.destination === endpointUrl(copy.destination)",
    replace: "record.destination !== endpointUrl(copy.source)",
    suites: [unknown],
  },
];
