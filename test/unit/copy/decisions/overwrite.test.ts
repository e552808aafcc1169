import fc from "fast-check";
import { expect, test } from "vitest";
import { toCopyId } from "../../../../src/copy/contract/ids.ts";
import type {
  DestinationProperties,
  SourceProperties,
} from "../../../../src/copy/contract/properties.ts";
import { decide } from "../../../../src/copy/decisions/plan.ts";
import type { Decision } from "../../../../src/copy/decisions/plan.ts";
import { isNewer } from "../../../../src/copy/decisions/overwrite.ts";
import type { Existing } from "../../../../src/copy/decisions/overwrite.ts";
import { parseCopyRequest } from "../../../../src/copy/request/copy-request.ts";
import { epochMs, plusMs } from "../../../../src/copy/time.ts";
import type { EpochMs } from "../../../../src/copy/time.ts";

const source = "https://acct1.blob.core.windows.net/inbox/disk.vhd";
const destination = "https://acct2.blob.core.windows.net/out/disk.vhd";
const noon = epochMs(Date.parse("2026-11-20T12:00:00Z"));
const second = 1_000;

function request(options: object, from = source) {
  const origins = { emulator: { blob: null, file: null }, external: [], wholeExternal: [] };
  const parsed = parseCopyRequest({ source: from, destination, options }, origins);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.request;
}

const read: SourceProperties = {
  etag: '"1"',
  length: 512,
  lastModified: noon,
  blobType: "BlockBlob",
  archived: false,
  copy: null,
};

type Copy = NonNullable<DestinationProperties["copy"]>;

/** A destination that a copy of the source completed, or left, at this time. */
function copied(
  at: number,
  changes: Partial<DestinationProperties> = {},
  copy: Partial<Copy> = {},
): DestinationProperties {
  const lastModified = epochMs(at);
  return {
    etag: '"2"',
    length: 512,
    lastModified,
    blobType: "BlockBlob",
    archived: false,
    metadata: {},
    ...changes,
    copy: {
      copyId: toCopyId("copy-1"),
      status: "success",
      progress: null,
      completedAt: lastModified,
      description: null,
      source,
      ...copy,
    },
  };
}

const others = `${source}.other`;
test.each(["fail", "skip", "if-newer", "always"])(
  "with overwrite %s, the empty blob of an unsuccessful copy is overwritten, regardless of who started it",
  (overwrite) => {
    for (const status of ["failed", "aborted"] as const) {
      for (const from of [source, others]) {
        const stub = copied(noon + 60 * second, { length: 0 }, { status, source: from });
        const plan = { destinationEtag: '"2"', ontoStub: true };
        expect(decide(request({ overwrite }), read, stub)).toMatchObject({ kind: "planned", plan });
      }
    }
  },
);

test.each([
  ["an empty blob that was written", { copy: null, length: 0 }],
  ["an empty blob that was copied", copied(noon + second, { length: 0 })],
  [
    "a blob to which a client has appended since its copy failed",
    copied(noon + second, {}, { status: "failed" }),
  ],
])("%s is content", (_name, changes) => {
  const existing = { ...copied(noon + second), ...changes };
  const of = (overwrite: string) => decide(request({ overwrite }), read, existing);
  expect(of("fail")).toMatchObject({ kind: "failed", failure: { cause: "destination-exists" } });
  expect(of("skip")).toMatchObject({ kind: "skip", reason: "The destination exists" });
  expect(of("if-newer")).toMatchObject({
    kind: "skip",
    reason: expect.stringContaining("as new as the source"),
  });
  expect(of("always")).not.toHaveProperty("plan.ontoStub");
});

test.each<[string, boolean, Existing, { writtenAt: EpochMs }?]>([
  ["older content", true, copied(noon - second, {}, { source: others })],
  ["other content of the same second", false, copied(noon, {}, { source: others })],
  ["content that was not copied, of the same second", false, { ...copied(noon), copy: null }],
  ["newer content", false, copied(noon + second, {}, { source: others })],
  ["a copy of the source of the same second", true, copied(noon)],
  [
    "a copy of the source of the same second with the same content",
    false,
    copied(noon, { contentMd5: "bWQ1" }),
  ],
  [
    "a copy of the source of the same second with another length",
    true,
    copied(noon, { contentMd5: "bWQ1", length: 511 }),
  ],
  [
    "a copy of the source of the same second with another MD5",
    true,
    copied(noon, { contentMd5: "MmQ1" }),
  ],
  [
    "a copy of the source of the same second without an MD5",
    true,
    copied(noon, { contentMd5: null }),
  ],
  ["a copy of the source of the second before", true, copied(noon - second)],
  ["a copy of the source of the second after", false, copied(noon + second)],
  [
    "a copy of the source that was changed in the same second",
    false,
    copied(noon, {}, { completedAt: epochMs(noon - second) }),
  ],
  [
    "restored content that was older",
    true,
    { ...copied(noon + 60 * second), copy: null },
    { writtenAt: plusMs(noon, -second) },
  ],
  [
    "restored content that was as new",
    false,
    { ...copied(noon + 60 * second), copy: null },
    { writtenAt: noon },
  ],
])("%s: the source is newer is %s", (_name, expected, existing, more) => {
  expect(isNewer({ ...request({}), ...more }, { ...read, contentMd5: "bWQ1" }, existing)).toBe(
    expected,
  );
});

