import type { Mutant } from "../mutant.ts";

const suites = ["test/contract/jobs/deleted-jobs.test.ts"];

/** Runs of a job that continue although it was deleted, and deletions of a job that was started again. */
export const deletedJobMutants: readonly Mutant[] = [
  {
    breaks: "a run that finds no progress of its page takes itself for the only one",
    file: "src/activities/jobs/support/page-run.ts",
    find: "if (latest === null) throw new JobDeletedError();\n      // The ETag stays",
    replace:
      "if (latest === null) return { isAlone: true, recorded: null };\n      // The ETag stays",
    suites,
  },
  {
    breaks: "a run registers with a page of a deleted job, and starts its objects",
    file: "src/activities/jobs/support/page-run.ts",
    find: "await readRecord(run);",
    replace: "if (page < 0) await readRecord(run);",
    suites,
  },
  {
    breaks: "a run that finds no record while it starts objects continues",
    file: "src/activities/jobs/support/job-run.ts",
    find: "if (changed === null) throw new JobDeletedError();",
    replace: "if (changed === null) return;",
    suites,
  },
  {
    breaks: "a run that another one preceded overwrites what was written since",
    file: "src/activities/jobs/start-object.ts",
    find: 'if (recorded !== null && recorded.is !== "uncertain") return known(recorded);',
    replace: 'if (recorded !== null && recorded.is === "uncertain") return known(recorded);',
    suites,
  },
  {
    breaks: "a late run of a deleted job leaves a page",
    file: "src/activities/jobs/work-on-job.ts",
    find: "if ((await jobs.read(instanceId)) === null) await jobs.pages.remove(instanceId);",
    replace: 'if (error.message === "") await jobs.pages.remove(instanceId);',
    suites,
  },
  {
    breaks: "a job that was started again is deleted",
    file: "src/ledger/jobs/blob-jobs.ts",
    find: "blobs.remove(nameOfJob(instanceId), { etag })",
    replace: 'blobs.remove(nameOfJob(instanceId), etag === "" ? { etag } : {})',
    suites,
  },
  {
    breaks: "the purge leaves the pages of jobs without a record",
    file: "src/triggers/timers/purge-jobs.ts",
    find: "if ((await jobs.read(id)) === null) await jobs.pages.remove(id);",
    replace: "if (listed.size < 0) await jobs.pages.remove(id);",
    suites,
  },
  {
    breaks: "the purge deletes a planned job that was started after it was listed",
    file: "src/triggers/timers/purge-jobs.ts",
    find: "if (record === null || endedAt === null || toIsoDay(parseTime(endedAt)) >= firstKeptDay) {",
    replace: "if (record === null) {",
    suites,
  },
];
