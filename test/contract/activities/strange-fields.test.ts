import { expect, test } from "vitest";
import type { CopyInput } from "../../../src/copy/contract/activities.ts";

import {
  allRefused,
  failed,
  record,
  startStrangeSteps as begin,
  unobservable,
} from "../../support/access/strange-steps.ts";

/*
 * Goal: an activity does nothing for an input that Ferry cannot have written. Method: each
 * activity runs with the inputs of a client that has the key of the task hub.
 */

type Start = Awaited<ReturnType<typeof begin>>;

const uuid = "01a21ba0-496d-7000-8000-000000000001";

test.each<[string, unknown]>([
  ["leads to another container", "../../private/victim"],
  ["leads to another container from a waiter", "../../../../private/victim"],
  ["leads to the container itself", ".."],
  ["is followed by a path", `${uuid}/../../../private/victim`],
  ["is after a path", `../../private/${uuid}`],
  ["has backslashes", "..\\..\\private\\victim"],
  ["has encoded slashes", "..%2f..%2fprivate%2fvictim"],
  ["has a query", `${uuid}?comp=lease`],
  ["has a fragment", `${uuid}#`],
  ["ends with a line feed", `${uuid}\n`],
  ["is in upper case", uuid.toUpperCase()],
  ["is that of a repair", `repair-${uuid}`],
  ["is a UUID of a different version", "0b1c9e0a-7d1c-4a57-9f6e-0d9d7a6a3c11"],
  ["is empty", ""],
  ["is a number", 1],
  ["is a list with an id", [uuid]],
  ["is an object that prints as an id", { toString: uuid }],
  ["is null", null],
  ["is missing", undefined],
])("no activity does anything for an id that %s", async (_, instanceId) => {
  const { storage, run, all, blob } = await begin();
  const victim = blob("private/victim");
  await victim.uploadData(Buffer.from("precious"));
  const requests = storage.emulator.requests.length;
  expect(await run({ ...all, instanceId })).toMatchObject(allRefused);
  expect(storage.emulator.requests).toHaveLength(requests);
  expect(await victim.exists()).toBe(true);
});

type Change = (all: Start["all"]) => object;
const inCopy =
  (change: (copy: CopyInput) => object): Change =>
  ({ copy }) => ({ copy: { ...copy, ...change(copy) } });
const inDestination = (change: object): Change =>
  inCopy(({ destination }) => ({ destination: { ...destination, ...change } }));
const time = "2026-11-20T12:00:00.0000000Z";

test.each<[string, Change]>([
  ["no copy", () => ({ copy: undefined })],
  ["a copy that is a string", () => ({ copy: "copy" })],
  ["an empty snapshot", inDestination({ snapshot: "" })],
  ["an empty version", inDestination({ version: "" })],
  ["a snapshot that is not a time", inDestination({ snapshot: "x&comp=lease" })],
  ["a secondary that is not a boolean", inDestination({ secondary: "no" })],
  [
    "a source without a service",
    inCopy(({ source }) => ({ source: { ...source, service: null } })),
  ],
  ["a SAS that is not a string", inCopy(() => ({ sourceSas: { text: "v1" } }))],
  ["a lease that is not an id", inCopy(() => ({ destinationLease: "../x" }))],
  ["a flag that is not a boolean", inCopy(() => ({ leasesSource: "yes" }))],
])("no activity does anything for an input with %s", async (_, change) => {
  const { storage, run, all } = await begin();
  const requests = storage.emulator.requests.length;
  expect(await run({ ...all, ...change(all) })).toMatchObject({
    ...allRefused,
  });
  expect(storage.emulator.requests).toHaveLength(requests);
});

test.each([null, "text", 7, [], {}, { instanceId: uuid }])(
  "no activity does anything for the input %j",
  async (input) => {
    const { storage, run } = await begin();
    const requests = storage.emulator.requests.length;
    expect(await run(input)).toMatchObject(allRefused);
    expect(storage.emulator.requests).toHaveLength(requests);
  },
);

const options = (change: object) => inCopy((copy) => ({ options: { ...copy.options, ...change } }));