test("a blob that is copied onto itself is never newer than itself", () => {
  const itself = { ...request({ overwrite: "always" }, destination) };
  expect(isNewer(itself, read, copied(noon, {}, { source: destination }))).toBe(false);
});

/** The destination after Abort Copy Blob, which leaves no content, and a new ETag and Last-Modified. */
function aborted(pending: DestinationProperties, copy: Copy): DestinationProperties {
  const lastModified = plusMs(pending.lastModified, 60 * second);
  const status = { status: "aborted", completedAt: lastModified } as const;
  return { ...pending, etag: '"3"', length: 0, lastModified, copy: { ...copy, ...status } };
}

const times = [-1, 0, 1, 3_600].map((after) => new Date(noon + after * second).toISOString());
const conditions = fc.record(
  {
    ifMatch: fc.constantFrom('"2"', '"9"', "*"),
    ifNoneMatch: fc.constantFrom('"2"', '"9"', "*"),
    ifModifiedSince: fc.constantFrom(...times),
    ifUnmodifiedSince: fc.constantFrom(...times),
  },
  { requiredKeys: [] },
);
const overwrites = fc.constantFrom(
  "fail" as const,
  "skip",
  "if-newer",
  "always",
  "always",
  "always",
);

test("another client's copy is aborted only for a copy that nothing prevents afterwards", () => {
  const seen = { replace: 0, refused: 0 };
  fc.assert(
    fc.property(
      fc.record({
        overwrite: overwrites,
        ifBusy: fc.constantFrom("replace" as const, "replace", "replace", "wait", "fail"),
        tier: fc.constantFrom(null, null, "Cool"),
        sealBlob: fc.constantFrom(false, false, false, true),
        sourceConditions: fc.option(conditions, { freq: 2 }),
        destinationConditions: fc.option(conditions, { freq: 2 }),
        rollback: fc.constantFrom("off" as const, "snapshot"),
      }),
      fc.option(
        fc.record({
          blobType: fc.constantFrom(
            "BlockBlob",
            "BlockBlob",
            "BlockBlob",
            "AppendBlob",
            "PageBlob",
          ),
          archived: fc.constantFrom(false, false, true),
          copy: fc.constantFrom(null, null, {
            copyId: toCopyId("copy-2"),
            status: "pending" as const,
            progress: null,
          }),
        }),
        { freq: 9 },
      ),
      fc.record({
        blobType: fc.constantFrom("BlockBlob", "BlockBlob", "BlockBlob", "AppendBlob"),
        archived: fc.constantFrom(false, false, false, true),
      }),
      (options, found, there) => {
        // A hand-made input may have options that no request may combine.
        const usual = request({});
        const copy = { ...usual, options: { ...usual.options, ...options } };
        const pending = copied(noon, there, { status: "pending", completedAt: null });
        const state = found === null ? null : { ...read, ...found };
        const decision: Decision = decide(copy, state, pending);
        seen[decision.kind === "replace" ? "replace" : "refused"]++;
        if (decision.kind !== "replace") return;
        expect(options).toMatchObject({ ifBusy: "replace", overwrite: "always" });
        const { source: from } = decision.plan;
        const after = aborted(pending, pending.copy ?? expect.fail("no copy is pending"));
        expect(decide(copy, state, after)).toMatchObject({
          kind: "planned",
          plan: { source: from, destinationEtag: '"3"', ontoStub: true },
        });
      },
    ),
    { numRuns: 2_000 },
  );
  expect(seen.replace).toBeGreaterThan(20);
  expect(seen.refused).toBeGreaterThan(100);
});

test.each([
  [{ ifMatch: '"9"' }, { kind: "failed", failure: { cause: "condition-not-met" } }],
  [{ ifNoneMatch: "*" }, { kind: "failed", failure: { cause: "condition-not-met" } }],
  [{ ifNoneMatch: '"2"' }, { kind: "failed", failure: { cause: "condition-not-met" } }],
  [{ ifModifiedSince: times[1] }, { kind: "failed", failure: { cause: "condition-not-met" } }],
  [{ ifUnmodifiedSince: times[0] }, { kind: "failed", failure: { cause: "condition-not-met" } }],
  [{ ifMatch: '"2"' }, { kind: "busy" }],
  [{ ifUnmodifiedSince: times[3] }, { kind: "busy" }],
  [{ ifMatch: "*" }, { kind: "replace" }],
  [{ ifNoneMatch: '"9"' }, { kind: "replace" }],
  [{ ifModifiedSince: times[0] }, { kind: "replace" }],
])("ifBusy replace with %o on a pending destination leads to %o", (destinationConditions, end) => {
  const copy = request({ overwrite: "always", ifBusy: "replace", destinationConditions });
  const pending = copied(noon, {}, { status: "pending", completedAt: null, source: others });
  expect(decide(copy, read, pending)).toMatchObject(end);
});
