import { expect, test } from "vitest";
import {
  getJob,
  inboxJob,
  placeUrl,
  reportPairs,
  startJob,
  untilJob,
  untilJobEnded,
} from "../../support/jobs/stack-jobs.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* Abort, pause, resume, the start of a planned job, DELETE, Idempotency-Key, Prefer and the list. */

const stalled = { copies: { bytesPerSecond: 0 } } as const;
const immediately = { copies: { finishOnStart: "always" } } as const;

async function fill(stack: TestStack, count: number) {
  for (let index = 0; index < count; index++) await stack.upload(`inbox/${index}.txt`, "content");
}

const order = (stack: TestStack, id: string, name: string) =>
  stack.call("POST", `/jobs/${id}/${name}`);

test("an abort aborts the pending copies, removes their empty blobs, and keeps the copied ones", async () => {
  const stack = await startStack(stalled);
  await fill(stack, 4);
  const { id } = await startJob(stack, inboxJob(stack));
  stack.local.emulator.copies.finish({ container: "archive", blob: "0.txt" });
  const response = await order(stack, id, "abort");
  expect(response.status).toBe(202);
  expect(response.json.status).toBe("aborting");
  const job = await untilJobEnded(stack, id);
  expect(job).toMatchObject({
    status: "aborted",
    objects: { planned: 4, copied: 1, aborted: 3, pending: 0, remaining: 0 },
    error: null,
  });
  const left: string[] = [];
  for await (const { name } of stack.container("archive").listBlobsFlat()) left.push(name);
  expect(left).toEqual(["0.txt"]);
  expect((await order(stack, id, "abort")).status).toBe(200);
  expect((await order(stack, id, "pause")).status).toBe(409);
});

test("an aborted copy over a blob that existed leaves that name alone", async () => {
  const stack = await startStack(stalled);
  await fill(stack, 1);
  await stack.upload("archive/0.txt", "former");
  const { id } = await startJob(stack, inboxJob(stack, { options: { overwrite: "always" } }));
  await order(stack, id, "abort");
  expect(await untilJobEnded(stack, id)).toMatchObject({ status: "aborted" });
  expect(await stack.blob("archive/0.txt").exists()).toBe(true);
});

test("a paused job polls nothing; a resume continues with the same plan", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 1 } });
  await fill(stack, 2);
  const { id } = await startJob(stack, inboxJob(stack));
  expect((await order(stack, id, "pause")).json.status).toBe("pausing");
  const paused = await untilJob(stack, id, ({ status }) => status === "paused");
  expect(paused).toMatchObject({ status: "paused", objects: { pending: 2 } });
  expect((await order(stack, id, "pause")).status).toBe(200);
  const before = stack.local.emulator.requests.length;
  await stack.clock.advance(30 * 60_000);
  const { requests } = stack.local.emulator;
  const toArchive = requests.slice(before).filter(({ url }) => url.includes("/archive"));
  expect(toArchive).toEqual([]);
  expect((await order(stack, id, "resume")).status).toBe(202);
  expect((await order(stack, id, "resume")).status).toBe(200);
  expect(await untilJobEnded(stack, id)).toMatchObject({ status: "succeeded" });
});

test("a paused job can be aborted", async () => {
  const stack = await startStack(stalled);
  await fill(stack, 2);
  const { id } = await startJob(stack, inboxJob(stack));
  await order(stack, id, "pause");
  await untilJob(stack, id, ({ status }) => status === "paused");
  await order(stack, id, "abort");
  expect(await untilJobEnded(stack, id)).toMatchObject({
    status: "aborted",
    objects: { aborted: 2 },
  });
});

test("a dry run plans and copies nothing; its start copies exactly the planned objects", async () => {
  const stack = await startStack(immediately);
  await fill(stack, 3);
  const { id } = await startJob(stack, inboxJob(stack, { dryRun: true }));
  const planned = await untilJobEnded(stack, id);
  expect(planned).toMatchObject({
    status: "planned",
    objects: { planned: 3, copied: 0, remaining: 3 },
  });
  const starts = () =>
    stack.local.emulator.requests.filter(({ headers }) => "x-ms-copy-source" in headers).length;
  expect(starts()).toBe(0);
  await stack.clock.advance(60_000);
  await stack.upload("inbox/0.txt", "changed since");
  await stack.upload("inbox/new.txt", "new since");
  expect((await order(stack, id, "start")).status).toBe(202);
  const job = await untilJobEnded(stack, id);
  expect(job).toMatchObject({
    status: "failed",
    objects: { planned: 3, copied: 2, failed: 1 },
    failedByCause: { "source-changed": 1 },
  });
  expect(await stack.blob("archive/new.txt").exists()).toBe(false);
  expect((await order(stack, id, "start")).json.type).toBe("urn:ferry:problem:job-not-planned");
});

