import type { Mutant } from "../mutant.ts";

const calls = "test/e2e/dry-run/dry-run-calls.test.ts";

/** Mistakes that make the plan of a dry run differ from the copy. */
export const dryRunMutants: readonly Mutant[] = [
  {
    breaks: "a SAS on the destination authorizes the source",
    file: "src/copy/decisions/source-authorization.ts",
    find: "destinationSas === null &&",
    replace: "destinationSas !== undefined &&",
    suites: [calls],
  },
  {
    breaks: "the Blob service's authorization extends to Files",
    file: "src/copy/decisions/source-authorization.ts",
    find: "source.service === destination.service &&\n    source.origin === destination.origin &&",
    replace: 'source.service !== "external" &&',
    suites: [calls],
  },
  {
    breaks: "a dry run leaves out the abort of the copy that it replaces",
    file: "src/copy/decisions/planned-calls.ts",
    find: 'options.ifBusy === "replace"',
    replace: 'options.ifBusy === "wait"',
    suites: [calls],
  },
  {
    breaks: "a dry run says that a failed copy leaves its empty blob",
    file: "src/copy/decisions/planned-calls.ts",
    find: "...(ontoItself ? [] : [onTarget(`Delete ${ofDestination}`, leavesEmpty)]),",
    replace: "...(rollsBack ? [onTarget(`Delete ${ofDestination}`, leavesEmpty)] : []),",
    suites: [calls],
  },
  {
    breaks: "a dry run leaves out the list of snapshots",
    file: "src/copy/decisions/planned-calls.ts",
    find: 'reads.push({ operation: "List Blobs", ...snapshots });',
    replace:
      "reads.push({ ...snapshots, operation: `Get ${ofDestination} Properties`, url: target });",
    suites: [calls],
  },
];
