import { isJobAtRest } from "../../client/ferry.ts";
import type { Job } from "../../client/ferry.ts";
import { describeJobEnd, progressOfJob } from "../describe-job.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Subject } from "./subject.ts";

export const jobs: Subject<Job> = {
  noun: "job",
  nouns: "jobs",
  command: "ferry job",
  calls: (ferry) => ferry.jobs,
  endedCause: "job-ended",
  isRunning: (job) => !isJobAtRest(job),
  progressOf: progressOfJob,
  describeEnd: describeJobEnd,
  exitCodeOf({ status }) {
    if (status === "failed") return exitCodes.copyFailed;
    if (status === "aborted") return exitCodes.copyAborted;
    return status === "paused" ? exitCodes.paused : exitCodes.ok;
  },
};
