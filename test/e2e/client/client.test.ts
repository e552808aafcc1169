import { expect, test } from "vitest";
import { createFerry, FerryError } from "../../../src/client/ferry.ts";
import type { CopySummary, JobSummary } from "../../../src/client/ferry.ts";
import type { LocalStackOptions } from "../../../src/local/local-stack.ts";
import { inboxJob, untilJob } from "../../support/jobs/stack-jobs.ts";
import { expectDocumented } from "../../support/stack/documented.ts";
import { startStack } from "../../support/stack/test-stack.ts";

/* The client against the app: each call, each response compared with the document of the API. */

/** A stack, and a client of it. */
async function startClient(copies: LocalStackOptions["copies"] = { bytesPerSecond: 1_000 }) {
  const stack = await startStack({ copies });
  const { url } = stack.local.host;
  const checked: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const copy = response.clone();
    expectDocumented({
      method: init?.method ?? "GET",
      path: (input instanceof Request ? input.url : input.toString()).replace(`${url}/api`, ""),
      status: copy.status,
      headers: copy.headers,
      text: await copy.text(),
    });
    return response;
  };
  const { url: source } = await stack.upload("inbox/film.mp4", "x".repeat(100_000));
  const ferry = createFerry({ url, fetch: checked });
  return { stack, ferry, source, to: (name: string) => stack.blob(`archive/${name}`).url };
}

async function collect<Item extends CopySummary | JobSummary>(
  items: AsyncIterable<Item>,
): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

test("a copy is planned, started, read, aborted, retried, listed and deleted", async () => {
  const { stack, ferry, source, to } = await startClient();
  expect(await ferry.health()).toEqual({ status: "ok" });
  const request = {
    source,
    destination: to("film.mp4"),
    options: { overwrite: "always" },
  } as const;
  expect(await ferry.plan(request)).toMatchObject({ dryRun: true, source });
  const first = await ferry.start(request);
  expect(first).toMatchObject({ source, destination: request.destination });
  await stack.clock.settled();

  const read = await ferry.get(first.id);
  const etag = ferry.etag(read) ?? "";
  expect(etag).toMatch(/^"/);
  expect(await ferry.get(first.id, { etag })).toBe(read);
  expect(await ferry.abort(first.id)).toMatchObject({ abortRequested: true });
  await stack.untilEnded(first.id);
  expect(await ferry.wait(first.id)).toMatchObject({ status: "aborted" });

  await stack.clock.advance(1_000); // the list is in the order of time
  const second = await ferry.retry(first.id);
  expect(second).toMatchObject({ retryOf: first.id });
  await stack.untilEnded(second.id);
  const seen: string[] = [];
  await ferry.wait(second.id, { onUpdate: ({ status }) => seen.push(status) });
  expect(seen).toEqual(["succeeded"]);
  const { entries } = await ferry.timeline(second.id);
  expect(entries.map(({ step }) => step)).toEqual(expect.arrayContaining(["requested", "ended"]));

  expect((await ferry.page({ limit: 1 })).items.map(({ id }) => id)).toEqual([second.id]);
  await ferry.delete(first.id);
  const left = await collect(ferry.list());
  expect(left.map(({ id }) => id)).toEqual([second.id]);
});

test("the same Idempotency-Key gives the same copy, and another request with it is an error", async () => {
  const { ferry, source, to } = await startClient();
  const idempotencyKey = "one";
  const request = { source, destination: to("1") };
  const first = await ferry.start(request, { idempotencyKey });
  expect((await ferry.start(request, { idempotencyKey })).id).toBe(first.id);
  const other = ferry.start({ source, destination: to("2") }, { idempotencyKey });
  await expect(other).rejects.toMatchObject({ status: 409, causeName: "idempotency-key-reused" });
});

test("list reads all pages of a filter", async () => {
  const { stack, ferry, source, to } = await startClient({ finishOnStart: "always" });
  const ids: string[] = [];
  for (let index = 0; index < 55; index++) {
    const from = index % 5 === 0 ? to(`none-${index}`) : source;
    ids.push((await ferry.start({ source: from, destination: to(String(index)) })).id);
  }
  for (const id of ids) await stack.untilEnded(id);
  expect((await ferry.page()).items).toHaveLength(50);
  const all = await collect(ferry.list());
  expect(new Set(all.map(({ id }) => id))).toEqual(new Set(ids));
  const failed = await collect(ferry.list({ status: "failed" }));
  expect(failed).toHaveLength(11);
  for (const { cause } of failed) expect(cause).toBe("source-not-found");
});

test("errors name their cause, and the fields of a request with problems", async () => {
  const { stack, ferry, source } = await startClient();
  const invalid = ferry.start({ source, destination: "https://example.com/x" });
  await expect(invalid).rejects.toBeInstanceOf(FerryError);
  await expect(invalid).rejects.toMatchObject({
    kind: "problem",
    causeName: "invalid-request",
    errors: [{ pointer: "/destination", message: expect.any(String) }],
  });
  const unknown = ferry.get("01a1fb9f-20ed-74d5-ab99-256a8184e096");
  await expect(unknown).rejects.toMatchObject({ status: 404, causeName: "not-found" });
  // The emulator responds with XML.
  const other = createFerry({ url: stack.local.emulator.blobUrl });
  await expect(other.health()).rejects.toMatchObject({
    kind: "foreign",
    causeName: expect.any(String),
  });
});

test("a job is planned, started, paused, resumed, aborted, read, listed and deleted", async () => {
  const { stack, ferry } = await startClient({ bytesPerSecond: 100 });
  const { jobs } = ferry;
  const planned = await jobs.plan(inboxJob(stack));
  await untilJob(stack, planned.id, ({ status }) => status === "planned");
  const waited = await jobs.wait(planned.id);
  expect(waited).toMatchObject({ status: "planned", objects: { planned: 1, copied: 0 } });
  const etag = jobs.etag(waited) ?? "";
  expect(etag).toMatch(/^"/);
  expect(await jobs.get(planned.id, { etag })).toBe(waited);

  const { id } = await jobs.startPlanned(planned.id);
  expect(id).toBe(planned.id);
  expect(await jobs.pause(id)).toMatchObject({ status: "pausing" });
  await untilJob(stack, id, ({ status }) => status === "paused");
  const seen: string[] = [];
  await jobs.wait(id, { onUpdate: ({ status }) => seen.push(status) });
  expect(seen).toEqual(["paused"]);
  expect(await jobs.resume(id)).toMatchObject({ status: "running" });
  expect(await jobs.abort(id)).toMatchObject({ status: "aborting" });
  await expect(jobs.delete(id)).rejects.toMatchObject({ status: 409 });
  await untilJob(stack, id, ({ completedAt }) => completedAt !== null);
  expect((await jobs.page({ limit: 1 })).items).toMatchObject([{ id, status: "aborted" }]);

  const other = await jobs.start(inboxJob(stack), { idempotencyKey: "one" });
  expect((await jobs.start(inboxJob(stack), { idempotencyKey: "one" })).id).toBe(other.id);
  const aborted = await collect(jobs.list({ status: "aborted" }));
  expect(aborted.map((each) => each.id)).toEqual([id]);
  await jobs.delete(id);
  await expect(jobs.get(id)).rejects.toMatchObject({ status: 404, causeName: "job-not-found" });
});
