import { expect, test } from "vitest";
import {
  inboxJob,
  placeUrl,
  reportPairs,
  startJob,
  untilJobEnded,
} from "../../support/jobs/stack-jobs.ts";
import { inboxRoutes } from "../../support/stack/events.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* Each problem of a request is detected before the first copy, and named. */

const immediately = { copies: { finishOnStart: "always" } } as const;

async function refuse(stack: TestStack, changes: object, status = 400) {
  const response = await stack.call("POST", "/jobs", { body: inboxJob(stack, changes) });
  expect(response.status, response.text).toBe(status);
  expect(stack.local.emulator.requests.filter(({ url }) => url.includes("active-jobs"))).toEqual(
    [],
  );
  const { errors = [], detail } = response.json;
  return {
    detail,
    errors: errors.map(
      (each: { pointer: string; message: string }) => `${each.pointer} ${each.message}`,
    ),
  };
}

test("each wrong field is named", async () => {
  const stack = await startStack(immediately);
  const wrong = {
    select: { include: ["a[1]"], minSize: 5, maxSize: 1, types: ["File"], name: "x" },
    options: { rollback: "snapshot", overwrite: "often" },
    concurrency: 0,
    maxFailures: -1,
    report: 5,
    extra: true,
  };
  const { errors } = await refuse(stack, wrong);
  for (const pointer of [
    "/select/types/0",
    "/select/name",
    "/options/rollback does not apply to a job",
    "/options/overwrite",
    "/concurrency",
    "/maxFailures",
    "/report must be of the type string",
    "/extra is not a field of this request",
  ]) {
    expect(
      errors.filter((each: string) => each.startsWith(pointer)),
      pointer,
    ).toHaveLength(1);
  }
  const select = { include: ["a[1]"], minSize: 5, maxSize: 1 };
  expect((await refuse(stack, { select })).errors).toEqual([
    '/select/include/0 has "[", which is not supported; use *, **, ? and {a,b}',
    "/select/maxSize is less than minSize",
  ]);
});

test.each([
  ["inbox/2026/", "inbox/2026", "/destination is the source itself"],
  ["inbox//2026/", "inbox/2026/", "/destination is the source itself"],
  ["inbox/2026/", "inbox/", "/source is inside the destination"],
  ["inbox/", "inbox/copies/", "/destination is inside the source"],
])("a job from %s to %s is rejected: %s", async (source, destination, problem) => {
  const stack = await startStack(immediately);
  const changes = { source: placeUrl(stack, source), destination: placeUrl(stack, destination) };
  expect((await refuse(stack, changes)).errors).toEqual([problem]);
});

test.each([
  ["inbox/reports/", "/report overlaps with the source"],
  ["archive/", "/report overlaps with the destination"],
])("a report in %s is rejected: %s", async (report, problem) => {
  const stack = await startStack(immediately);
  expect((await refuse(stack, { report: placeUrl(stack, report) })).errors).toEqual([problem]);
});

test.each([
  ["no pair leads there", "archived/"],
  ["the pair that leads there does not have the word", "archive/reports/"],
])("a report needs a pair that grants it by name: %s", async (_, folder) => {
  const stack = await startStack({ ...immediately, settings: reportPairs });
  const report = placeUrl(stack, folder);
  const destination = placeUrl(stack, "archive/films/");
  const { errors } = await refuse(stack, { destination, report }, 403);
  expect(errors).toEqual([
    `/report needs a pair in COPY_ALLOWED with "report" in its "allow" list, from the job's source to ${report}`,
  ]);
});

test("a report where the app keeps its state is rejected", async () => {
  const stack = await startStack(immediately);
  const report = placeUrl(stack, "ferry-ledger/");
  expect((await refuse(stack, { report }, 403)).detail).toContain("keep their state");
});

test.each(["inbox/", "inbox", "inbox/deeper/"])(
  "a destination %s that is, covers, or lies in the source of a route is rejected",
  async (destination) => {
    const stack = await startStack({ ...immediately, settings: inboxRoutes() });
    const changes = {
      source: placeUrl(stack, "films/"),
      destination: placeUrl(stack, destination),
    };
    const { errors } = await refuse(stack, changes, 403);
    expect(errors).toEqual([
      '/destination overlaps with the source of the route "films", which would copy each of its blobs',
    ]);
  },
);

test("a job whose glob matches nothing ends as succeeded, with zero planned, and states the reason", async () => {
  const stack = await startStack(immediately);
  await stack.upload("inbox/a.txt", "a");
  const { id } = await startJob(stack, inboxJob(stack, { select: { include: ["*.mp4"] } }));
  expect(await untilJobEnded(stack, id)).toMatchObject({
    status: "succeeded",
    objects: { planned: 0, leftOut: 1, copied: 0 },
    reason: '"select" leaves out all 1 blobs of the source',
  });
});

test.each([
  ["source", "source-not-found", "nowhere/", "archive/"],
  ["destination", "destination-not-found", "inbox/", "nowhere/"],
])("a job whose %s does not exist fails with %s before it copies", async (_, cause, from, to) => {
  const stack = await startStack(immediately);
  await stack.upload("inbox/a.txt", "a");
  const places = { source: placeUrl(stack, from), destination: placeUrl(stack, to) };
  const { id } = await startJob(stack, places);
  const job = await untilJobEnded(stack, id);
  expect(job).toMatchObject({ status: "failed", error: { cause }, objects: { copied: 0 } });
  expect(job.error.message).toContain(placeUrl(stack, "nowhere/"));
  const starts = stack.local.emulator.requests.filter(
    ({ headers }) => "x-ms-copy-source" in headers,
  );
  expect(starts).toEqual([]);
});

test("a report that the app is not allowed to write fails the job before the first copy", async () => {
  const stack = await startStack({ ...immediately, settings: reportPairs });
  await stack.upload("inbox/a.txt", "a");
  const { id } = await startJob(stack, inboxJob(stack, { report: placeUrl(stack, "reports/") }));
  const job = await untilJobEnded(stack, id);
  expect(job).toMatchObject({
    status: "failed",
    error: { cause: "report-not-written" },
    objects: { planned: 0, copied: 0 },
  });
  const starts = stack.local.emulator.requests.filter(
    ({ headers }) => "x-ms-copy-source" in headers,
  );
  expect(starts).toEqual([]);
});

test("a job is rejected while another one writes to an overlapping destination", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 0 } });
  await stack.upload("inbox/a.txt", "a");
  const { id } = await startJob(stack, inboxJob(stack));
  const inside = inboxJob(stack, { destination: placeUrl(stack, "archive/deeper/") });
  const refused = await stack.call("POST", "/jobs", { body: inside });
  expect(refused.status).toBe(409);
  expect(refused.json.type).toBe("urn:ferry:problem:job-overlaps");
  expect(refused.text).not.toContain(id);
  await stack.call("POST", `/jobs/${id}/abort`);
  await untilJobEnded(stack, id);
  expect((await stack.call("POST", "/jobs", { body: inside })).status).toBe(202);
});
