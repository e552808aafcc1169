import { expect, test } from "vitest";
import { hasEnded, isJobAtRest } from "../../../src/client/ferry.ts";
import type { JobStatus } from "../../../src/client/ferry.ts";
import { id, json, problem, scriptedFerry } from "../../support/client/scripted-app.ts";

const job = (status: JobStatus) => ({ id, status });
const statuses: JobStatus[] = [
  "planning",
  "planned",
  "running",
  "pausing",
  "paused",
  "aborting",
  "succeeded",
  "failed",
  "aborted",
];

test("a job that a caller must change is at rest, and one that changes on its own is not", () => {
  expect(statuses.filter((status) => isJobAtRest({ status }))).toEqual([
    "planned",
    "paused",
    "succeeded",
    "failed",
    "aborted",
  ]);
  expect(hasEnded({ status: "failed" })).toBe(true);
});

test("wait reads until the job is at rest, and reports each state once", async () => {
  const { ferry } = scriptedFerry([
    json(job("planning"), 200, { etag: '"1"', "retry-after": "5" }),
    new Response(null, { status: 304, headers: { etag: '"1"', "retry-after": "5" } }),
    json(job("running"), 200, { etag: '"2"', "retry-after": "5" }),
    json(job("paused"), 200, { etag: '"3"' }),
  ]);
  const seen: string[] = [];
  const last = await ferry.jobs.wait(id, { onUpdate: ({ status }) => seen.push(status) });
  expect(last.status).toBe("paused");
  expect(seen).toEqual(["planning", "running", "paused"]);
});

test("a start and a plan have an Idempotency-Key, and a plan asks for a dry run", async () => {
  const { ferry, sent } = scriptedFerry([json(job("planning"), 202), json(job("planning"), 202)]);
  const request = { source: "https://acct1/inbox/", destination: "https://acct2/archive/" };
  await ferry.jobs.start(request);
  await ferry.jobs.plan(request, { idempotencyKey: "mine" });
  expect(sent.map(({ headers }) => headers.get("idempotency-key"))).toEqual(["key-1", "mine"]);
  expect(sent.map(({ body }) => body)).toEqual([request, { ...request, dryRun: true }]);
});

test("the start of a planned job whose response was lost is found as started", async () => {
  const { ferry, sent } = scriptedFerry([
    new TypeError("the connection broke off"),
    problem("job-not-planned", 409),
    json(job("running")),
  ]);
  expect(await ferry.jobs.startPlanned(id)).toMatchObject({ status: "running" });
  expect(sent.map(({ method }) => method)).toEqual(["POST", "POST", "GET"]);

  const other = scriptedFerry([problem("job-not-planned", 409)]);
  await expect(other.ferry.jobs.startPlanned(id)).rejects.toMatchObject({ status: 409 });
});

test.each([".", "..", "a/b", "", "a b", "%2e"])("%j is not an id of a job", async (wrong) => {
  const { ferry, sent } = scriptedFerry([]);
  await expect(ferry.jobs.get(wrong)).rejects.toThrow("no id of a job has");
  await expect(ferry.jobs.abort(wrong)).rejects.toMatchObject({ kind: "usage" });
  expect(sent).toEqual([]);
});
