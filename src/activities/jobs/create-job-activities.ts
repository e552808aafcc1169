import { parseJobStep, refusedStep } from "../../jobs/contract/job-input.ts";
import type { JobActivities } from "../../jobs/contract/job-input.ts";
import type { JobDependencies } from "./support/job-run.ts";
import { workOnJob } from "./work-on-job.ts";

/** The activity of a job, by its durable name. It runs only if Ferry can have written its input. */
export function createJobActivities(deps: JobDependencies): JobActivities {
  return {
    async workOnJob(json) {
      const step = parseJobStep(json);
      return step === null ? refusedStep : await workOnJob(deps, step);
    },
  };
}
