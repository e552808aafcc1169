import { expect, test } from "vitest";
import type { Job, JobStatus, JobSummary } from "../../../src/client/ferry.ts";
import {
  canOrder,
  groupObjectFailures,
  jobProgress,
  noJobs,
  rowOfJob,
  unsettledJobs,
  updateJobRow,
} from "../../../src/dashboard/page/state/jobs.ts";
import type { JobAction } from "../../../src/dashboard/page/state/jobs.ts";

const iso = "2026-11-20T12:00:00.000Z";
const links = { self: "", abort: "", pause: "", resume: "", start: "" };
const ended = ["planned", "succeeded", "failed", "aborted"];

function item(id: string, status: JobStatus): JobSummary {
  return {
    id,
    status,
    source: "https://acct1/inbox/",
    destination: "https://acct2/archive/",
    createdAt: iso,
    completedAt: ended.includes(status) ? iso : null,
    objects: { planned: 10, copied: 4, failed: 1 },
    links,
  };
}

/** The fields that the page's state reads. */
const job = (id: string, status: JobStatus, changed: Partial<Job> = {}) =>
  ({
    ...item(id, status),
    isPlanned: true,
    objects: {
      planned: 10,
      leftOut: 3,
      copied: 4,
      pending: 2,
      skipped: 1,
      failed: 1,
      aborted: 1,
      notStarted: 0,
      remaining: 1,
    },
    failedByCause: {},
    failures: [],
    ...changed,
  }) as Job;

test("a list replaces the state of a job, and keeps the whole job only while its status is the same", () => {
  const whole = rowOfJob(job("1", "running"));
  const same = updateJobRow(whole, item("1", "running"));
  expect(same.job).toBe(whole.job);
  expect(updateJobRow(whole, item("1", "paused"))).toEqual({
    item: item("1", "paused"),
    job: null,
  });
});

test("a list that was read before the job ended does not make it run again", () => {
  const aborted = rowOfJob(job("1", "aborted"));
  expect(updateJobRow(aborted, item("1", "aborting"))).toBe(aborted);
  // The start of a planned job makes it run.
  const planned = rowOfJob(job("1", "planned"));
  expect(updateJobRow(planned, item("1", "running")).item.status).toBe("running");
});

test("the jobs that change on their own are read, and the selected one until it has been read", () => {
  const statuses: JobStatus[] = ["running", "paused", "planning", "succeeded", "aborting"];
  const rows = new Map(
    statuses.map((status, index) => [
      String(index),
      updateJobRow(undefined, item(String(index), status)),
    ]),
  );
  const listing = { ...noJobs.listing, ids: [...rows.keys()] };
  const read = (selected: string | null, max = 10) =>
    unsettledJobs({ ...noJobs, rows, listing, selected }, max);
  expect(read(null)).toEqual(["0", "2", "4"]);
  expect(read("3")).toEqual(["3", "0", "2", "4"]);
  expect(read("2", 2)).toEqual(["2", "0"]);
  rows.set("3", rowOfJob(job("3", "succeeded")));
  expect(read("3")).toEqual(["0", "2", "4"]);
  expect(read("unknown")).toEqual(["0", "2", "4"]);
});

test("each order is offered exactly when the app accepts it", () => {
  const orders = (status: JobStatus) =>
    (["abort", "pause", "resume", "start", "delete"] satisfies JobAction[]).filter((action) =>
      canOrder(action, status),
    );
  expect(orders("planning")).toEqual(["abort", "pause"]);
  expect(orders("running")).toEqual(["abort", "pause"]);
  expect(orders("pausing")).toEqual(["abort", "resume"]);
  expect(orders("paused")).toEqual(["abort", "resume"]);
  expect(orders("aborting")).toEqual([]);
  expect(orders("planned")).toEqual(["start", "delete"]);
  for (const status of ["succeeded", "failed", "aborted"] as const) {
    expect(orders(status)).toEqual(["delete"]);
  }
});

test("the progress counts every object that is finished, and shows whether all are planned", () => {
  expect(jobProgress(rowOfJob(job("1", "running")))).toEqual({
    done: 7,
    planned: 10,
    isTotal: true,
  });
  const planning = rowOfJob(job("1", "planning", { isPlanned: false }));
  expect(jobProgress(planning).isTotal).toBe(false);
  expect(jobProgress(updateJobRow(undefined, item("1", "running")))).toEqual({
    done: 5,
    planned: 10,
    isTotal: false,
  });
});

test("failed objects are grouped by cause with the fix, the largest group first", () => {
  const failure = (name: string, cause: "source-changed" | "destination-exists") => ({
    name,
    cause,
    message: `why ${name}`,
    fix: `fix of ${cause}`,
  });
  const failed = job("1", "failed", {
    failedByCause: { "source-changed": 2, "destination-exists": 30, throttled: 1 },
    failures: [
      failure("a", "source-changed"),
      failure("b", "destination-exists"),
      failure("c", "source-changed"),
    ],
  });
  const groups = groupObjectFailures(failed);
  expect(groups.map(({ cause, count, fix }) => [cause, count, fix])).toEqual([
    ["destination-exists", 30, "fix of destination-exists"],
    ["source-changed", 2, "fix of source-changed"],
    ["throttled", 1, null],
  ]);
  expect(groups[1]?.objects.map(({ name }) => name)).toEqual(["a", "c"]);
});
