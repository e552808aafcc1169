import type { HttpResponseInit } from "@azure/functions";
import type { JobView } from "../instances/job-view.ts";
import { viewResponse } from "./view-response.ts";

/** The job in each response, for `jobOf`, because a response's body has no type. */
const jobs = new WeakMap<object, JobView>();

/** How often a caller should read a job that has not ended (s). */
const retryAfterSeconds = 5;

/** Builds the response that contains a job. */
export function jobResponse(status: 200 | 202, view: JobView, url: string): HttpResponseInit {
  jobs.set(view, view);
  const wait = isResting(view) ? null : retryAfterSeconds;
  return viewResponse(status, view, { url, retryAfterSeconds: wait });
}

/** The job that a response contains; null if it contains a different body. */
export function jobOf({ jsonBody }: HttpResponseInit): JobView | null {
  return jobs.get(Object(jsonBody)) ?? null;
}

/** Returns true if the job does not change until a caller changes it: it has ended, is planned or is paused. */
export function isResting({ status, completedAt }: JobView): boolean {
  return completedAt !== null || status === "paused";
}
