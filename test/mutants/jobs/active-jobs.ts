import type { Mutant } from "../mutant.ts";

const ledger = "src/ledger/jobs/blob-jobs.ts";
const jobLedger = "test/contract/jobs/job-ledger.test.ts";
const startedPlans = "test/e2e/jobs/started-plans.test.ts";

/** Mistakes in the list of active jobs, which keeps overlapping jobs apart. */
export const activeJobMutants: readonly Mutant[] = [
  {
    breaks: "the end of a dry run removes the entry of the job that was started",
    file: ledger,
    find: "job.generation <= generation &&",
    replace: "job.generation !== generation + 99 &&",
    suites: [startedPlans],
  },
  {
    breaks: "the entry of a former generation replaces that of a newer one",
    file: ledger,
    find: "own.generation > job.generation",
    replace: "own.generation > job.generation + 99",
    suites: [jobLedger],
  },
  {
    breaks: "the watchdog removes an entry that was renewed after it was listed",
    file: ledger,
    find: "job.since <= since",
    replace: "job.since >= 0",
    suites: [jobLedger],
  },
  {
    breaks: "a start that came too late leaves an entry",
    file: "src/triggers/http/jobs/change-job.ts",
    find: "latest === null || latest.end !== null",
    replace: "latest === null",
    suites: [startedPlans],
  },
];