test.each<[string, Change]>([
  ["options without their defaults", inCopy(() => ({ options: {} }))],
  ["an option of a different type", options({ sealBlob: "no" })],
  ["an unknown value of an option", options({ overwrite: "ALWAYS" })],
  ["metadata with an invalid name", options({ metadata: { "a b": "x" } })],
  ["metadata with a line feed", options({ metadata: { a: "x\ny: z" } })],
  ["tags that are a list", options({ tags: ["a"] })],
  ["a permission with a line feed", options({ file: { permission: { sddl: "D:\nx: y" } } })],
  ["an unknown version", inCopy(() => ({ version: 2 }))],
  ["a request without a valid time", inCopy(() => ({ createdAt: "soon" }))],
  ["a request at a time with a comment", inCopy(() => ({ createdAt: "2026-11-20 (\r\nx: é)" }))],
  ["an event without a route", inCopy(() => ({ event: { etag: "x", at: time } }))],
  ["a route that is not a string", inCopy(() => ({ route: ["films"] }))],
])("start and notify do nothing for a copy with %s", async (_, change) => {
  const { storage, all, steps } = await begin();
  const requests = storage.emulator.requests.length;
  const input = { ...all, ...change(all) } as never; // not from Ferry
  expect(await steps.startCopy(input)).toMatchObject(failed);
  expect(await steps.sendNotifications(input)).toEqual({ kind: "notified" });
  expect(storage.emulator.requests).toHaveLength(requests);
});

const inPlan =
  (change: object): Change =>
  ({ plan }) => ({ plan: { ...plan, ...change } });

test.each<[string, Change]>([
  ["no source", inPlan({ source: undefined })],
  ["a negative length", inPlan({ source: { etag: "x", length: -1 } })],
  ["an MD5 that is not a text", inPlan({ source: { etag: "x", length: 1, contentMd5: 1 } })],
  ["an ETag with a line feed", inPlan({ destinationEtag: "x\ny: z" })],
  ["a snapshot that is not a time", inPlan({ snapshot: "" })],
  [
    "a pinned snapshot that is not a time",
    inPlan({ source: { etag: "x", length: 1, snapshot: "" } }),
  ],
  ["tags that are a list", inPlan({ formerTags: ["x"] })],
  ["a SAS without an end", inPlan({ mintedSas: { scid: "x" } })],
])("read, abort and settle do nothing for a plan with %s", async (_, change) => {
  const { storage, all, steps } = await begin();
  const requests = storage.emulator.requests.length;
  const input = { ...all, ...change(all) } as never; // not from Ferry
  expect(await steps.readCopy(input)).toMatchObject(unobservable);
  expect(await steps.abortCopy(input)).toMatchObject(unobservable);
  expect(await steps.settleCopy(input)).toMatchObject(allRefused.settle);
  expect(storage.emulator.requests).toHaveLength(requests);
});

test.each<[string, object]>([
  ["a copyId with a path", { copyId: "../x" }],
  ["no copyId", { copyId: undefined }],
  ["a result of an unknown kind", { result: { kind: "none" } }],
  ["a failure without a cause", { result: { kind: "not-started", failure: {} } }],
  ["a record that is null", { record: null }],
  ["a start without a valid time", { record: { ...record, startedAt: "soon" } }],
  ["a copy to notify that is null", { notifies: null }],
  ["a copy to notify that is empty", { notifies: {} }],
  ["a request without a valid time", { createdAt: "soon" }],
  ["a request at a time with a comment", { createdAt: "2026-11-20 (\r\nx: é)" }],
  ["a last attempt that is not a boolean", { isLastAttempt: "yes" }],
])("settle records nothing for an input with %s", async (_, change) => {
  const { storage, step, steps } = await begin();
  const requests = storage.emulator.requests.length;
  const input = { ...step, ...change } as never; // not from Ferry
  expect(await steps.settleCopy(input)).toMatchObject(allRefused.settle);
  expect(storage.emulator.requests).toHaveLength(requests);
});

test.each<[string, Change]>([
  ["a snapshot", inDestination({ snapshot: time })],
  ["a version", inDestination({ version: time })],
  ["a secondary", inDestination({ secondary: true })],
  ["a container with a query", inDestination({ container: "private?restype=container&z=" })],
  ["a container with a fragment", inDestination({ container: "private/v?comp=metadata#" })],
  ["a container that leads out", inDestination({ container: "archive/../private" })],
  ["a name that leads out", inDestination({ path: "../private/victim" })],
  ["no name", inDestination({ path: "" })],
])("no activity calls a destination with %s, and no lock is named after it", async (_, change) => {
  const { storage, run, all, step } = await begin();
  const requests = storage.emulator.requests.length;
  const input = { ...all, ...change(all) };
  expect(await run(input)).toMatchObject({
    start: failed,
    read: unobservable,
    abort: unobservable,
    settle: { kind: "settled" },
  });
  const calls = storage.emulator.requests.slice(requests).filter(({ url }) => !isLedger(url));
  expect(calls).toEqual([]);
  const locks = storage.emulator.requests
    .slice(requests)
    .filter(({ method, url }) => method === "PUT" && url.includes("/locks/"));
  expect(locks).toEqual([]);
  expect(step.instanceId).toBe(input.instanceId);
});

