import { isInstanceId } from "../../copy/contract/ids.ts";
import type { InstanceId } from "../../copy/contract/ids.ts";
import { overlapIdentities } from "../../jobs/request/places.ts";
import type { PagePlan, PageProgress, ReportPart } from "../../jobs/contract/page.ts";
import type { JobRecord } from "../../jobs/contract/job-record.ts";
import {
  isActiveList,
  isJobRecord,
  isPagePlan,
  isPageProgress,
} from "../../jobs/contract/stored-shapes.ts";
import type { ConditionalBlobs } from "../conditional-blobs.ts";
import { describeJob, jobsFolder, nameOfJob, readListedJob } from "./job-columns.ts";
import type { ActiveJob, ActiveJobs, JobLedger, JobPages } from "./job-ledger.ts";

/**
 * Creates the jobs of the ledger: `jobs/<inverted time>-<id>` · `job-pages/<id>/plan-<page>`, `…/progress-<page>` ·
 * `active-jobs/list`.
 */
export function createBlobJobs(blobs: ConditionalBlobs): JobLedger {
  /** The ETags of the records that were returned. */
  const etags = new WeakMap<JobRecord, string>();
  const keep = (record: JobRecord, etag: string): JobRecord => {
    etags.set(record, etag);
    return record;
  };
  const read: JobLedger["read"] = async (instanceId) => {
    const found = await blobs.read<JobRecord>(nameOfJob(instanceId), isJobRecord);
    return found === null ? null : keep(found.content, found.etag);
  };
  const pages = createPages(blobs);
  return {
    async create(instanceId, record) {
      return (await blobs.create(nameOfJob(instanceId), record, describeJob(record))) !== null;
    },
    read,
    async change(instanceId, update, known) {
      for (let record = known ?? (await read(instanceId)); record !== null;) {
        const next = update(record);
        const etag = etags.get(record);
        if (next === null) return record;
        if (etag !== undefined) {
          const name = nameOfJob(instanceId);
          const written = await blobs.replace(name, next, etag, describeJob(next));
          if (written !== null) return keep(next, written);
        }
        record = await read(instanceId);
      }
      return null;
    },
    async list({ marker, limit, startFrom }) {
      const start = startFrom === null ? {} : { startFrom: `${jobsFolder}${startFrom}` };
      const page = await blobs.list(jobsFolder, { marker, limit, ...start });
      return { jobs: page.blobs.map(readListedJob), marker: page.marker };
    },
    pages,
    active: createActiveJobs(blobs),
    async remove(instanceId, record) {
      const etag = etags.get(record);
      if (etag === undefined) throw new TypeError("Cannot remove a job because it was not read");
      // The record goes first: a caller may have started the job again. Without it, a run of the job stops.
      if ((await blobs.remove(nameOfJob(instanceId), { etag })) === "changed") return false;
      // The purge finds the pages that an interrupted removal leaves.
      await pages.remove(instanceId);
      return true;
    },
  };
}

const maxNames = 1_000;
const maxConcurrent = 16;

const allPages = "job-pages/";

function pagesFolder(instanceId: InstanceId): string {
  return `${allPages}${instanceId}/`;
}

function pageName(kind: "plan" | "progress", instanceId: InstanceId, page: number): string {
  return `${pagesFolder(instanceId)}${kind}-${String(page).padStart(8, "0")}`;
}

