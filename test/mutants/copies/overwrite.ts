import type { Mutant } from "../mutant.ts";

const overwrite = "src/copy/decisions/overwrite.ts";
const plan = "src/copy/decisions/plan.ts";
const planCopy = "src/activities/starting/plan-copy.ts";
const rollback = "src/activities/support/rollback.ts";

const decisions = "test/unit/copy/decisions/overwrite.test.ts";
const stubs = "test/e2e/overwrite/stubs.test.ts";
const replaces = "test/e2e/overwrite/replace.test.ts";

/** Mistakes in the rules for a destination's content, and in the steps before an abort of another client's copy. */
export const overwriteMutants: readonly Mutant[] = [
  {
    breaks: "the empty blob of a failed copy counts as content",
    file: overwrite,
    find: '(copy?.status === "failed" || copy?.status === "aborted")',
    replace: 'copy?.status === "aborted"',
    suites: [decisions],
  },
  {
    breaks: "a blob to which a client has appended since its copy failed does not count as content",
    file: overwrite,
    find: "return length === 0 && (",
    replace: "return length >= 0 && (",
    suites: [decisions],
  },
  {
    breaks: "another blob of the same second is older than the source",
    file: overwrite,
    find: "lastModified === existing.lastModified && isEchoOf(source, copy.source)",
    replace: "lastModified === existing.lastModified && (isEchoOf(source, copy.source) || true)",
    suites: [decisions],
  },
  {
    breaks: "of two versions within one second, the second is skipped",
    file: overwrite,
    find: "isUnchanged(existing, copy) && !hasContentOf(existing, read)",
    replace: "isUnchanged(existing, copy) && hasContentOf(existing, read)",
    suites: [decisions],
  },
  {
    breaks: "a copy that a client has changed within its second is overwritten",
    file: overwrite,
    find: "isOfSecond && isUnchanged(existing, copy) &&",
    replace: "isOfSecond && (isUnchanged(existing, copy) || true) &&",
    suites: [decisions],
  },
  {
    breaks: "restored content is as new as its restoration",
    file: overwrite,
    find: "lastModified > (writtenAt ?? existing.lastModified)",
    replace: "lastModified > Math.max(writtenAt ?? 0, existing.lastModified)",
    suites: [decisions],
  },
  {
    breaks: "no rollback remembers when the restored content was written",
    file: rollback,
    find: 'if (restored !== null && input.result.kind !== "success") {',
    replace: 'if (restored === "") {',
    suites: [stubs],
  },
  {
    breaks: "the empty blob of a copy onto an empty blob stays",
    file: "src/activities/settle.ts",
    find: "plan.destinationEtag === null || plan.ontoStub === true",
    replace: "plan.destinationEtag === null",
    suites: [stubs],
  },
  {
    breaks: "rollback takes a snapshot of an empty blob",
    file: rollback,
    find: "if (etag === null || plan.ontoStub === true) return",
    replace: "if (etag === null) return",
    suites: [stubs],
  },
  {
    breaks: "another client's copy is aborted although a condition does not hold",
    file: plan,
    find: "    if (unmet !== null) return destinationConditionUnmet(url, unmet);\n    const isLost",
    replace: "    const isLost",
    suites: [decisions],
  },
  {
    breaks: "another client's copy is aborted although a condition does not hold afterwards",
    file: plan,
    find: "if (isLost || endsWithAbort(options.destinationConditions)) return busy;",
    replace: "if (isLost || (isLost && endsWithAbort(options.destinationConditions))) return busy;",
    suites: [decisions],
  },
  {
    breaks: "another client's copy is aborted for a copy that must not overwrite",
    file: plan,
    find: 'archived || hasOtherType || options.overwrite !== "always"',
    replace: "archived || hasOtherType",
    suites: [decisions],
  },
  {
    breaks: "another client's copy is aborted before the source is leased",
    file: planCopy,
    find: "(await leaseSource(deps, input, sides)) ?? (await checkStart(",
    replace: "(await checkStart(",
    suites: [replaces],
  },
  {
    breaks: "another client's copy is aborted before the source's tags are read",
    file: planCopy,
    find: "return ready.ok ? refuseLongSource(ready.value.signed) : toFailure(ready.verdict);",
    replace: "return ready.ok ? refuseLongSource(ready.value.signed) : null;",
    suites: [replaces],
  },
];
