import fc from "fast-check";
import { expect, test } from "vitest";
import { toCopyId } from "../../../src/copy/contract/ids.ts";
import { endpointUrl } from "../../../src/copy/location/endpoint.ts";
import { epochMs } from "../../../src/copy/time.ts";
import type { CopyOptions } from "../../../src/copy/request/copy-options.ts";
import type { ListedBlob } from "../../../src/jobs/contract/storage.ts";
import { planObject } from "../../../src/jobs/decisions/plan-object.ts";
import { createSelector } from "../../../src/jobs/request/select.ts";
import { blobIn, selectAll } from "../../../src/jobs/contract/job-input.ts";
import { aListedBlob, anInput } from "../../support/jobs/records.ts";

const blob = aListedBlob("2026/a.mp4");
const existing = { ...blob, name: "a.mp4", etag: "0x2" };

const copyOf = (source: string): NonNullable<ListedBlob["copy"]> => ({
  copyId: toCopyId("c"),
  status: "success",
  progress: null,
  completedAt: existing.lastModified,
  description: null,
  source,
});

function plan(
  options: Partial<CopyOptions>,
  source: Partial<ListedBlob> = {},
  there: ListedBlob | null = null,
) {
  const job = { ...anInput, options: { ...anInput.options, ...options } };
  return planObject(job, "a.mp4", { ...blob, ...source }, there);
}

test.each([
  ["fail", { kind: "fail", cause: "destination-exists" }],
  ["skip", { kind: "skip" }],
  ["if-newer", { kind: "skip" }],
  ["always", { kind: "copy", onto: { kind: "etag", etag: "0x2" } }],
] as const)("with overwrite %s, an existing destination leads to %o", (overwrite, action) => {
  expect(plan({ overwrite }, {}, existing).do).toMatchObject(action);
  expect(plan({ overwrite }).do).toMatchObject({ kind: "copy", onto: { kind: "absent" } });
});

test("if-newer copies onto the ETag of an older destination", () => {
  const older = { ...existing, lastModified: epochMs(1_999) };
  expect(plan({ overwrite: "if-newer" }, {}, older).do).toMatchObject({
    kind: "copy",
    onto: { kind: "etag", etag: "0x2" },
  });
});

test.each(["fail", "skip", "if-newer", "always"] as const)(
  "with overwrite %s, the empty blob of an unsuccessful copy is replaced, no matter when it failed",
  (overwrite) => {
    for (const status of ["failed", "aborted"] as const) {
      const copy = { ...copyOf("other"), status };
      const stub = { ...existing, length: 0, lastModified: epochMs(9_000), copy };
      expect(plan({ overwrite }, {}, stub).do).toMatchObject({
        kind: "copy",
        onto: { kind: "etag", etag: "0x2" },
      });
    }
  },
);

test("if-newer replaces a copy of other content of the blob, written in the same second", () => {
  const from = endpointUrl(blobIn(anInput.source, blob.name));
  const onto = (source: string) =>
    plan({ overwrite: "if-newer" }, {}, { ...existing, length: 9, copy: copyOf(source) }).do.kind;
  expect(onto(from)).toBe("copy");
  expect(onto(`${from}.other`)).toBe("skip");
});

test.each([
  ["source-archived", { archived: true }, {}],
  ["not-supported", {}, { sealBlob: true }],
  ["not-supported", { blobType: "PageBlob" }, { tier: "Cool" }],
] as const)("%s is planned as a failure", (cause, source, options) => {
  expect(plan(options, source).do).toMatchObject({ kind: "fail", cause });
});

test.each([
  ["destination-archived", { archived: true }],
  ["destination-type-mismatch", { blobType: "AppendBlob" }],
])("a destination that cannot be overwritten fails with %s, even with always", (cause, there) => {
  const action = plan({ overwrite: "always" }, {}, { ...existing, ...there }).do;
  expect(action).toMatchObject({ kind: "fail", cause });
});

test("across accounts, block blobs of at most 256 MiB are copied from their URL, all others by Copy Blob", () => {
  const engine = (source: Partial<ListedBlob>, options = {}) => plan(options, source).do;
  const limit = 256 * 1024 * 1024;
  expect(engine({ length: limit })).toMatchObject({ engine: "copy-blob-from-url" });
  expect(engine({ length: limit + 1 })).toMatchObject({ engine: "copy-blob" });
  expect(engine({ blobType: "PageBlob" })).toMatchObject({ engine: "copy-blob" });
  expect(engine({ archived: true }, { tier: "Hot" })).toMatchObject({ engine: "copy-blob" });
});

test("the properties that a copy lacks are listed, unless the options set them", () => {
  const rich = { tagCount: 2, tier: "Cool", isTierInferred: false, isRetained: true };
  expect(plan({}, rich).loses).toEqual(["tags", "tier", "retention"]);
  expect(plan({ tags: "source", tier: "Hot", legalHold: true }, rich)).not.toHaveProperty("loses");
  expect(plan({}, { tier: "Hot" })).not.toHaveProperty("loses");
});

test("each condition of select leaves out the blobs that do not meet it", () => {
  const keeps = (select: object, changes: Partial<ListedBlob> = {}, name = "b/a.mp4") =>
    createSelector({ ...selectAll, ...select }).selects(name, { ...blob, ...changes });
  expect(keeps({})).toBe(true);
  expect(keeps({}, { isFolder: true })).toBe(false);
  expect(keeps({ include: ["*.mp4"] })).toBe(false);
  expect(keeps({ include: ["**/*.mp4"] })).toBe(true);
  expect(keeps({ include: ["**"], exclude: ["b/**"] })).toBe(false);
  const at = (ms: number) => new Date(ms).toISOString();
  expect(keeps({ modifiedFrom: at(2_000), modifiedTo: at(2_001) })).toBe(true);
  expect(keeps({ modifiedFrom: at(2_001) })).toBe(false);
  expect(keeps({ modifiedTo: at(2_000) })).toBe(false);
  expect(keeps({ minSize: 10, maxSize: 10 })).toBe(true);
  expect([keeps({ minSize: 11 }), keeps({ maxSize: 9 })]).toEqual([false, false]);
  expect([keeps({ types: ["PageBlob"] }), keeps({ types: ["BlockBlob"] })]).toEqual([false, true]);
});

test("a plan never overwrites without a condition", () => {
  const overwrite = fc.constantFrom("fail" as const, "skip", "if-newer", "always");
  const there = fc.option(fc.record({ lastModified: fc.nat(4_000).map(epochMs) }));
  fc.assert(
    fc.property(overwrite, there, (mode, seen) => {
      const { do: action } = plan({ overwrite: mode }, {}, seen && { ...existing, ...seen });
      if (action.kind !== "copy") return;
      expect(action.onto.kind).toBe(seen === null ? "absent" : "etag");
      if (seen !== null) expect(["if-newer", "always"]).toContain(mode);
    }),
  );
});

test("a planned copy has the Content-MD5 of its source, if Storage has one", () => {
  expect(plan({}, { contentMd5: "md5" })).toMatchObject({ md5: "md5" });
  expect(plan({}, { contentMd5: null })).not.toHaveProperty("md5");
  expect(plan({ overwrite: "skip" }, { contentMd5: "md5" }, existing)).not.toHaveProperty("md5");
});
