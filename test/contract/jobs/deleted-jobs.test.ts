import { HttpRequest } from "@azure/functions";
import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { expect, test } from "vitest";
import type { InstanceId } from "../../../src/copy/contract/ids.ts";
import { epochMs } from "../../../src/copy/time.ts";
import { withStart } from "../../../src/jobs/decisions/wanted.ts";
import { deleteJob } from "../../../src/triggers/http/jobs/delete-job.ts";
import { purge } from "../../../src/triggers/timers/purge.ts";
import { createJobRuns } from "../../support/jobs/job-runs.ts";
import type { Calls, JobRuns } from "../../support/jobs/job-runs.ts";
import { day, startStorage } from "../../support/stack/emulator.ts";

/*
 * A job is deleted or purged while a second run of its activity waits for one of its calls, or while its caller starts
 * it again.
 */

const name = "film.txt";
const modes = ["fail", "skip", "if-newer", "always"];

async function setStage({ overwrite = "always", dryRun = false, names = [name] } = {}) {
  const storage = await startStorage({ copies: { finishOnStart: "always" } });
  const { service, clock } = storage;
  for (const each of ["inbox", "archive"]) await service.createContainer(each);
  for (const each of names) {
    await service.getContainerClient("inbox").getBlockBlobClient(each).upload("old source", 10);
  }
  const runs = createJobRuns(storage);
  const url = service.url.replace(/\/$/, "");
  const [source, destination] = [`${url}/inbox/`, `${url}/archive/`];
  const options = { overwrite };
  const id = await runs.request({ source, destination, options, dryRun, concurrency: 1 });
  const target = service.getContainerClient("archive").getBlockBlobClient(name);
  const errors: string[] = [];
  const runPurge = async (client = clientThat(async () => {})) => {
    const deps = { ledger: runs.ledger, now: () => epochMs(clock.now()), retentionDays: 3 };
    const context = { log: () => {}, error: (line: string) => errors.push(line) };
    await purge(deps)({}, client, context as unknown as InvocationContext);
    expect(errors).toEqual([]);
  };
  return {
    runs,
    id,
    clock,
    service,
    runPurge,
    writeNewer: async () => void (await target.upload("newer content", 13)),
    text: async () => (await target.downloadToBuffer()).toString(),
    /** The blobs of the ledger that have the job's id. */
    async left() {
      const names: string[] = [];
      for await (const blob of service.getContainerClient("ferry-ledger").listBlobsFlat()) {
        if (blob.name.includes(id)) names.push(blob.name);
      }
      return names;
    },
  };
}

/** A client that calls `meanwhile` when an orchestration is purged. */
function clientThat(meanwhile: () => Promise<void>): DurableClient {
  const client = { purgeInstanceHistory: meanwhile, getStatusBy: async () => [] };
  return client as unknown as DurableClient; // nothing else is called
}

async function requestDeletion(runs: JobRuns, id: InstanceId, client: DurableClient) {
  const { ledger } = runs;
  const principals = { enabled: false, operators: [] } as never;
  const handler = deleteJob({ ledger, principals, now: runs.deps.now });
  const url = `http://localhost/api/jobs/${id}`;
  const request = new HttpRequest({ method: "DELETE", url, params: { id } });
  return (await handler(request, client, {} as InvocationContext)).status;
}

/** Ends and deletes the job before a run makes the call `at` for the first time; another client then writes. */
function deletesBefore(at: string, work: () => Promise<void>): Calls {
  let isFirst = true;
  return async (call, send) => {
    if (call === at && isFirst) {
      isFirst = false;
      await work();
    }
    return await send();
  };
}

const calls = ["createPlan", "startCopy", "writeProgress"];

test.each(modes.flatMap((overwrite) => calls.map((at) => ({ overwrite, at }))))(
  "with overwrite $overwrite, a run that waits at $at while the job is deleted starts nothing and leaves no page",
  async ({ overwrite, at }) => {
    const { runs, id, writeNewer, text, left } = await setStage({ overwrite });
    const late = deletesBefore(at, async () => {
      await runs.untilDone(id);
      expect(
        await requestDeletion(
          runs,
          id,
          clientThat(async () => {}),
        ),
      ).toBe(204);
      await writeNewer();
    });
    expect(await runs.run(id, late)).toEqual({ kind: "done", reason: "There is no such job" });
    expect(await text()).toBe("newer content");
    expect(await left()).toEqual([]);
  },
);

