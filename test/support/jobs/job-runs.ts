import { randomUUID } from "node:crypto";
import { BlobServiceClient } from "@azure/storage-blob";
import { defaultJobLimits } from "../../../src/activities/jobs/support/job-run.ts";
import type { JobDependencies, JobLimits } from "../../../src/activities/jobs/support/job-run.ts";
import { workOnJob } from "../../../src/activities/jobs/work-on-job.ts";
import type { InstanceId } from "../../../src/copy/contract/ids.ts";
import { grants } from "../../../src/copy/request/grants.ts";
import { epochMs, toIso } from "../../../src/copy/time.ts";
import type { JobRecord } from "../../../src/jobs/contract/job-record.ts";
import { newJobRecord } from "../../../src/jobs/decisions/job-status.ts";
import { parseJobRequest } from "../../../src/jobs/request/job-request.ts";
import { placeIdentity } from "../../../src/jobs/request/places.ts";
import { createBlobLedger } from "../../../src/ledger/blob-ledger.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { createSeal } from "../../../src/secrets/seal.ts";
import { createCredentialFor } from "../../../src/storage/credentials.ts";
import { createJobStorage } from "../../../src/storage/jobs/create-job-storage.ts";
import { createSasMint } from "../../../src/storage/sas-mint.ts";
import type { Storage } from "../stack/emulator.ts";

/** The activity of a job with real calls to Storage, without the orchestration, to run it in unusual orders. */
export type JobRuns = {
  /** Records a job, as the HTTP trigger does. */
  request(body: object): Promise<InstanceId>;
  record(id: InstanceId): Promise<JobRecord>;
  change(id: InstanceId, update: (record: JobRecord) => JobRecord | null): Promise<void>;
  /** One run of the activity. */
  run(id: InstanceId, calls?: Calls): ReturnType<typeof workOnJob>;
  /** Runs the activity, and moves the clock to the next run, until the job is done. */
  untilDone(id: InstanceId, calls?: () => Calls): Promise<JobRecord>;
  deps: JobDependencies;
  ledger: Ledger;
};

/** Wraps each call of a run to Storage or the ledger; `order` are the call's arguments. */
export type Calls = <T>(
  name: string,
  call: () => Promise<T>,
  order: readonly unknown[],
) => Promise<T>;

const own = { account: "devstoreaccount1", contentShare: null, named: [] };

export function createJobRuns(storage: Storage, limits: Partial<JobLimits> = {}): JobRuns {
  const { emulator, clock, credential } = storage;
  const account = `${emulator.blobUrl}/${credential.accountName}`;
  const container = new BlobServiceClient(account, credential).getContainerClient("ferry-ledger");
  const origins = { emulator: { blob: emulator.blobUrl, file: null }, external: [] };
  const credentialFor = createCredentialFor(origins.emulator);
  const places = ["devstoreaccount1", "devstoreaccount2"].map((name) => ({
    origin: emulator.blobUrl,
    account: name,
    segments: [],
  }));
  const allowed = places.flatMap((from) => places.map((to) => ({ from, to, allow: grants })));
  const ledger = createBlobLedger(container);
  const deps: JobDependencies = {
    storage: createJobStorage(credentialFor, createSasMint(credentialFor)),
    ledger,
    seal: createSeal([]),
    access: { allowed, routes: [], origins, own, maxLockDays: 3_653 },
    now: () => epochMs(clock.now()),
    newGuid: randomUUID,
    limits: { ...defaultJobLimits, ...limits },
  };
  const { jobs } = deps.ledger;
  const runs: JobRuns = {
    deps,
    ledger,
    async request(body) {
      const parsed = parseJobRequest(body, origins);
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
      const { dryRun, sourceSas: _, destinationSas: __, ...request } = parsed.request;
      const now = deps.now();
      const id = newInstanceId(now);
      const sealed = { sourceSas: null, destinationSas: null };
      const input = { ...request, ...sealed, createdAt: toIso(now) };
      const destination = placeIdentity(request.destination);
      await jobs.active.add({ instanceId: id, generation: 1, destination, since: now });
      await jobs.create(id, newJobRecord(input, dryRun));
      return id;
    },
    async record(id) {
      const record = await jobs.read(id);
      if (record === null) throw new Error("There is no such job");
      return record;
    },
    async change(id, update) {
      await jobs.change(id, update);
    },
    async run(id, calls) {
      const { generation } = await runs.record(id);
      const step = { version: 1, instanceId: id, generation } as const;
      return await workOnJob(calls === undefined ? deps : wrapped(deps, calls), step);
    },
    async untilDone(id, calls) {
      for (let rounds = 0; rounds < 2_000; rounds++) {
        const result = await runs.run(id, calls?.());
        if (result.kind === "done") return await runs.record(id);
        await clock.advance(result.kind === "wait" ? Math.max(0, result.until - clock.now()) : 0);
      }
      throw new Error("The job does not end");
    },
  };
  return runs;
}

/** The dependencies, with each of their calls wrapped. */
function wrapped(deps: JobDependencies, calls: Calls): JobDependencies {
  const { jobs } = deps.ledger;
  const { pages, active } = jobs;
  return {
    ...deps,
    storage: wrap("", deps.storage, calls),
    ledger: {
      ...deps.ledger,
      jobs: {
        ...wrap("", jobs, calls),
        pages: wrap("", pages, calls),
        active: wrap("", active, calls),
      },
    },
  };
}

function wrap<T extends object>(prefix: string, target: T, calls: Calls): T {
  const entries = Object.entries(target).map(([name, member]) => [
    name,
    typeof member === "function"
      ? (...order: unknown[]) =>
          calls(
            `${prefix}${name}`,
            () => Reflect.apply(member, target, order) as Promise<unknown>,
            order,
          )
      : member,
  ]);
  // The same members as those of the target.
  return Object.fromEntries(entries) as T;
}
