import type { Mutant } from "../mutant.ts";

const copies = "test/e2e/recovery/found-copies.test.ts";
const jobs = "test/e2e/jobs/found-copies.test.ts";
const abort = "test/contract/jobs/abort.test.ts";
const jobIsOurs = "test/unit/jobs/is-ours.test.ts";
const versions = "test/e2e/recovery/found-versions.test.ts";
const causes = "test/unit/copy/decisions/causes.test.ts";
const planObject = "test/unit/jobs/plan-object.test.ts";
const isOurs = "test/unit/copy/decisions/is-ours.test.ts";
const rollback = "test/unit/copy/decisions/rollback.test.ts";

/** Copies of other writers that are taken for those of a start without a response. */
export const foundCopyMutants: readonly Mutant[] = [
  {
    breaks: "a copy of another version of the source is taken for the copy of an unclear start",
    file: "src/copy/decisions/is-ours.ts",
    find: "return copied !== planned;",
    replace: "return copied < 0;",
    suites: [isOurs],
  },
  {
    breaks:
      "a copy of another version of the same length is mistaken for the copy of an unclear start",
    file: "src/copy/decisions/is-ours.ts",
    find: "hasOtherMd5(plannedMd5, contentMd5)",
    replace: "hasOtherMd5(null, contentMd5 ?? plannedMd5)",
    suites: [isOurs, versions],
  },
  {
    breaks:
      "Ferry's own copy of a later version onto a file is not recognized after an unclear start",
    file: "src/copy/decisions/is-ours.ts",
    find: 'if (service !== "blob" || blobType === null ||',
    replace: 'if (service !== "blob" || blobType === "" ||',
    suites: [isOurs],
  },
  {
    breaks: "a plan does not have the Content-MD5 of its source",
    file: "src/copy/decisions/plan.ts",
    find: "...(contentMd5 === null ? {} : { contentMd5 }),",
    replace: '...(contentMd5 === "" ? { contentMd5 } : {}),',
    suites: [versions],
  },
  {
    breaks:
      "a found copy that completes with another version of the same length is reported as succeeded",
    file: "src/copy/decisions/read-status.ts",
    find: "length !== planned || hasOtherMd5(plan.source.contentMd5, destination.contentMd5);",
    replace: "length !== planned || hasOtherMd5(null, destination.contentMd5);",
    suites: [causes, versions],
  },
  {
    breaks: "a job mistakes a copy of another version of the same length for its own",
    file: "src/jobs/decisions/is-ours.ts",
    find: "hasOtherMd5(object.md5, contentMd5)",
    replace: "hasOtherMd5(null, contentMd5)",
    suites: [jobIsOurs, jobs],
  },
  {
    breaks:
      "a job reports a pending copy that it found as copied if that completes with another version",
    file: "src/activities/jobs/support/find-object.ts",
    find: "{ object, copyId, since, found: true }",
    replace: "{ object, copyId, since }",
    suites: [jobs],
  },
  {
    breaks: "a job forgets after a poll that it found a pending copy",
    file: "src/activities/jobs/poll-page.ts",
    find: "...(found && { found }) };",
    replace: "...(found && since < 0 && { found }) };",
    suites: [jobs],
  },
  {
    breaks: "a job's plan does not have the Content-MD5 of a source",
    file: "src/jobs/decisions/plan-object.ts",
    find: "...(action === null && blob.contentMd5 !== null ? { md5: blob.contentMd5 } : {}),",
    replace: '...(action === null && blob.contentMd5 === "" ? { md5: blob.contentMd5 } : {}),',
    suites: [planObject, jobs],
  },
  {
    breaks:
      "a job mistakes a copy that ended long after its start by Copy Blob From URL for its own",
    file: "src/jobs/decisions/is-ours.ts",
    find: "completedAt > until + maxClockSkewMs;",
    replace: "completedAt < 0 * until;",
    suites: [jobIsOurs, jobs],
  },
  {
    breaks: "a job does not find its own copy by Copy Blob that was pending for long",
    file: "src/jobs/decisions/is-ours.ts",
    find: 'if (engine === "copy-blob-from-url" && endedAfter(until, copy)) return false;',
    replace: "if (endedAfter(until, copy)) return false;",
    suites: [jobIsOurs],
  },
  {
    breaks: "a copy that began long after an unclear start is taken for it",
    file: "src/copy/decisions/is-ours.ts",
    find: "return lastModified > parseTime(arrivesBy);",
    replace: "return lastModified < 0 * parseTime(arrivesBy);",
    suites: [isOurs, copies],
  },
  {
    breaks: "the content of a found copy that the plan does not match is cleaned up",
    file: "src/copy/decisions/read-status.ts",
    find: "if (hasOtherContent && plan.found === true) {",
    replace: "if (length < 0 && plan.found === true) {",
    suites: [copies],
  },
  {
    breaks: "a rollback replaces the complete content of a found copy",
    file: "src/copy/decisions/rollback-step.ts",
    find: "if (plan?.found === true) return false;",
    replace: "if (plan === null) return false;",
    suites: [rollback],
  },
  {
    breaks: "a copy without the requested options is reported as the requested one",
    file: "src/copy/decisions/recognize-copy.ts",
    find: "hasOtherOptions(options, copy.status, shown)",
    replace: 'hasOtherOptions(options, "failed", { ...shown, metadata: options.metadata ?? {} })',
    suites: [copies],
  },
  {
    breaks: "settling a copy does not compare the options of the copy that it finds",
    file: "src/activities/settle.ts",
    find: "const options = record.shownOptions ?? null;",
    replace: "const options = record.outcome === null ? null : record.shownOptions;",
    suites: [copies],
  },
  {
    breaks: "a job takes the copy of the single copy that holds the destination's lock for its own",
    file: "src/activities/jobs/support/find-object.ts",
    find: "if (await isOfHolder(run, object, copyId)) return null;",
    replace: 'if (copyId === "") return null;',
    suites: [jobs],
  },
  {
    breaks: "a job takes a copy that began after its last start for its own",
    file: "src/jobs/decisions/is-ours.ts",
    find: 'if (copy.status === "pending" && lastModified > until) return false;',
    replace: 'if (copy.status === "pending" && lastModified < 0 * until) return false;',
    suites: [jobIsOurs, abort],
  },
  {
    breaks: "a job takes a copy without its options for its own",
    file: "src/jobs/decisions/is-ours.ts",
    find: "if (hasOtherOptions(options, copy.status, shown)) return false;",
    replace: "if (hasOtherOptions(options, copy.status, shown) && length < 0) return false;",
    suites: [jobs],
  },
  {
    breaks: "a job takes a copy with another SAS for its own",
    file: "src/jobs/decisions/is-ours.ts",
    find: 'return sas.has("sv") && sas.get("scid") !== scid;',
    replace: 'return sas.has("sv") && sas.get("scid") === "";',
    suites: [jobIsOurs],
  },
];
