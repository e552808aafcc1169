import { expect, test } from "vitest";
import { decide } from "../../../../src/copy/decisions/plan.ts";
import { toCopyId } from "../../../../src/copy/contract/ids.ts";
import { parseCopyRequest } from "../../../../src/copy/request/copy-request.ts";
import type {
  DestinationProperties,
  SourceProperties,
} from "../../../../src/copy/contract/properties.ts";
import { epochMs } from "../../../../src/copy/time.ts";

const external = "https://cdn.example";
const origins = {
  emulator: { blob: null, file: null },
  external: [external],
  wholeExternal: [external],
};

function request(source: string, options: object) {
  const destination = "https://acct2.blob.core.windows.net/out/disk.vhd";
  const parsed = parseCopyRequest({ source, destination, options }, origins);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.request;
}

const read: SourceProperties = {
  etag: '"1"',
  length: 512,
  lastModified: epochMs(0),
  blobType: "PageBlob",
  archived: false,
  copy: null,
};
const existing = (blobType: string): DestinationProperties => ({
  ...read,
  blobType,
  etag: '"2"',
  metadata: {},
  copy: null,
});

test.each(["PageBlob", "AppendBlob", "BlockBlob"])(
  "a source that was not read may be of any type: onto a %s, with any tier and seal, Storage decides",
  (blobType) => {
    for (const more of [{}, { tier: "P10" }, { tier: "Cool" }]) {
      const copy = request(`${external}/disk`, { overwrite: "always", ...more });
      expect(decide(copy, null, existing(blobType))).toMatchObject({ kind: "planned" });
      expect(decide(copy, null, null)).toMatchObject({ kind: "planned" });
    }
  },
);

test("a source that was read has its type: a page blob is copied onto a page blob, with a page blob's tier", () => {
  const disk =
    "https://md-vt5dsjw04jqc.blob.core.windows.net/fkcg0xg0n00v/abcd?sv=1&sr=b&si=x&sig=y";
  const copy = (options: object) => request(disk, { overwrite: "always", ...options });
  expect(decide(copy({ tier: "P10" }), read, existing("PageBlob"))).toMatchObject({
    kind: "planned",
  });
  expect(decide(copy({ tier: "Cool" }), read, existing("PageBlob"))).toMatchObject({
    kind: "failed",
    failure: { cause: "not-supported" },
  });
  expect(decide(copy({}), read, existing("BlockBlob"))).toMatchObject({
    kind: "failed",
    failure: { cause: "destination-type-mismatch" },
  });
});

test("a file becomes a block blob", () => {
  const copy = request("https://acct1.file.core.windows.net/share/disk.vhd", {
    overwrite: "always",
  });
  const file = { ...read, blobType: null };
  expect(decide(copy, file, existing("BlockBlob"))).toMatchObject({ kind: "planned" });
  expect(decide(copy, file, existing("PageBlob"))).toMatchObject({
    kind: "failed",
    failure: { cause: "destination-type-mismatch" },
  });
});

const hour = 3_600_000;
const day = 24 * hour;
const written = epochMs(Date.parse("2026-11-20T12:00:00Z"));

/**
 * A copy of a route, whose event has this time; `awaited`: its record names the copy that wrote the blob; `pending`:
 * the copy that is pending on the blob.
 */
function decideEvent(
  at: number,
  {
    awaited = false,
    etag = "1",
    pending,
  }: { awaited?: boolean; etag?: string; pending?: string } = {},
) {
  const copy = request("https://acct1.blob.core.windows.net/inbox/disk.vhd", {});
  const event = { route: "films", etag, at: new Date(at).toISOString() };
  const state =
    pending === undefined
      ? ({ copyId: toCopyId("copy-1"), status: "success", progress: null } as const)
      : ({ copyId: toCopyId(pending), status: "pending", progress: null } as const);
  const source = { ...read, lastModified: written, copy: state };
  return decide(
    { ...copy, event, ...(awaited ? { awaited: toCopyId("copy-1") } : {}) },
    source,
    null,
  );
}

test.each([-hour, -1_000, 0, hour])(
  "an event whose time is %d ms from the blob's causes its copy",
  (ms) => {
    expect(decideEvent(written + ms)).toMatchObject({ kind: "planned" });
  },
);

test.each([-7 * 365 * day, -hour - 1, hour + 1, day])(
  "an event whose time is %d ms from the blob's is not allowed, because the time chooses the destination",
  (ms) => {
    expect(decideEvent(written + ms)).toMatchObject({
      kind: "failed",
      failure: { cause: "not-allowed", message: expect.stringContaining("the time of its event") },
    });
  },
);

test.each([-14 * day, 0, day])(
  "the event of the start of a copy, which was checked while the copy was pending, causes a copy %d ms from its end",
  (ms) => {
    expect(decideEvent(written + ms, { awaited: true, etag: "0" })).toMatchObject({
      kind: "planned",
    });
    expect(decideEvent(written + ms, { etag: "0" })).toMatchObject({ kind: "skip" });
  },
);

test.each([-13 * day, -hour - 1, hour + 1])(
  "the event of a blob with a pending copy is not allowed %d ms from the start of that copy",
  (ms) => {
    expect(decideEvent(written + ms, { pending: "copy-1" })).toMatchObject({
      kind: "failed",
      failure: { cause: "not-allowed", message: expect.stringContaining("the time of its event") },
    });
    expect(decideEvent(written + ms, { pending: "copy-1", awaited: true })).toMatchObject({
      kind: "busy", // it has been checked
    });
  },
);

test("a copy that waits for its source is skipped when another copy onto the source has begun", () => {
  const busy = { kind: "busy", endpoint: "source", awaitedCopyId: "copy-1" };
  expect(decideEvent(written, { pending: "copy-1" })).toMatchObject(busy);
  expect(decideEvent(written, { pending: "copy-1", awaited: true, etag: "0" })).toMatchObject(busy);
  const overtaken = { pending: "copy-2", awaited: true, etag: "0" };
  expect(decideEvent(written, overtaken)).toMatchObject({ kind: "skip" });
});

test.each(["failed", "aborted"] as const)(
  "an event causes no copy of a stub (%s), even if the event's copy has waited for it",
  (status) => {
    const copy = request("https://acct1.blob.core.windows.net/inbox/disk.vhd", {});
    const last = { copyId: toCopyId("copy-1"), status, progress: null };
    const stub = { ...read, length: 0, lastModified: written, copy: last };
    const caused = (etag: string) => ({
      ...copy,
      event: { route: "films", etag, at: new Date(written).toISOString() },
      awaited: last.copyId,
    });
    expect(decide(caused("1"), stub, null)).toMatchObject({
      kind: "failed",
      failure: { cause: "source-copy-failed" },
    });
    expect(decide(caused("0"), stub, null)).toMatchObject({ kind: "skip" });
  },
);

test("a plan has the Content-MD5 of a blob, but not that of a file", () => {
  const planned = (url: string, source: Partial<SourceProperties>) =>
    decide(request(url, {}), { ...read, ...source }, null);
  const blob = "https://acct1.blob.core.windows.net/inbox/disk.vhd";
  expect(planned(blob, { contentMd5: "md5" })).toMatchObject({
    plan: { source: { contentMd5: "md5" } },
  });
  expect(planned(blob, { contentMd5: null })).not.toHaveProperty("plan.source.contentMd5");
  const file = "https://acct1.file.core.windows.net/share/disk.vhd";
  const ofFile = planned(file, { blobType: null, contentMd5: "md5" });
  expect(ofFile).toMatchObject({ kind: "planned" });
  expect(ofFile).not.toHaveProperty("plan.source.contentMd5");
});
