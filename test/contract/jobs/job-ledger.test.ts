import { expect, test } from "vitest";
import type { InstanceId } from "../../../src/copy/contract/ids.ts";
import { epochMs } from "../../../src/copy/time.ts";
import type { PagePlan } from "../../../src/jobs/contract/page.ts";
import type { JobLedger } from "../../../src/ledger/jobs/job-ledger.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { createJobRuns } from "../../support/jobs/job-runs.ts";
import { newRecord } from "../../support/jobs/records.ts";
import { startStorage } from "../../support/stack/emulator.ts";

async function openJobs() {
  const storage = await startStorage();
  const { deps } = createJobRuns(storage);
  return { jobs: deps.ledger.jobs, newId: () => newInstanceId(deps.now()) };
}

async function found(jobs: JobLedger, id: InstanceId) {
  const record = await jobs.read(id);
  if (record === null) throw new Error("There is no such job");
  return record;
}

const plan: PagePlan = {
  version: 1,
  page: 1,
  plannedAt: "2026-01-01T00:00:00.000Z",
  scid: "first",
  objects: [],
  leftOut: 0,
  next: null,
};

test("every run gets the first plan of a page", async () => {
  const { jobs, newId } = await openJobs();
  const id = newId();
  expect(await jobs.pages.createPlan(id, plan)).toMatchObject({ scid: "first" });
  const second = await jobs.pages.createPlan(id, { ...plan, scid: "second" });
  expect(second).toMatchObject({ scid: "first" });
  expect(await jobs.pages.readPlan(id, 1)).toMatchObject({ scid: "first" });
});

test("a job has one record, and a change that lost is made again", async () => {
  const { jobs, newId } = await openJobs();
  const id = newId();
  expect(await jobs.create(id, newRecord())).toBe(true);
  expect(await jobs.create(id, newRecord())).toBe(false);
  const more = () =>
    jobs.change(id, (record) => ({ ...record, generation: record.generation + 1 }));
  await Promise.all([more(), more(), more()]);
  expect(await jobs.read(id)).toMatchObject({ generation: 4 });
});

test("progress is written only over the progress that was read", async () => {
  const { jobs, newId } = await openJobs();
  const id = newId();
  const progress = { version: 1, page: 1, states: [], runs: [], polls: null, part: null } as const;
  const etag = await jobs.pages.writeProgress(id, progress, null);
  expect(etag).not.toBeNull();
  expect(await jobs.pages.writeProgress(id, progress, null)).toBeNull();
  const part = { name: "part-000001.jsonl", lines: 2, bytes: 9, sha256: "ab" };
  expect(await jobs.pages.writeProgress(id, { ...progress, part }, etag)).not.toBeNull();
  expect(await jobs.pages.writeProgress(id, progress, etag)).toBeNull();
  expect(await jobs.pages.listParts(id)).toEqual([part]);
});

test("of two jobs with overlapping destinations that are requested at the same time, one is added", async () => {
  const { jobs, newId } = await openJobs();
  const at = epochMs(0);
  const [one, inside, other] = [newId(), newId(), newId()];
  const base = "https://a.blob.core.windows.net/archive/";
  const added = await Promise.all([
    jobs.active.add({ instanceId: one, generation: 1, destination: base, since: at }),
    jobs.active.add({ instanceId: inside, generation: 1, destination: `${base}x/`, since: at }),
  ]);
  expect(added.filter((each) => each === null)).toHaveLength(1);
  const elsewhere = {
    instanceId: other,
    generation: 1,
    destination: "https://b.blob/archive/",
    since: at,
  };
  expect(await jobs.active.add(elsewhere)).toBeNull();
  expect(await jobs.active.add(elsewhere)).toBeNull();
  expect(await jobs.active.list()).toHaveLength(2);
  await jobs.active.remove({ instanceId: one, generation: 1 });
  await jobs.active.remove({ instanceId: inside, generation: 1 });
  await jobs.active.remove({ instanceId: inside, generation: 1 });
  expect(await jobs.active.list()).toEqual([elsewhere]);
});

