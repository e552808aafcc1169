import type { Mutant } from "../mutant.ts";

const heldStubs = "test/e2e/jobs/held-stubs.test.ts";
const stubSources = "test/e2e/overwrite/stub-sources.test.ts";
const rollback = "test/unit/copy/decisions/rollback.test.ts";

const formerContent = "test/e2e/jobs/former-content.test.ts";

/** Jobs and copies that lose the former content of a destination, or do not report that it is lost. */
export const stubMutants: readonly Mutant[] = [
  {
    breaks: "a job starts onto a planned stub whose copy is about to restore the content",
    file: "src/activities/jobs/start-object.ts",
    find: "const held = ontoStub ? await refuseHeldStub(run, object) : null;",
    replace: "const held = ontoStub && index < 0 ? await refuseHeldStub(run, object) : null;",
    suites: [heldStubs],
  },
  {
    breaks: "a job starts onto such a stub that appeared after its plan",
    file: "src/activities/jobs/start-object.ts",
    find: "const held = seen !== null && isStub(seen) ?",
    replace: "const held = seen !== null && isStub(seen) && index < 0 ?",
    suites: [heldStubs],
  },
  {
    breaks: "a copy whose stub was copied over deletes the only copy of the former content",
    file: "src/copy/decisions/rollback-step.ts",
    find: "const isCopiedOver = snapshot !== undefined && hasOtherCopy(copy, destination);",
    replace: "const isCopiedOver = snapshot === undefined && hasOtherCopy(copy, destination);",
    suites: [rollback],
  },
  {
    breaks: "a snapshot is kept although its content was restored",
    file: "src/copy/decisions/rollback-step.ts",
    find: "return !isEchoOf(destination, source);",
    replace: 'return source !== "" || !isEchoOf(destination, source);',
    suites: [rollback],
  },
  {
    breaks: "a job does not report the loss of content that its plan lists",
    file: "src/activities/jobs/support/object-state.ts",
    find: "replacesPlanned || facts.overwrote === true",
    replace: "facts.overwrote === true",
    suites: [formerContent],
  },
  {
    breaks: "a job does not report the loss of content that was written after its plan",
    file: "src/activities/jobs/poll-page.ts",
    find: "...(overwrote && { overwrote }),",
    replace: "...(overwrote && since < 0 && { overwrote }),",
    suites: [formerContent],
  },
  {
    breaks: "a job reports that a copy to a new name replaced content",
    file: "src/activities/jobs/support/object-state.ts",
    find: 'onto?.kind === "etag" && !object.do.ontoStub',
    replace: "!object.do.ontoStub",
    suites: [formerContent],
  },
  {
    breaks: "a copy copies the empty blob of an unsuccessful copy over content",
    file: "src/copy/decisions/plan.ts",
    find: "if (noContent !== null) {",
    replace: 'if (noContent !== null && options.overwrite === "fail") {',
    suites: [stubSources],
  },
  {
    breaks: "a job copies the empty blob of an unsuccessful copy over content",
    file: "src/jobs/decisions/plan-object.ts",
    find: "if (noContent !== null) return",
    replace: 'if (noContent !== null && options.overwrite === "fail") return',
    suites: [stubSources],
  },
  {
    breaks: "the empty file of an unsuccessful copy is copied",
    file: "src/storage/file-copy-client.ts",
    find: "archived: false,\n    copy: copyProperties(properties),",
    replace: "archived: false,\n    copy: null,",
    suites: [stubSources],
  },
];