test.each([true, false])(
  "a run that another one preceded does not overwrite what was written after the job had ended; deleted: %s",
  async (isDeleted) => {
    const { runs, id, writeNewer, text } = await setStage();
    let late: Promise<unknown> = Promise.resolve();
    let goOn = () => {};
    const mayGoOn = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    // Both have registered with the page before the first start.
    const first = deletesBefore("startCopy", async () => {
      await new Promise<void>((resolve) => {
        const second = deletesBefore("startCopy", async () => {
          resolve();
          await mayGoOn;
        });
        late = runs.run(id, second);
      });
    });
    await runs.run(id, first);
    await runs.untilDone(id);
    if (isDeleted)
      expect(
        await requestDeletion(
          runs,
          id,
          clientThat(async () => {}),
        ),
      ).toBe(204);
    await writeNewer();
    goOn();
    await late;
    expect(await text()).toBe("newer content");
  },
);

test("a run that starts objects while its job is deleted stops when it next writes the record", async () => {
  const names = Array.from({ length: 40 }, (_, index) => `${index}.txt`);
  const { runs, id, clock, service } = await setStage({ names });
  const archive = service.getContainerClient("archive");
  const late = deletesBefore("startCopy", async () => {
    await runs.untilDone(id);
    await requestDeletion(
      runs,
      id,
      clientThat(async () => {}),
    );
    for (const each of names) await archive.getBlobClient(each).delete();
    await clock.advance(6_000);
  });
  await runs.run(id, late);
  let copied = 0;
  for await (const _ of archive.listBlobsFlat()) copied++;
  expect(copied).toBeLessThan(names.length);
});

test("the purge deletes the pages that a run wrote after its job was deleted, and died", async () => {
  const { runs, id, runPurge, left } = await setStage();
  let onDeath = () => {};
  const death = new Promise<void>((resolve) => {
    onDeath = resolve;
  });
  const dying: Calls = async (call, send) => {
    if (call !== "createPlan") return await send();
    await runs.untilDone(id);
    await requestDeletion(
      runs,
      id,
      clientThat(async () => {}),
    );
    await send();
    onDeath();
    return await new Promise<never>(() => {});
  };
  void runs.run(id, dying);
  await death;
  expect(await left()).toEqual([`job-pages/${id}/plan-00000001`]);
  await runPurge();
  expect(await left()).toEqual([]);
});

/** Starts the planned job, as its caller does. */
async function start({ runs, id }: { runs: JobRuns; id: InstanceId }) {
  const now = runs.deps.now();
  const destination = "http://archive/";
  await runs.ledger.jobs.active.add({ instanceId: id, generation: 2, destination, since: now });
  await runs.change(id, (record) => {
    const made = withStart(record, now);
    return made.kind === "changed" ? made.record : null;
  });
}

/** The blobs that are left of the job. */
async function readJob({ runs, id }: { runs: JobRuns; id: InstanceId }) {
  const { end, dryRun, generation } = await runs.record(id);
  const active = (await runs.ledger.jobs.active.list()).map(({ instanceId }) => instanceId);
  const hasPlan = (await runs.ledger.jobs.pages.readPlan(id, 1)) !== null;
  return { end, dryRun, generation, isActive: active.includes(id), hasPlan };
}

const running = { end: null, dryRun: false, generation: 2, isActive: true, hasPlan: true };

test("a planned job that is started while it is deleted keeps running, and its deletion gets 409", async () => {
  const stage = await setStage({ dryRun: true });
  await stage.runs.untilDone(stage.id);
  const client = clientThat(() => start(stage));
  expect(await requestDeletion(stage.runs, stage.id, client)).toBe(409);
  expect(await readJob(stage)).toEqual(running);
});

test("an old planned job that is started while it is purged keeps running", async () => {
  const stage = await setStage({ dryRun: true });
  await stage.runs.untilDone(stage.id);
  await stage.clock.advance(5 * day);
  await stage.runPurge(clientThat(() => start(stage)));
  expect(await readJob(stage)).toEqual(running);
});

test("an old planned job that is started after the purge has listed it keeps running", async () => {
  const stage = await setStage({ dryRun: true });
  await stage.runs.untilDone(stage.id);
  await stage.clock.advance(5 * day);
  const { jobs } = stage.runs.ledger;
  const { list } = jobs;
  jobs.list = async (page) => {
    const listed = await list(page);
    await start(stage);
    return listed;
  };
  await stage.runPurge();
  expect(await readJob(stage)).toEqual(running);
});