test("the entry of a job that is started again outlives the removals of its former generation", async () => {
  const { jobs, newId } = await openJobs();
  const instanceId = newId();
  const destination = "https://a.blob.core.windows.net/archive/";
  const planned = { instanceId, generation: 1, destination, since: epochMs(0) };
  const started = { ...planned, generation: 2, since: epochMs(5) };
  await jobs.active.add(planned);
  expect(await jobs.active.add(started)).toBeNull();
  expect(await jobs.active.add(planned)).toBeNull();
  await jobs.active.remove({ instanceId, generation: 1 });
  expect(await jobs.active.list()).toEqual([started]);
  await jobs.active.remove({ instanceId, generation: 3 });
  expect(await jobs.active.list()).toEqual([]);
});

test("an entry that was renewed after it was listed stays", async () => {
  const { jobs, newId } = await openJobs();
  const destination = "https://a.blob.core.windows.net/archive/";
  const listed = { instanceId: newId(), generation: 2, destination, since: epochMs(0) };
  const renewed = { ...listed, since: epochMs(5) };
  await jobs.active.add(listed);
  await jobs.active.add(renewed);
  await jobs.active.remove(listed);
  expect(await jobs.active.list()).toEqual([renewed]);
  await jobs.active.remove(renewed);
  expect(await jobs.active.list()).toEqual([]);
});

test("removing a job removes its record and its pages", async () => {
  const { jobs, newId } = await openJobs();
  const [id, kept] = [newId(), newId()];
  for (const each of [id, kept]) {
    await jobs.create(each, newRecord());
    await jobs.pages.createPlan(each, plan);
  }
  expect(await jobs.remove(id, await found(jobs, id))).toBe(true);
  expect(await jobs.read(id)).toBeNull();
  expect(await jobs.pages.readPlan(id, 1)).toBeNull();
  expect(await jobs.pages.readPlan(kept, 1)).not.toBeNull();
  const { jobs: listed } = await jobs.list({ marker: null, limit: 10, startFrom: null });
  expect(listed.map(({ instanceId }) => instanceId)).toEqual([kept]);
});

test("a job that has changed since it was read is not removed, and keeps its pages", async () => {
  const { jobs, newId } = await openJobs();
  const id = newId();
  await jobs.create(id, newRecord());
  await jobs.pages.createPlan(id, plan);
  const read = await found(jobs, id);
  await jobs.change(id, (record) => ({ ...record, generation: 2 }));
  expect(await jobs.remove(id, read)).toBe(false);
  expect(await jobs.read(id)).toMatchObject({ generation: 2 });
  expect(await jobs.pages.readPlan(id, 1)).not.toBeNull();
  expect(await jobs.remove(id, await found(jobs, id))).toBe(true);
});

test("the jobs that have pages are listed, with or without a record", async () => {
  const { jobs, newId } = await openJobs();
  const [lost, recorded, without] = [newId(), newId(), newId()];
  for (const each of [recorded, without]) await jobs.create(each, newRecord());
  for (const each of [lost, recorded]) await jobs.pages.createPlan(each, plan);
  const { ids, marker } = await jobs.pages.listJobs({ marker: null, limit: 10 });
  expect(ids.toSorted()).toEqual([lost, recorded].toSorted());
  expect(marker).toBeNull();
});
test.each(["", "not json", "{}", "null", '{"version":1,"page":1,"objects":[{}],"states":[{}]}'])(
  "a plan or progress of a page that is %j is named",
  async (text) => {
    const storage = await startStorage();
    const { jobs } = createJobRuns(storage).deps.ledger;
    const id = newInstanceId(epochMs(storage.clock.now()));
    await jobs.pages.createPlan(id, plan);
    const container = storage.service.getContainerClient("ferry-ledger");
    for (const kind of ["plan", "progress"] as const) {
      const name = `job-pages/${id}/${kind}-00000001`;
      await container.getBlockBlobClient(name).upload(text, text.length);
      const read = kind === "plan" ? jobs.pages.readPlan(id, 1) : jobs.pages.readProgress(id, 1);
      await expect(read).rejects.toThrow(
        `Cannot read the ledger in the app's own storage account because its blob ferry-ledger/${name} is damaged`,
      );
    }
  },
);
