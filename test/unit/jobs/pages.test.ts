import { expect, test } from "vitest";
import { epochMs } from "../../../src/copy/time.ts";
import type { PagePlan } from "../../../src/jobs/contract/page.ts";
import { noCounts } from "../../../src/jobs/contract/job-record.ts";
import type { JobRecord } from "../../../src/jobs/contract/job-record.ts";
import {
  toOpenPage,
  withDonePage,
  withOpenPage,
  withPlannedPage,
} from "../../../src/jobs/decisions/pages.ts";
import {
  estimateEnd,
  jobStatusOf,
  remainingOf,
  totalsOf,
} from "../../../src/jobs/decisions/job-status.ts";
import { withAbort, withPause, withResume, withStart } from "../../../src/jobs/decisions/wanted.ts";
import { newRecord } from "../../support/jobs/records.ts";

/* Every change to the record of a job has no effect the second time, because each step may run twice. */

const now = epochMs(Date.UTC(2026, 0, 1));
const object = {
  name: "a",
  etag: "e",
  length: 10,
  type: "BlockBlob",
  modified: now,
  do: { kind: "copy", engine: "copy-blob", onto: { kind: "absent" } },
} as const;
const plan = (page: number, next: PagePlan["next"] = { marker: `${page}` }): PagePlan => ({
  version: 1,
  page,
  plannedAt: "2026-01-01T00:00:00.000Z",
  scid: "",
  objects: [object, { ...object, name: "b" }],
  leftOut: 1,
  next,
});
const first = { marker: null };
const counts = { ...noCounts, copied: { objects: 2, bytes: 20 } };

function planned(): JobRecord {
  const record = withPlannedPage(newRecord(), { plan: plan(1), start: first }, now);
  if (record === null) throw new Error("The first page was not added");
  return record;
}

test("a page is added to the plan once, even if it is empty", () => {
  const record = planned();
  expect(record).toMatchObject({
    plannedPages: 1,
    planned: { objects: 2, bytes: 20 },
    leftOut: 1,
    next: { marker: "1" },
  });
  expect(withPlannedPage(record, { plan: plan(1), start: first }, now)).toBeNull();
  const empty = { ...plan(2), objects: [] };
  const after = withPlannedPage(record, { plan: empty, start: { marker: "1" } }, now);
  expect(after).toMatchObject({ plannedPages: 1, leftOut: 2, next: { marker: "2" } });
  expect(withPlannedPage(after ?? record, { plan: empty, start: { marker: "1" } }, now)).toBeNull();
});

test("a finished page is counted once, and a late run does not open it again", () => {
  const opened = withOpenPage(planned(), toOpenPage(plan(1), [null, null], null), now);
  const done = withDonePage(opened ?? planned(), 1, { counts, failures: [] }, now);
  expect(done).toMatchObject({ donePages: 1, open: [], done: { copied: { objects: 2 } } });
  if (done === null) return;
  expect(withDonePage(done, 1, { counts, failures: [] }, now)).toBeNull();
  expect(withOpenPage(done, toOpenPage(plan(1), [null, null], null), now)).toBeNull();
  expect(remainingOf(done, totalsOf(done))).toBe(0);
});

test("a page that is ready before the previous page is started counts only after that", () => {
  const second = withPlannedPage(planned(), { plan: plan(2), start: { marker: "1" } }, now);
  if (second === null) throw new Error("The second page was not added");
  const states = [null, null];
  const early = withOpenPage(second, toOpenPage(plan(2), states, now), now);
  expect(early).toMatchObject({ startedPages: 0, open: [{ page: 2, dueAt: null }] });
  if (early === null) return;
  expect(withDonePage(early, 2, { counts, failures: [] }, now)).toBeNull();
  const done = withDonePage(early, 1, { counts, failures: [] }, now);
  if (done === null) throw new Error("The first page was not finished");
  expect(withOpenPage(done, toOpenPage(plan(2), states, now), now)).toMatchObject({
    startedPages: 2,
    open: [{ page: 2, dueAt: now }],
  });
  const ended = withDonePage(done, 2, { counts, failures: [] }, now);
  expect(ended).toMatchObject({ donePages: 2, open: [], startedPages: 2 });
});

test("a page that waits for its copies continues to wait, even if a second run writes an older state", () => {
  const waiting = withOpenPage(planned(), toOpenPage(plan(1), [null, null], now), now);
  if (waiting === null) throw new Error("The page was not opened");
  const late = withOpenPage(waiting, toOpenPage(plan(1), [null, null], null), now);
  expect(late).toMatchObject({ startedPages: 1, open: [{ page: 1, dueAt: now }] });
});

test("an estimate needs a complete plan and a rate", () => {
  const record: JobRecord = {
    ...planned(),
    rates: [
      { at: now, objects: 0, bytes: 0 },
      { at: epochMs(now + 10_000), objects: 1, bytes: 10 },
    ],
  };
  expect(estimateEnd(record)).toBeNull();
  expect(estimateEnd({ ...record, next: null })).toBe("2026-01-01T00:00:30.000Z");
});

test("orders of callers: a paused job needs the next orchestration, a pausing one does not", () => {
  const record = newRecord();
  const pausing = withPause(record);
  expect(pausing).toMatchObject({ kind: "changed", isNewGeneration: false });
  if (pausing.kind !== "changed") return;
  expect(jobStatusOf(pausing.record)).toBe("pausing");
  expect(withPause(pausing.record)).toEqual({ kind: "same" });
  expect(withResume(pausing.record)).toMatchObject({ isNewGeneration: false });
  const paused = { ...pausing.record, isPaused: true };
  expect(jobStatusOf(paused)).toBe("paused");
  for (const change of [withResume(paused), withAbort(paused)]) {
    expect(change).toMatchObject({
      isNewGeneration: true,
      record: { generation: 2, isPaused: false },
    });
  }
  const aborting = withAbort(record);
  if (aborting.kind !== "changed") return;
  expect(withPause(aborting.record)).toMatchObject({ kind: "refused", problem: "job-ended" });
  expect(withStart(record, now)).toMatchObject({ kind: "refused", problem: "job-not-planned" });
});
