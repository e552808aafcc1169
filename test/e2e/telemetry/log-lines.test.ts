import { afterEach, expect, test } from "vitest";
import { createEvent, deliver, inboxRoutes } from "../../support/stack/events.ts";
import { inboxJob, startJob, untilJobEnded } from "../../support/jobs/stack-jobs.ts";
import { startListener } from "../../support/servers/listener.ts";
import { hour, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";
import { logLines } from "../../../src/telemetry/log-lines.ts";
import { lineProblems, linesOf, readLines } from "../../support/telemetry/lines.ts";
import type { ReadLine } from "../../support/telemetry/lines.ts";

const minute = 60_000;
const film = Buffer.alloc(1_000_000, "film");
const slowly = { bytesPerSecond: 1_000 }; // the film takes 1,000 s
const stacks: TestStack[] = [];
const seen: ReadLine[] = [];

async function start(options: Parameters<typeof startStack>[0] = {}): Promise<TestStack> {
  const stack = await startStack({ ...options, environment: { COPY_WATCHDOG: "" } });
  stacks.push(stack);
  return stack;
}

/** In every test, the app logs only structured lines that are declared. */
afterEach(() => {
  const lines = stacks.splice(0).flatMap(({ log }) => readLines(log));
  expect(lines.flatMap(lineProblems)).toEqual([]);
  const text = JSON.stringify(lines);
  expect(text).not.toMatch(/https?:|film\.mp4|archive|inbox|sig=|hush-hush/);
  seen.push(...lines);
});

async function startCopy(stack: TestStack, options = {}): Promise<string> {
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4").url;
  return (await stack.start({ source: source.url, destination, options })).id;
}

async function manage(stack: TestStack, path: string): Promise<void> {
  const url = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${path}`;
  await fetch(url, { method: "POST" });
  await stack.clock.settled();
}

const ended = (stack: TestStack) => linesOf(stack.log, "ferry.copy.ended");

test("an ended copy has one line: its outcome, bytes, times, lag, accounts and cost", async () => {
  const stack = await start({ copies: slowly });
  const id = await startCopy(stack);
  const copy = await stack.untilEnded(id);
  await stack.clock.advance(hour);
  const [line, ...others] = ended(stack);
  expect(others).toEqual([]);
  expect(line).toMatchObject({
    instanceId: id,
    again: false,
    recorded: true,
    outcome: "succeeded",
    cause: null,
    trigger: "request",
    route: null,
    sourceAccount: "devstoreaccount1",
    sourceService: "blob",
    destinationAccount: "devstoreaccount1",
    destinationService: "blob",
    bytes: film.length,
    createdAt: copy.createdAt,
    startedAt: copy.startedAt,
    completedAt: copy.completedAt,
    seconds: 1_000,
    copySeconds: 1_000,
    eventLagSeconds: null,
    reads: copy.statusReads,
    // One start, the reads, and the settling; each read waited for a timer.
    activities: copy.statusReads + 2,
    timers: copy.statusReads,
    abortRequested: false,
    residues: 0,
  });
  const lag = (Date.parse(line?.["settledAt"]) - Date.parse(copy.completedAt)) / 1_000;
  expect(line?.["lagSeconds"]).toBe(lag);
  expect(lag).toBeGreaterThanOrEqual(0);
  expect(lag).toBeLessThan(30);
});

test("a copy that its start completes also has a line, with one activity and no timer", async () => {
  const stack = await start({ copies: { finishOnStart: "always" } });
  const id = await startCopy(stack);
  expect(ended(stack)).toEqual([
    expect.objectContaining({ instanceId: id, outcome: "succeeded", activities: 1, timers: 0 }),
  ]);
});

test("the lines of failed, skipped and aborted copies have the reasons", async () => {
  const stack = await start({ copies: slowly });
  const { url } = await stack.upload("archive/film.mp4", film);
  const missing = stack.blob("archive/missing").url;
  const { id: failed } = await stack.start({ source: missing, destination: `${url}.copy` });
  await stack.untilEnded(failed);
  const skipped = await startCopy(stack, { overwrite: "skip" });
  await stack.untilEnded(skipped);
  const aborted = await startCopy(stack, { overwrite: "always" });
  await stack.call("POST", `/copies/${aborted}/abort`);
  await stack.untilEnded(aborted);
  expect(ended(stack)).toEqual([
    expect.objectContaining({
      instanceId: failed,
      outcome: "failed",
      cause: "source-not-found",
      storageStatus: 404,
      bytes: null,
      copySeconds: null,
      lagSeconds: null,
    }),
    expect.objectContaining({ instanceId: skipped, outcome: "skipped", cause: null }),
    expect.objectContaining({
      instanceId: aborted,
      outcome: "aborted",
      abortRequested: true,
      residues: 1, // the sentence that the former content is gone
    }),
  ]);
});

test("a copy of an event has its route, and the time from the event to the completion", async () => {
  const stack = await start({ settings: inboxRoutes(), copies: slowly });
  const blob = await stack.upload("inbox/film.mp4", film);
  const event = await createEvent(blob);
  await stack.clock.advance(5 * minute); // Event Grid is late
  expect(await deliver(stack, event)).toBe(202);
  await stack.clock.advance(hour);
  expect(ended(stack)).toEqual([
    expect.objectContaining({
      trigger: "event",
      route: "films",
      eventLagSeconds: 300 + 1_000,
      seconds: 1_000,
    }),
  ]);
  expect(linesOf(stack.log, "ferry.copy.accepted")).toEqual([
    expect.objectContaining({ trigger: "event", route: "films" }),
  ]);
});

test("a copy whose outcome the ledger never recorded has one line that reports this", async () => {
  // The orchestration logs the line, and then sends the notification in another turn.
  const topic = await startListener();
  const settings = { COPY_NOTICE_TOPIC: topic.url, COPY_NOTICE_TOPIC_KEY: "k" };
  const stack = await start({ copies: slowly, settings });
  const id = await startCopy(stack);
  await stack.clock.advance(10_000);
  stack.local.emulator.faults.add({
    match: ({ method, target }) => method === "PUT" && target.includes("/records/"),
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  await stack.untilEnded(id, 48);
  expect(ended(stack)).toEqual([
    expect.objectContaining({ instanceId: id, outcome: "succeeded", recorded: false }),
  ]);
});

test.each([429, 503])("each response with %d has a line that names the account", async (status) => {
  const stack = await start({ copies: slowly });
  stack.local.emulator.faults.add({
    operation: "CopyBlob",
    times: 2,
    do: { response: { status, code: "ServerBusy", headers: { "retry-after": "7" } } },
  });
  const id = await startCopy(stack);
  await stack.untilEnded(id);
  const throttled = linesOf(stack.log, "ferry.storage.throttled");
  expect(throttled).toHaveLength(2);
  expect(throttled[0]).toMatchObject({
    instanceId: id,
    function: "startCopy",
    purpose: "copy",
    account: "devstoreaccount1",
    service: "blob",
    method: "PUT",
    status,
    code: "ServerBusy",
    retryAfterSeconds: 7,
  });
});

test("the line of a throttled call to the ledger names the ledger", async () => {
  const stack = await start({ copies: slowly });
  stack.local.emulator.faults.add({
    match: ({ method, target }) => method === "PUT" && target.includes("/locks/"),
    times: 2, // the ledger's client tries each call twice, and only the last response counts
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  const id = await startCopy(stack);
  await stack.untilEnded(id);
  expect(linesOf(stack.log, "ferry.storage.throttled")).toEqual([
    expect.objectContaining({ instanceId: id, purpose: "ledger", retryAfterSeconds: null }),
  ]);
});

test("a notification that no target accepts for a day has lines, and the watchdog's lines contain its age", async () => {
  const topic = await startListener();
  topic.responses = () => 500;
  const settings = { COPY_NOTICE_TOPIC: `${topic.url}?code=hush-hush`, COPY_NOTICE_TOPIC_KEY: "k" };
  const stack = await start({ settings, copies: { finishOnStart: "always" } });
  const instanceId = await startCopy(stack);
  await stack.clock.advance(2 * hour);
  const refused = linesOf(stack.log, "ferry.notification.refused");
  expect(refused[0]).toMatchObject({ instanceId, targets: ["topic"], waitedSeconds: 0 });
  const runs = linesOf(stack.log, "ferry.watchdog.ran");
  expect(runs.at(-1)).toMatchObject({ outbox: 1, outboxOldestSeconds: 2 * 3_600, complete: true });
  await stack.clock.advance(24 * hour);
  expect(linesOf(stack.log, "ferry.notification.dropped")).toEqual([
    expect.objectContaining({ instanceId, reason: "refused-for-a-day" }),
  ]);
  expect(linesOf(stack.log, "ferry.watchdog.ran").at(-1)).toMatchObject({
    outbox: 0,
    outboxOldestSeconds: null,
  });
});

test("a copy without its notification has a line when the watchdog sends it, and the line of its end is repeated with again: true", async () => {
  const topic = await startListener();
  topic.responses = () => 500;
  const settings = { COPY_NOTICE_TOPIC: topic.url, COPY_NOTICE_TOPIC_KEY: "k" };
  const stack = await start({ settings, copies: { finishOnStart: "always" } });
  const instanceId = await startCopy(stack);
  await manage(stack, `${instanceId}/terminate?reason=mistake`);
  topic.responses = () => 200;
  await stack.clock.advance(20 * minute);
  expect(linesOf(stack.log, "ferry.notification.resent")).toEqual([
    expect.objectContaining({ instanceId, action: "repaired" }),
  ]);
  const [first, again, ...others] = ended(stack);
  expect(others).toEqual([]);
  expect([first?.["again"], again?.["again"]]).toEqual([false, true]);
  for (const name of ["instanceId", "outcome", "bytes", "settledAt", "lagSeconds", "reads"]) {
    expect(again?.[name]).toBe(first?.[name]);
  }
});

test("a copy whose repair the watchdog starts has a line with its accounts", async () => {
  const stack = await start({ copies: slowly });
  const instanceId = await startCopy(stack);
  await stack.clock.advance(minute);
  await manage(stack, `${instanceId}/terminate?reason=mistake`);
  await stack.clock.advance(10 * minute);
  const stuck = linesOf(stack.log, "ferry.copy.stuck");
  expect(stuck).toEqual([
    expect.objectContaining({
      instanceId,
      action: "repaired",
      overdueSeconds: null,
      sourceAccount: "devstoreaccount1",
      destinationAccount: "devstoreaccount1",
    }),
  ]);
  const runs = linesOf(stack.log, "ferry.watchdog.ran");
  expect(runs.map((run) => run["stuck"])).toContain(1);
  expect(runs.at(-1)).toMatchObject({ locks: 1, stuck: 0, failed: 0 });
});

test("an event that can never cause its copy, and one that could not be handled now, have lines", async () => {
  const stack = await start({ settings: inboxRoutes() });
  const { url } = stack.container("inbox");
  const event = (name: string) => ({
    eventType: "Microsoft.Storage.BlobCreated",
    eventTime: new Date(stack.clock.now()).toISOString(),
    subject: `/blobServices/default/containers/inbox/blobs/${name}`,
    data: { api: "PutBlob", eTag: "0x8D", url: `${url}/${name}` },
  });
  expect(await deliver(stack, event("a/../b"))).toBe(202);
  expect(linesOf(stack.log, "ferry.event.unusable")).toEqual([
    expect.objectContaining({ trigger: "event-grid", route: "films" }),
  ]);
  stack.local.emulator.faults.add({ do: { response: { status: 503, code: "ServerBusy" } } });
  expect(await deliver(stack, event("film.mp4"))).toBe(500);
  expect(linesOf(stack.log, "ferry.event.failed")).toEqual([
    expect.objectContaining({ trigger: "event-grid", tries: null, poisoned: false }),
  ]);
});

test("a job has a line when it is requested, and one when it has ended", async () => {
  const stack = await start({ copies: { finishOnStart: "always" } });
  await stack.upload("inbox/film.mp4", film);
  const { id } = await startJob(stack, inboxJob(stack));
  await untilJobEnded(stack, id);
  expect(linesOf(stack.log, "ferry.job.accepted")).toEqual([
    expect.objectContaining({ instanceId: id, generation: 1, dryRun: false }),
  ]);
  expect(linesOf(stack.log, "ferry.job.ended")).toEqual([
    expect.objectContaining({
      instanceId: id,
      outcome: "succeeded",
      cause: null,
      planned: 1,
      copied: 1,
      failed: 0,
      bytes: film.length,
      pages: 1,
      throttled: 0,
    }),
  ]);
});

test("the tests above have logged every declared line", () => {
  const events = new Set(seen.map(({ event }) => event));
  expect(Object.keys(logLines).filter((event) => !events.has(event as never))).toEqual([]);
});

test("errors and warnings are logged at these levels", () => {
  const levels = Object.fromEntries(seen.map(({ event, level }) => [event, level]));
  expect(levels).toEqual({
    "ferry.copy.accepted": "information",
    "ferry.copy.ended": "information",
    "ferry.copy.stuck": "warning",
    "ferry.job.accepted": "information",
    "ferry.job.ended": "information",
    "ferry.storage.throttled": "warning",
    "ferry.notification.refused": "warning",
    "ferry.notification.resent": "warning",
    "ferry.notification.dropped": "error",
    "ferry.event.unusable": "error",
    "ferry.event.failed": "error",
    "ferry.watchdog.ran": "information",
  });
});