function createPages(blobs: ConditionalBlobs): JobPages {
  const readPlan: JobPages["readPlan"] = async (instanceId, page) =>
    (await blobs.read<PagePlan>(pageName("plan", instanceId, page), isPagePlan))?.content ?? null;
  return {
    async createPlan(instanceId, plan) {
      const name = pageName("plan", instanceId, plan.page);
      if ((await blobs.create(name, plan)) !== null) return plan;
      const first = await readPlan(instanceId, plan.page);
      // The pages were deleted in between, together with the job.
      return first ?? plan;
    },
    readPlan,
    async readProgress(instanceId, page) {
      const name = pageName("progress", instanceId, page);
      const found = await blobs.read<PageProgress>(name, isPageProgress);
      return found === null ? null : { progress: found.content, etag: found.etag };
    },
    async writeProgress(instanceId, progress, etag) {
      const name = pageName("progress", instanceId, progress.page);
      const columns = progress.part === null ? {} : partColumns(progress.part);
      return etag === null
        ? await blobs.create(name, progress, columns)
        : await blobs.replace(name, progress, etag, columns);
    },
    async listParts(instanceId) {
      const parts: ReportPart[] = [];
      const prefix = `${pagesFolder(instanceId)}progress-`;
      let marker: string | null = null;
      do {
        const page = await blobs.list(prefix, { marker, limit: maxNames });
        for (const { metadata } of page.blobs) {
          const part = readPart(metadata);
          if (part !== null) parts.push(part);
        }
        ({ marker } = page);
      } while (marker !== null);
      return parts;
    },
    async listJobs(from) {
      const { names, marker } = await blobs.listFolders(allPages, from);
      const ids = names.map((name) => name.slice(allPages.length, -1)).filter(isInstanceId);
      return { ids, marker };
    },
    async remove(instanceId) {
      for (let isMore = true; isMore;) {
        const page = await blobs.list(pagesFolder(instanceId), { marker: null, limit: maxNames });
        for (let at = 0; at < page.blobs.length; at += maxConcurrent) {
          const some = page.blobs.slice(at, at + maxConcurrent);
          await Promise.all(some.map(({ name }) => blobs.remove(name)));
        }
        isMore = page.marker !== null;
      }
    },
  };
}

function partColumns({ name, lines, bytes, sha256 }: ReportPart): Record<string, string> {
  return { part: name, lines: String(lines), bytes: String(bytes), sha256 };
}

function readPart(metadata: Record<string, string>): ReportPart | null {
  const { part, lines, bytes, sha256 } = metadata;
  if (part === undefined || sha256 === undefined) return null;
  return { name: part, lines: Number(lines), bytes: Number(bytes), sha256 };
}

const activeName = "active-jobs/list";

/** A stored shape: fields may be added, but never changed or removed. */
type ActiveList = { jobs: readonly ActiveJob[] };

/** A single small blob: two jobs that are requested at the same time cannot overlook each other. */
function createActiveJobs(blobs: ConditionalBlobs): ActiveJobs {
  const list = async (): Promise<readonly ActiveJob[]> =>
    (await blobs.read<ActiveList>(activeName, isActiveList))?.content.jobs ?? [];
  return {
    list: async () => [...(await list())],
    async add(job) {
      const fresh: ActiveList = { jobs: [job] };
      let other: ActiveJob | null = null;
      const update = ({ jobs }: ActiveList): ActiveList | null => {
        other =
          jobs.find(
            ({ instanceId, destination }) =>
              instanceId !== job.instanceId && overlapIdentities(destination, job.destination),
          ) ?? null;
        const own = jobs.find(({ instanceId }) => instanceId === job.instanceId);
        if (other !== null || (own !== undefined && own.generation > job.generation)) return null;
        return { jobs: [...jobs.filter((each) => each !== own), job] };
      };
      for (;;) {
        if ((await blobs.change<ActiveList>(activeName, update, isActiveList)) !== null)
          return other;
        if ((await blobs.create(activeName, fresh)) !== null) return null;
      }
    },
    async remove({ instanceId, generation, since }) {
      const isRemoved = (job: ActiveJob): boolean =>
        job.instanceId === instanceId &&
        job.generation <= generation &&
        (since === undefined || job.since <= since);
      const update = ({ jobs }: ActiveList): ActiveList | null => {
        const others = jobs.filter((job) => !isRemoved(job));
        return others.length === jobs.length ? null : { jobs: others };
      };
      await blobs.change<ActiveList>(activeName, update, isActiveList);
    },
  };
}
