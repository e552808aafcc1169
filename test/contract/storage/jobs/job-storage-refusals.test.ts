import { expect, test } from "vitest";
import { isEchoOf } from "../../../../src/copy/location/endpoint.ts";
import { blobOf } from "../../../../src/jobs/contract/storage.ts";
import type { JobStartOrder } from "../../../../src/jobs/contract/storage.ts";
import type { Fault } from "../../../../src/local/storage/server/faults.ts";
import { kib, second, startStorage } from "../../../support/stack/emulator.ts";
import {
  call,
  conditionsOf,
  jobStorageAt,
  listing,
  objectIn,
  sideOf,
  signedSide,
  starting,
  text,
  upload,
} from "./job-storage-calls.ts";

/*
 * The outcomes of Storage's refusals and of lost responses. Each case counts the requests, because no call is
 * repeated.
 */

const engines = ["startCopy", "copyFromUrl"] as const;
const operations = { startCopy: "CopyBlob", copyFromUrl: "CopyBlobFromUrl" } as const;

async function twoAccounts() {
  const storage = await startStorage({ copies: { bytesPerSecond: kib, finishOnStart: "always" } });
  const { emulator, service, otherService } = storage;
  const near = service.getContainerClient("near");
  const far = otherService.getContainerClient("far");
  await Promise.all([near.create(), far.create()]);
  const sourceEtag = await upload(near, "a");
  const source = objectIn(await signedSide(near), "a");
  const destination = objectIn(sideOf(far), "b");
  const order = (more: Partial<JobStartOrder> = {}) =>
    starting({ source, destination, sourceEtag }, more);
  const sent = (operation: string) =>
    emulator.requests.filter((request) => request.operation === operation).length;
  return {
    ...storage,
    jobs: jobStorageAt(emulator.blobUrl),
    near,
    far,
    source,
    destination,
    sourceEtag,
    order,
    sent,
  };
}

const busy: Fault["do"] = {
  response: { status: 503, code: "ServerBusy", headers: { "Retry-After": "7" } },
};

test.each(engines)("%s: a busy account is an outcome with its Retry-After", async (engine) => {
  const { emulator, jobs, order, sent, far } = await twoAccounts();
  emulator.faults.add({ operation: operations[engine], times: 1, do: busy });
  expect(await jobs[engine](order())).toMatchObject({
    kind: "throttled",
    retryAfterMs: 7 * second,
    mayHaveStarted: false,
    failure: { cause: "throttled" },
  });
  expect(sent(operations[engine])).toBe(1);
  expect(await far.getBlobClient("b").exists()).toBe(false);
});

test.each(engines)("%s: 429 without a Retry-After is throttling, too", async (engine) => {
  const { emulator, jobs, order } = await twoAccounts();
  const response = { status: 429, code: "TooManyRequests" };
  emulator.faults.add({ operation: operations[engine], times: 1, do: { response } });
  expect(await jobs[engine](order())).toMatchObject({
    kind: "throttled",
    retryAfterMs: null,
    mayHaveStarted: false,
  });
});

test.each([
  ["503 of the source", { status: 503, code: "CannotVerifyCopySource" }],
  [
    "the source's code",
    {
      status: 409,
      code: "CannotVerifyCopySource",
      details: { CopySourceErrorCode: "ServerBusy" },
    },
  ],
])("a busy source slows down like a busy destination: %s", async (_, response) => {
  const { emulator, jobs, order } = await twoAccounts();
  emulator.faults.add({ operation: "CopyBlobFromUrl", times: 1, do: { response } });
  expect(await jobs.copyFromUrl(order())).toMatchObject({
    kind: "throttled",
    mayHaveStarted: false,
  });
});

test("every other call reports throttling as an outcome", async () => {
  const { emulator, jobs, source, destination, far } = await twoAccounts();
  const etag = await upload(far, "b");
  const object = { ...call, object: destination };
  emulator.faults.add({ do: busy });
  const throttled = { kind: "throttled", retryAfterMs: 7 * second };
  expect(await jobs.list(listing(source))).toMatchObject(throttled);
  expect(await jobs.readDestination(object)).toMatchObject(throttled);
  expect(await jobs.removeStub({ ...object, etag })).toMatchObject(throttled);
  const report = { body: Buffer.from("{}"), contentType: "application/json" };
  const condition = { kind: "absent" } as const;
  expect(await jobs.putReport({ ...object, ...report, condition })).toMatchObject(throttled);
  expect(emulator.requests.filter(({ status }) => status === 503)).toHaveLength(4);
});

test.each(engines)(
  "%s: after a lost response the copy may have started, and the destination shows it",
  async (engine) => {
    const { emulator, jobs, order, sent, source, destination, clock } = await twoAccounts();
    emulator.faults.add({ operation: operations[engine], times: 1, do: "lose response" });
    const lost = await jobs[engine](order());
    expect(lost).toMatchObject({ kind: "transient", mayHaveStarted: true });
    expect(sent(operations[engine])).toBe(1);
    expect(await jobs[engine](order())).toMatchObject({
      kind: "refused",
      reason: "destination-changed",
    });
    const read = await jobs.readDestination({ ...call, object: destination });
    if (read.kind !== "found" || read.state.copy === null) throw new Error("There is no copy");
    expect(isEchoOf(blobOf(source), read.state.copy.source)).toBe(true);
    expect(read.state.copy).toMatchObject({ status: "success", completedAt: clock.now() });
  },
);