test("the same Idempotency-Key starts one job; another body gets 409, and a copy's key is another's", async () => {
  const stack = await startStack(immediately);
  await fill(stack, 1);
  const headers = { "idempotency-key": "job-1" };
  const first = await startJob(stack, inboxJob(stack), headers);
  const again = await stack.call("POST", "/jobs", { body: inboxJob(stack), headers });
  expect(again.status).toBe(200);
  expect(again.json.id).toBe(first.id);
  const other = inboxJob(stack, { destination: placeUrl(stack, "archive/x/") });
  expect((await stack.call("POST", "/jobs", { body: other, headers })).status).toBe(409);
  const copy = { source: stack.blob("inbox/0.txt").url, destination: stack.blob("archive/1").url };
  expect((await stack.call("POST", "/copies", { body: copy, headers })).status).toBe(409);
  await untilJobEnded(stack, first.id);
  expect((await stack.call("DELETE", `/jobs/${first.id}`)).status).toBe(204);
  expect((await stack.call("POST", "/jobs", { body: inboxJob(stack), headers })).status).toBe(410);
});

test.each([false, true])(
  "simultaneous requests with one Idempotency-Key start one job; one gets 202, the others 200 (dryRun: %s)",
  async (dryRun) => {
    const stack = await startStack(immediately);
    await fill(stack, 1);
    for (let round = 0; round < 5; round++) {
      const headers = { "idempotency-key": `job-${round}` };
      const body = inboxJob(stack, { destination: placeUrl(stack, `archive/${round}/`), dryRun });
      const send = () => stack.call("POST", "/jobs", { body, headers });
      const responses = await Promise.all(Array.from({ length: 10 }, send));
      const statuses = responses.map(({ status }) => status);
      expect(statuses.filter((status) => status === 202)).toHaveLength(1);
      expect(statuses.filter((status) => status === 200)).toHaveLength(9);
      expect(new Set(responses.map(({ json }) => json.id)).size).toBe(1);
    }
  },
);

test("DELETE deletes an ended job with its pages; a job that has not ended gets 409", async () => {
  const stack = await startStack({ ...stalled, settings: reportPairs });
  await fill(stack, 2);
  await stack.container("reports").create();
  const report = placeUrl(stack, "reports/");
  const { id } = await startJob(stack, inboxJob(stack, { report }));
  expect((await stack.call("DELETE", `/jobs/${id}`)).status).toBe(409);
  await order(stack, id, "abort");
  await untilJobEnded(stack, id);
  expect((await stack.call("DELETE", `/jobs/${id}`)).status).toBe(204);
  expect((await stack.call("GET", `/jobs/${id}`)).status).toBe(404);
  const left: string[] = [];
  for await (const { name } of stack.container("ferry-ledger").listBlobsFlat()) left.push(name);
  expect(left.filter((name) => name.includes("job") && name !== "active-jobs/list")).toEqual([]);
  expect(await stack.blob(`reports/${id}/manifest.json`).exists()).toBe(true);
});

test("Prefer: wait returns an ended or paused job immediately, with Preference-Applied", async () => {
  const stack = await startStack(immediately);
  await fill(stack, 1);
  const { id } = await startJob(stack, inboxJob(stack));
  await untilJobEnded(stack, id);
  const headers = { prefer: "wait=20" };
  const response = await stack.call("GET", `/jobs/${id}`, { headers });
  expect(response.headers.get("preference-applied")).toBe("wait=20");
  const etag = response.headers.get("etag") ?? "";
  const again = await stack.call("GET", `/jobs/${id}`, { headers: { "if-none-match": etag } });
  expect(again.status).toBe(304);
});

test("GET /jobs lists jobs newest first, in pages, by status", async () => {
  const stack = await startStack(immediately);
  await fill(stack, 1);
  const ids: string[] = [];
  for (const folder of ["a", "b", "c"]) {
    const destination = placeUrl(stack, `archive/${folder}/`);
    ids.unshift((await startJob(stack, inboxJob(stack, { destination }))).id);
    await stack.clock.advance(10_000);
  }
  const all = (await stack.call("GET", "/jobs")).json;
  expect(all.items.map(({ id }: { id: string }) => id)).toEqual(ids);
  expect(all.items[0]).toMatchObject({ status: "succeeded", objects: { planned: 1, copied: 1 } });
  const first = (await stack.call("GET", "/jobs?limit=2")).json;
  expect(first.items).toHaveLength(2);
  const rest = await stack.call("GET", `/jobs?limit=2&cursor=${first.nextCursor}`);
  expect(rest.json.items.map(({ id }: { id: string }) => id)).toEqual(ids.slice(2));
  expect(rest.json.nextCursor).toBeNull();
  expect((await stack.call("GET", "/jobs?status=failed")).json.items).toEqual([]);
  expect((await stack.call("GET", "/jobs?status=done")).status).toBe(400);
});

test("the watchdog starts the next orchestration of a job whose orchestration was purged", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 1 } });
  await fill(stack, 2);
  const { id } = await startJob(stack, inboxJob(stack));
  const url = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/job-${id}-1`;
  await fetch(`${url}/terminate?reason=test`, { method: "POST" });
  await stack.clock.advance(3 * 3_600_000);
  expect(await getJob(stack, id)).toMatchObject({ status: "succeeded", objects: { copied: 2 } });
});
