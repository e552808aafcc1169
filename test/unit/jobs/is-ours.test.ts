import { expect, test } from "vitest";
import { toCopyId } from "../../../src/copy/contract/ids.ts";
import { epochMs } from "../../../src/copy/time.ts";
import type { PlannedObject } from "../../../src/jobs/contract/page.ts";
import type { FoundDestination } from "../../../src/jobs/contract/storage.ts";
import { isOurs } from "../../../src/jobs/decisions/is-ours.ts";
import { anInput } from "../../support/jobs/records.ts";

const hour = 3_600_000;
const plannedAt = "2026-01-01T12:00:00.000Z";
const at = Date.parse(plannedAt);
const object: PlannedObject = {
  name: "b/film 1.mp4",
  etag: "0x1",
  length: 10,
  type: "BlockBlob",
  modified: epochMs(0),
  do: { kind: "copy", engine: "copy-blob", onto: { kind: "absent" } },
};
const scid = "c0ffee00-0000-4000-8000-000000000000";
const until = epochMs(at + hour);
const state: FoundDestination = {
  etag: "0x9",
  length: 10,
  lastModified: epochMs(at + hour),
  blobType: "BlockBlob",
  archived: false,
  contentMd5: null,
  shown: { metadata: {}, tier: "Hot", tagCount: null, hasPolicy: false, hasLegalHold: false },
  copy: {
    copyId: toCopyId("copy-1"),
    status: "success",
    progress: null,
    completedAt: epochMs(at + 1_000),
    description: null,
    source: "https://acct1.blob.core.windows.net/inbox/2026/b/film%201.mp4",
  },
};

function ours(changes: Partial<FoundDestination["copy"]> | null, seen: object = {}, onto = object) {
  const copy = changes === null || state.copy === null ? null : { ...state.copy, ...changes };
  return isOurs({ plannedAt, scid }, anInput, onto, { state: { ...state, ...seen, copy }, until });
}

test("a copy of our source that is not older than the plan is ours, with or without a query", () => {
  expect(ours({})).toBe(true);
  expect(ours({ source: `${state.copy?.source}?sv=1&scid=${scid}` })).toBe(true);
  expect(ours({ status: "pending", completedAt: null }, { length: 0 })).toBe(true);
});

const pending = { status: "pending", completedAt: null } as const;
test.each<[string, Parameters<typeof ours>[0], object]>([
  ["no copy wrote it", null, {}],
  ["another source", { source: "https://acct1.blob.core.windows.net/inbox/2026/c" }, {}],
  ["it ended before the plan", { completedAt: epochMs(at - hour) }, {}],
  ["it has another length", {}, { length: 11 }],
  [
    "it will have another length",
    { ...pending, progress: { bytesCopied: 0, totalBytes: 11 } },
    { length: 0 },
  ],
  [
    "it began after the last start could arrive",
    pending,
    { length: 0, lastModified: epochMs(at + hour + 1) },
  ],
  ["it reads its source with another SAS", { source: `${state.copy?.source}?sv=1&scid=2` }, {}],
  ["it reads its source with a caller's SAS", { source: `${state.copy?.source}?sv=1` }, {}],
])("%s: it is not ours", (_, copy, seen) => {
  expect(ours(copy, seen)).toBe(false);
});

test("a destination that still has the planned ETag was not written by us", () => {
  const onto: PlannedObject = {
    ...object,
    do: { kind: "copy", engine: "copy-blob", onto: { kind: "etag", etag: '"0x9"' } },
  };
  expect(ours({}, {}, onto)).toBe(false);
  expect(ours({}, { etag: "0x10" }, onto)).toBe(true);
});

test("a complete copy with a different MD5 than planned is not ours", () => {
  const planned = { ...object, md5: "planned" };
  expect(ours({}, { contentMd5: "planned" }, planned)).toBe(true);
  expect(ours({}, { contentMd5: "other" }, planned)).toBe(false);
  expect(ours({}, { contentMd5: null }, planned)).toBe(true);
  expect(ours({}, { contentMd5: "other" })).toBe(true);
  expect(ours(pending, { length: 0, contentMd5: "other" }, planned)).toBe(true);
});

test("a copy that ended long after the last start could arrive is ours only if it can have been pending", () => {
  const fromUrl: PlannedObject = {
    ...object,
    do: { kind: "copy", engine: "copy-blob-from-url", onto: { kind: "absent" } },
  };
  const ended = (onto: PlannedObject, ms: number) =>
    ours({ completedAt: epochMs(until + ms) }, {}, onto);
  expect(ended(fromUrl, hour / 4)).toBe(true); // clocks differ
  expect(ended(fromUrl, hour / 4 + 1_000)).toBe(false);
  expect(ended(object, 24 * hour)).toBe(true);
});
