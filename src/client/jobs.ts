import { FerryError } from "./ferry-error.ts";
import { readPages } from "./pages.ts";
import { createReader } from "./reader.ts";
import type { WaitOptions } from "./reader.ts";
import type { Runtime } from "./runtime.ts";
import type { Call, Reply } from "./send.ts";
import { isJobAtRest } from "./types.ts";
import type { Job, JobFilters, JobPage, JobPageQuery, JobRequest, JobSummary } from "./types.ts";

type Signal = { signal?: AbortSignal | undefined };
type Keyed = { idempotencyKey?: string | undefined };
/** How long the app may hold the response until the job is at rest (1 to 20 seconds). */
type Wait = { wait?: number | undefined };

/** The calls of jobs. */
export type Jobs = {
  /** Starts a job. Without an `idempotencyKey` it gets a random one, which makes it safe to repeat the call. */
  start(request: JobRequest, options?: Keyed & Wait & Signal): Promise<Job>;
  /** Starts a job that only plans its objects, and ends as `planned`. */
  plan(request: JobRequest, options?: Keyed & Wait & Signal): Promise<Job>;
  /** Lets a planned job copy the objects of its plan. */
  startPlanned(id: string, options?: Wait & Signal): Promise<Job>;
  /** Reads a job. With the `etag` of one that this client has read, it returns the same object if it has not changed. */
  get(id: string, options?: Wait & { etag?: string | undefined } & Signal): Promise<Job>;
  /** The ETag of a job that `get` or `wait` has returned, or null. */
  etag(job: Job): string | null;
  /** Reads a job until it has ended, is planned or is paused. `onUpdate` gets each state that differs. */
  wait(id: string, options?: WaitOptions<Job>): Promise<Job>;
  /** Requests the abort of a job, which is `aborting` until nothing of it is pending. What is copied stays. */
  abort(id: string, options?: Signal): Promise<Job>;
  /** Requests the pause of a job, which is `pausing` until nothing of it is being started. */
  pause(id: string, options?: Signal): Promise<Job>;
  resume(id: string, options?: Signal): Promise<Job>;
  /** Forgets a job that has ended. What it copied, and its report, stay. */
  delete(id: string, options?: Signal): Promise<void>;
  /** Reads one page of jobs, the newest first. It can be short, or empty with a `nextCursor`. */
  page(query?: JobPageQuery & Signal): Promise<JobPage>;
  /** Reads all pages. */
  list(filters?: JobFilters & Signal): AsyncIterable<JobSummary>;
};

/** Creates the calls of jobs. `call` sends one, and expects the field in its response. */
export function createJobs(
  call: (of: Call, field: string | null) => Promise<Reply>,
  { path, runtime }: { path(id: string): string; runtime: Runtime },
): Jobs {
  const reader = createReader<Job>(call, { path, isAtRest: isJobAtRest, runtime });

  async function post(of: Omit<Call, "method">): Promise<Job> {
    return (await call({ ...of, method: "POST" }, "status")).body as Job;
  }

  function start(request: JobRequest, options: Keyed & Wait & Signal, dryRun?: boolean) {
    const { idempotencyKey, wait, signal } = options;
    const headers = { "idempotency-key": idempotencyKey ?? runtime.newKey() };
    return post({ path: "/jobs", headers, body: { ...request, dryRun }, wait, signal });
  }

  async function page({ signal, ...query }: JobPageQuery & Signal = {}): Promise<JobPage> {
    return (await call({ method: "GET", path: "/jobs", query, signal }, "items")).body as JobPage;
  }

  return {
    start: (request, options = {}) => start(request, options),
    plan: (request, options = {}) => start(request, options, true),
    async startPlanned(id, options = {}) {
      try {
        return await post({ ...options, path: `${path(id)}/start` });
      } catch (error) {
        // An earlier attempt, whose response was lost, has started it.
        const isStarted =
          error instanceof FerryError &&
          error.causeName === "job-not-planned" &&
          error.mayHaveArrived;
        if (!isStarted) throw error;
        return (await reader.read(id, options)).view;
      }
    },
    get: async (id, options) => (await reader.read(id, options)).view,
    etag: (job) => reader.etag(job),
    wait: (id, options) => reader.wait(id, options),
    abort: async (id, options = {}) => await post({ ...options, path: `${path(id)}/abort` }),
    pause: async (id, options = {}) => await post({ ...options, path: `${path(id)}/pause` }),
    resume: async (id, options = {}) => await post({ ...options, path: `${path(id)}/resume` }),
    async delete(id, { signal } = {}) {
      await deleteOnce(() => call({ method: "DELETE", path: path(id), signal }, null));
    },
    page,
    list: (filters) => readPages(page, filters),
  };
}

/** Runs a DELETE. If an earlier attempt, whose response was lost, has deleted it, that is a success. */
export async function deleteOnce(attempt: () => Promise<unknown>): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    const isGone = error instanceof FerryError && error.status === 404 && error.mayHaveArrived;
    if (!isGone) throw error;
  }
}
