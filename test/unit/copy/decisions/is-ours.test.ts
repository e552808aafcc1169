import { expect, test } from "vitest";
import type { Endpoint } from "../../../../src/copy/location/endpoint.ts";
import { buildMintedSas } from "../../../../src/copy/location/minted-sas.ts";
import { isOurs } from "../../../../src/copy/decisions/is-ours.ts";
import type {
  CopyProperties,
  DestinationProperties,
} from "../../../../src/copy/contract/properties.ts";
import type { CopyPlan } from "../../../../src/copy/contract/activities.ts";
import { toCopyId } from "../../../../src/copy/contract/ids.ts";
import { epochMs } from "../../../../src/copy/time.ts";

const now = epochMs(Date.UTC(2026, 10, 20, 12));
const minute = 60_000;
const url = "https://acme.blob.core.windows.net/inbox/film.mp4";
const source: Endpoint = {
  service: "blob",
  origin: "https://acme.blob.core.windows.net",
  account: "acme",
  container: "inbox",
  path: "film.mp4",
  secondary: false,
  emulated: false,
};
const scid = "c0ffee00-0000-4000-8000-000000000000";
const plan: CopyPlan = {
  source: { etag: "1", length: 10 },
  destinationEtag: '"before"',
  plannedAt: new Date(now).toISOString(),
};
const minted: CopyPlan = { ...plan, mintedSas: buildMintedSas(scid, now) };

function ours(
  by: CopyPlan,
  copy: Partial<CopyProperties>,
  etag = '"after"',
  from: Endpoint = source,
  seen: Partial<DestinationProperties> = {},
): boolean {
  return isOurs(by, from, {
    etag,
    length: copy.status === "success" ? 10 : 0,
    lastModified: now,
    blobType: "BlockBlob",
    archived: false,
    metadata: {},
    ...seen,
    copy: {
      copyId: toCopyId("1"),
      status: "pending",
      progress: null,
      completedAt: null,
      description: null,
      source: url,
      ...copy,
    },
  });
}

test("a copy is ours if it has our source and is newer than the plan", () => {
  expect(ours(plan, {})).toBe(true);
  expect(ours(plan, { source: `${url}?sv=2020-12-06&sp=r&sig=x` })).toBe(true);
  expect(ours(plan, {}, '"before"')).toBe(false);
  expect(ours(plan, { source: `${url}2` })).toBe(false);
});

test.each([
  [`?sv=2020-12-06&scid=${scid}&sp=r`, true],
  [`?scid=${scid}&sig=x`, true],
  ["?sv=2020-12-06&sp=r", false],
  ["?sv=2020-12-06&scid=decaf000-0000-4000-8000-000000000000&sp=r", false],
  ["?", false],
  ["", true],
])("if a SAS was minted, a source echoed with %j is ours: %s", (query, expected) => {
  expect(ours(minted, { source: `${url}${query}` })).toBe(expected);
});

test.each([
  ["?sv=2025-07-05&se=SAME&sp=r&sr=f", true],
  ["?se=OTHER&sig=x", false],
  ["", true],
])("a file's SAS has no correlation id, so a source echoed with %j is ours: %s", (query, is) => {
  const end = minted.mintedSas?.expiresAt.replace(".000Z", "Z") ?? "";
  const other = new Date(now + 60 * minute).toISOString();
  const file = "https://acme.file.core.windows.net/drop/film.mp4";
  const echoed = `${file}${query.replace("SAME", encodeURIComponent(end)).replace("OTHER", other)}`;
  const { container: _, ...rest } = source;
  const origin = "https://acme.file.core.windows.net";
  const endpoint: Endpoint = { ...rest, service: "file", origin, share: "drop" };
  expect(ours(minted, { source: echoed }, '"after"', endpoint)).toBe(is);
});

