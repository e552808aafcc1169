import { causes } from "../../copy/contract/failure.ts";
import type { Cause, Failure } from "../../copy/contract/failure.ts";

/** The causes of a failed job, in addition to those of a copy. */
const jobOnlyCauses = {
  "objects-failed": {
    fix: 'Read the failures of the job, or its report, and start a job again for the missing objects: with overwrite "skip" or "if-newer", it copies only those',
    retryable: true,
  },
  "too-many-failures": {
    fix: "Read the failures of the job, fix their causes, and start the job again; or set a higher maxFailures",
    retryable: true,
  },
  "report-not-written": {
    fix: "Let this app's identity create blobs under the URL of the report (role Storage Blob Data Contributor), then start the job again",
    retryable: false,
  },
} as const satisfies Record<string, { fix: string; retryable: boolean }>;

export const jobCauses = { ...causes, ...jobOnlyCauses };

export type JobCause = Cause | keyof typeof jobOnlyCauses;

/** Why a job failed. */
export type JobFailure = Omit<Failure, "cause"> & { cause: JobCause };

/** Builds the failure of a job. `message` never contains a secret. */
export function jobFailure(
  cause: keyof typeof jobOnlyCauses,
  message: string,
  storage: Failure["storage"] = null,
): JobFailure {
  return { cause, message, ...jobOnlyCauses[cause], storage };
}