test.each(engines)("%s: an account that cannot be reached started nothing", async (engine) => {
  const { source, destination, order } = await twoAccounts();
  const origin = "http://127.0.0.1:1";
  const at = (object: typeof source) => ({ ...object, container: { ...object.container, origin } });
  const unreachable = order({ source: at(source), destination: at(destination) });
  expect(await jobStorageAt(origin)[engine](unreachable)).toMatchObject({
    kind: "transient",
    mayHaveStarted: false,
    retryAfterMs: null,
  });
});

test.each(engines)("%s: an aborted signal ends the call without an error", async (engine) => {
  const { emulator, jobs, order } = await twoAccounts();
  emulator.faults.add({ operation: operations[engine], do: { delayMs: 60 * second } });
  const controller = new AbortController();
  const started = jobs[engine](order({ signal: controller.signal }));
  controller.abort();
  expect(await started).toMatchObject({ kind: "transient" });
});

test("a pending copy is listed with its progress, aborted once, and its stub is removed", async () => {
  const { emulator, jobs, order, destination, far } = await twoAccounts();
  Object.assign(emulator.copies, { finishOnStart: "never", bytesPerSecond: 0 });
  const started = await jobs.startCopy(order());
  if (started.kind !== "pending") throw new Error(`The copy is ${started.kind}`);
  const { copyId } = started;
  const side = sideOf(far);
  const page = await jobs.list(listing(side, { role: "destination", include: ["copy"] }));
  expect(page).toMatchObject({
    blobs: [{ name: "b", length: 0, copy: { copyId, status: "pending", completedAt: null } }],
  });
  expect(
    await jobs.startCopy(order(conditionsOf(order().conditions.sourceEtag, "any"))),
  ).toMatchObject({
    kind: "refused",
    reason: "destination-busy",
  });
  const object = { ...call, object: destination };
  expect(await jobs.abort({ ...object, copyId })).toEqual({ kind: "aborted" });
  expect(await jobs.abort({ ...object, copyId })).toEqual({ kind: "nothing-to-abort" });
  const read = await jobs.readDestination(object);
  if (read.kind !== "found") throw new Error("There is no stub");
  expect(read.state.copy).toMatchObject({ copyId, status: "aborted" });
  expect(await jobs.removeStub({ ...object, etag: read.state.etag })).toEqual({ kind: "removed" });
});

test.each([
  ["SourceConditionNotMet", { status: 412, code: "SourceConditionNotMet" }],
  ["a source's 412", { status: 412, code: "CannotVerifyCopySource" }],
  [
    "with the source's status",
    { status: 412, code: "SourceConditionNotMet", details: { CopySourceStatusCode: "412" } },
  ],
])("a changed source is recognized in each form: %s", async (_, response) => {
  const { emulator, jobs, order } = await twoAccounts();
  emulator.faults.add({ operation: "CopyBlobFromUrl", times: 1, do: { response } });
  expect(await jobs.copyFromUrl(order())).toMatchObject({
    kind: "refused",
    reason: "source-changed",
  });
});

test("a source whose URL is too long with its SAS fails before anything is sent", async () => {
  const { jobs, near, source, sent, order } = await twoAccounts();
  const name = "ä".repeat(1_000);
  const sourceEtag = await upload(near, name);
  const long = order({ source: { ...source, name }, ...conditionsOf(sourceEtag, "any") });
  for (const engine of engines) {
    expect(await jobs[engine](long)).toMatchObject({
      kind: "failed",
      failure: { cause: "not-supported" },
    });
    expect(sent(operations[engine])).toBe(0);
  }
});

test("a blob type that no copy can replace and an archived source fail with their causes", async () => {
  const { jobs, near, far, order, sourceEtag } = await twoAccounts();
  await far.getAppendBlobClient("b").create();
  const any = conditionsOf(sourceEtag, "any");
  expect(await jobs.startCopy(order(any))).toMatchObject({
    kind: "failed",
    failure: { cause: "destination-type-mismatch" },
  });
  await far.getBlobClient("b").delete();
  await near.getBlobClient("a").setAccessTier("Archive");
  expect(await jobs.startCopy(order(any))).toMatchObject({
    kind: "failed",
    failure: { cause: "source-archived" },
  });
});

test("a report that the app is not allowed to write fails with its cause", async () => {
  const { jobs, near } = await twoAccounts();
  const object = objectIn(await signedSide(near, { permissions: "rl" }), "report.jsonl");
  const report = { body: Buffer.from("{}"), contentType: "application/json" };
  const outcome = await jobs.putReport({
    ...call,
    ...report,
    object,
    condition: { kind: "absent" },
  });
  expect(outcome).toMatchObject({ kind: "failed", failure: { cause: "destination-unauthorized" } });
});

test("a blob that was copied before the plan is overwritten only by its ETag", async () => {
  const { jobs, far, order, sourceEtag } = await twoAccounts();
  const etag = await upload(far, "b", "old");
  const other = order(conditionsOf(sourceEtag, { etag: "0x1" }));
  expect(await jobs.copyFromUrl(other)).toMatchObject({ kind: "refused" });
  expect(await text(far, "b")).toBe("old");
  expect((await jobs.copyFromUrl(order(conditionsOf(sourceEtag, { etag })))).kind).toBe(
    "succeeded",
  );
  expect(await text(far, "b")).toBe("abc");
});