test("a copy that ended before the plan was made is not ours, because it was restored with a blob", () => {
  const ended = (completedAt: number) =>
    ours(plan, { status: "success", completedAt: epochMs(completedAt) });
  expect(ended(now - 24 * 60 * minute)).toBe(false);
  expect(ended(now - 16 * minute)).toBe(false);
  expect(ended(now - 14 * minute)).toBe(true); // clocks differ
  expect(ended(now + minute)).toBe(true);
  const { plannedAt: _, ...older } = plan;
  expect(ours(older, { status: "success", completedAt: epochMs(now - 24 * 60 * minute) })).toBe(
    true,
  );
});

test("a minted SAS is valid for as long as its key can be, and expires on a full hour", () => {
  for (const at of [now, now + 1, now + 15 * minute, now + 59 * minute]) {
    const end = Date.parse(buildMintedSas(scid, epochMs(at)).expiresAt);
    expect(end % (60 * minute)).toBe(0);
    expect(end - at).toBeLessThanOrEqual(7 * 24 * 60 * minute - 15 * minute);
    expect(end - at).toBeGreaterThan(7 * 24 * 60 * minute - 76 * minute);
  }
});

test("a copy that began after the start could no longer arrive is not ours", () => {
  const registered: CopyPlan = { ...plan, arrivesBy: new Date(now + minute).toISOString() };
  const began = (lastModified: number, more: Partial<DestinationProperties> = {}) =>
    ours(registered, {}, '"after"', source, { lastModified: epochMs(lastModified), ...more });
  expect(began(now + minute)).toBe(true);
  expect(began(now + minute + 1)).toBe(false);
  // The Last-Modified of a file may be later, and so may that of a blob when its copy has ended.
  expect(began(now + 2 * minute, { blobType: null })).toBe(true);
  const ended = { status: "success", completedAt: epochMs(now + 2 * minute) } as const;
  const seen = { lastModified: epochMs(now + 2 * minute) };
  expect(ours(registered, ended, '"after"', source, seen)).toBe(true);
});

test("a copy of another number of bytes than planned is not ours, unless the start had no condition on the source", () => {
  const progress = (totalBytes: number) => ({ progress: { bytesCopied: 0, totalBytes } });
  expect(ours(plan, progress(10))).toBe(true);
  expect(ours(plan, progress(11))).toBe(false);
  expect(ours(plan, { status: "success" }, '"after"', source, { length: 11 })).toBe(false);
  const unknown: CopyPlan = { ...plan, source: { etag: null, length: null } };
  expect(ours(unknown, progress(11))).toBe(true);
  const { container: _, ...rest } = source;
  const origin = "https://acme.file.core.windows.net";
  const file: Endpoint = { ...rest, service: "file", origin, share: "drop" };
  const echoed = { ...progress(11), source: "https://acme.file.core.windows.net/drop/film.mp4" };
  expect(ours(plan, echoed, '"after"', file)).toBe(true);
});

const md5 = "1B2M2Y8AsgTpgAmY7PhCfg==";
test.each([
  ["the planned MD5", md5, md5, true],
  ["another MD5", md5, "XrY7u+Ae7tCTyyK7j1rNww==", false],
  ["no MD5", md5, null, true],
  ["an MD5 that the planned source did not have", undefined, md5, true],
])("a complete copy with %s: it can be ours: %s, %s, %s", (_, contentMd5, found, expected) => {
  const planned = { ...plan.source, ...(contentMd5 === undefined ? {} : { contentMd5 }) };
  const by: CopyPlan = { ...plan, source: planned };
  const ended = (seen: Partial<DestinationProperties>) =>
    ours(by, { status: "success" }, '"after"', source, { contentMd5: found, ...seen });
  expect(ended({})).toBe(expected);
  // Copy File has no condition on its source, so our own copy may be of a later version.
  expect(ended({ blobType: null })).toBe(true);
  expect(ended({ blobType: null, length: 11 })).toBe(true);
  // The empty blob of a pending copy does not have its content's MD5 yet.
  expect(ours(by, {}, '"after"', source, { contentMd5: found })).toBe(true);
});
