import { expect, test } from "vitest";
import type { JobStartOrder, ReportOrder } from "../../../src/jobs/contract/storage.ts";
import { createJobRuns } from "../../support/jobs/job-runs.ts";
import type { Calls } from "../../support/jobs/job-runs.ts";
import { startStorage } from "../../support/stack/emulator.ts";

/* A run works on two pages: it plans the next one while it copies the current one, and begins it without a gap. */

const pageSize = 4;
const names = Array.from({ length: 2 * pageSize }, (_, index) => `${index}.txt`);

async function setStage(concurrency = 3) {
  const storage = await startStorage({ copies: { finishOnStart: "always" } });
  const { service } = storage;
  for (const name of ["inbox", "archive", "reports"]) await service.createContainer(name);
  const inbox = service.getContainerClient("inbox");
  for (const name of names) await inbox.getBlockBlobClient(name).upload("content", 7);
  const runs = createJobRuns(storage, { pageSize, saveEvery: 2 });
  const url = service.url.replace(/\/$/, "");
  const body = {
    source: `${url}/inbox/`,
    destination: `${url}/archive/`,
    report: `${url}/reports/`,
    concurrency,
  };
  return { storage, runs, id: await runs.request(body) };
}

/** A promise that the test resolves. */
function createGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** The object that a start is for. */
function nameOf([order]: readonly unknown[]): string {
  return (order as JobStartOrder).source.name; // the argument of `startCopy`
}

const allCopied = {
  end: { status: "succeeded" },
  donePages: 2,
  open: [],
  planned: { objects: names.length },
  done: { copied: { objects: names.length }, failed: {} },
};

test("while the first page is copied, the second one is planned", async () => {
  const { runs, id } = await setStage();
  const isPlanned = createGate();
  let plans = 0;
  const calls: Calls = async (name, call) => {
    if (name === "startCopy") await isPlanned.opened;
    const result = await call();
    if (name === "createPlan" && ++plans === 2) isPlanned.open();
    return result;
  };
  await runs.run(id, calls);
  expect(await runs.untilDone(id)).toMatchObject(allCopied);
});

test("a slow copy does not hold up the next page, which the record gets after its own", async () => {
  const { runs, id } = await setStage();
  const isLeft = createGate();
  const seen: unknown[] = [];
  let starts = 0;
  const calls: Calls = async (name, call, order) => {
    if (name === "startCopy" && nameOf(order) === "0.txt") {
      await isLeft.opened;
      seen.push(await runs.record(id));
    }
    const result = await call();
    if (name === "startCopy") starts++;
    // All other objects are started, and the second page is written with the last of its states.
    if (name === "writeProgress" && starts === names.length - 1) isLeft.open();
    return result;
  };
  await runs.run(id, calls);
  expect(seen).toMatchObject([{ startedPages: 0, donePages: 0 }]);
  expect(await runs.untilDone(id)).toMatchObject(allCopied);
});

test("a job makes at most as many calls at the same time as its concurrency, those of a plan included", async () => {
  const { runs, id } = await setStage(3);
  let active = 0;
  let max = 0;
  const calls: Calls = async (name, call) => {
    if (name !== "startCopy" && name !== "list") return await call();
    max = Math.max(max, ++active);
    try {
      return await call();
    } finally {
      active--;
    }
  };
  expect(await runs.untilDone(id, () => calls)).toMatchObject(allCopied);
  expect(max).toBe(3);
});

test("a job with one call at a time plans each page after the copies of the previous page", async () => {
  const { runs, id } = await setStage(1);
  const order: string[] = [];
  const calls: Calls = async (name, call) => {
    if (name === "startCopy" || name === "createPlan") order.push(name);
    return await call();
  };
  expect(await runs.untilDone(id, () => calls)).toMatchObject(allCopied);
  const page = ["createPlan", ...Array.from({ length: pageSize }, () => "startCopy")];
  expect(order).toEqual([...page, ...page]);
});

test("an abort ends both pages of a run that died, even if only the second one is in the record", async () => {
  const { storage, runs, id } = await setStage();
  const isHeld = createGate();
  const isReported = createGate();
  let mayReport = true;
  const dying: Calls = async (name, call, order) => {
    // The first page is copied, and never gets its part of the report.
    if (name === "putReport" && (order[0] as ReportOrder).object.name.includes("part-")) {
      isHeld.open();
      return await new Promise<never>(() => {});
    }
    if (name === "startCopy" && names.indexOf(nameOf(order)) >= pageSize) {
      await isHeld.opened;
      // The run writes what it has done to the record every five seconds.
      if (mayReport) await storage.clock.advance(6_000);
      mayReport = false;
    }
    const result = await call();
    if (name === "change" && (await runs.record(id)).open.length > 0) isReported.open();
    return result;
  };
  void runs.run(id, dying);
  await isReported.opened;
  expect(await runs.record(id)).toMatchObject({ startedPages: 0, open: [{ page: 2 }] });
  await runs.change(id, (record) => ({ ...record, wanted: "abort" }));
  const { end, open, donePages, done } = await runs.untilDone(id);
  expect({ end, open, donePages }).toMatchObject({
    end: { status: "aborted" },
    open: [],
    donePages: 2,
  });
  expect(done.copied.objects).toBeGreaterThanOrEqual(pageSize);
  expect(done.copied.objects + done.notStarted).toBe(names.length);
});