const long = (length: number) => "x".repeat(length);

test.each<[string, Change]>([
  ["a name", inDestination({ path: long(2_049) })],
  ["a container", inDestination({ container: long(65) })],
  ["an account", inDestination({ account: long(65) })],
  ["an origin", inDestination({ origin: `https://${long(300)}` })],
  ["a sealed SAS", inCopy(() => ({ sourceSas: long(90 * 1_024 + 1) }))],
  ["a field of a newer release", () => ({ later: long(1_024 * 1_024) })],
  ["a list of a newer release", () => ({ later: Array.from({ length: 600_000 }, () => 1) })],
])("no activity does anything for an input with %s that is too long", async (_, change) => {
  const { storage, run, all } = await begin();
  const requests = storage.emulator.requests.length;
  expect(await run({ ...all, ...change(all) })).toMatchObject(allRefused);
  expect(storage.emulator.requests).toHaveLength(requests);
});

const start = ({ steps }: Start, input: never) => steps.startCopy(input);
const notify = ({ steps }: Start, input: never) => steps.sendNotifications(input);

test.each<[string, readonly (typeof start | typeof notify)[], Change]>([
  ["a route", [start, notify], inCopy(() => ({ route: long(65) }))],
  [
    "the route of an event",
    [start, notify],
    inCopy(() => ({ event: { route: long(65), etag: "x", at: time } })),
  ],
  [
    "the ETag of an event",
    [start, notify],
    inCopy(() => ({ event: { route: "r", etag: long(257), at: time } })),
  ],
  ["an owner", [start, notify], inCopy(() => ({ owner: "a".repeat(65) }))],
  ["a claim", [start, notify], inCopy(() => ({ claim: "a".repeat(65) }))],
  ["metadata", [start, notify], options({ metadata: { a: long(8_192) } })],
  [
    "a list of attributes",
    [start, notify],
    options({ file: { attributes: Array.from({ length: 9 }, () => "Archive") } }),
  ],
  ["a kept ETag", [start], () => ({ kept: { lock: long(257), record: null } })],
  ["the copyId of an awaited copy", [start], () => ({ awaitedCopyId: long(65) })],
  ["a target", [notify], () => ({ targets: [long(65)] })],
  ["a list of targets", [notify], () => ({ targets: Array.from({ length: 17 }, () => "topic") })],
  [
    "a list of residue",
    [notify],
    (all) => ({ outcome: { ...all.outcome, residue: Array.from({ length: 101 }, () => "x") } }),
  ],
  [
    "a sentence",
    [notify],
    (all) => ({ outcome: { ...all.outcome, residue: [long(64 * 1_024 + 1)] } }),
  ],
])("start and notify do nothing for an input with %s that is too long", async (_, run, change) => {
  const started = await begin();
  const { storage, all } = started;
  const requests = storage.emulator.requests.length;
  const input = { ...all, ...change(all) } as never; // not from Ferry
  for (const activity of run) {
    const expected = activity === start ? failed : { kind: "notified" };
    expect(await activity(started, input)).toMatchObject(expected);
  }
  expect(storage.emulator.requests).toHaveLength(requests);
});

test.each<[string, Change]>([
  ["former tags", inPlan({ formerTags: { a: long(257) } })],
  [
    "a list of former tags",
    inPlan({ formerTags: Object.fromEntries(Array.from(long(11), (_, at) => [`t${at}`, ""])) }),
  ],
  ["the id of a minted SAS", inPlan({ mintedSas: { scid: long(65), expiresAt: time } })],
  ["a year of a time", inPlan({ plannedAt: "+010000-01-01T00:00:00.000Z" })],
])("read and settle do nothing for a plan with %s that is too long", async (_, change) => {
  const { storage, all, steps } = await begin();
  const requests = storage.emulator.requests.length;
  const input = { ...all, ...change(all) } as never; // not from Ferry
  expect(await steps.readCopy(input)).toMatchObject(unobservable);
  expect(await steps.settleCopy(input)).toMatchObject(allRefused.settle);
  expect(storage.emulator.requests).toHaveLength(requests);
});

const isLedger = (url: string) => url.includes("ferry-ledger");
