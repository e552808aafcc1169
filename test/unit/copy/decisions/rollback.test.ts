import { expect, test } from "vitest";
import {
  isSnapshotBy,
  addMarker,
  nextRollbackStep,
  removeMarker,
} from "../../../../src/copy/decisions/rollback-step.ts";
import type { CopyResult } from "../../../../src/copy/contract/outcome.ts";
import type { Destination } from "../../../../src/copy/location/endpoint.ts";
import type { DestinationProperties } from "../../../../src/copy/contract/properties.ts";
import { toCopyId, toInstanceId } from "../../../../src/copy/contract/ids.ts";
import { epochMs } from "../../../../src/copy/time.ts";

const instanceId = toInstanceId("0191f000-0000-7000-8000-000000000001");
const copyId = toCopyId("11111111-1111-1111-1111-111111111111");
const former = '"0x1"';
const failure = {
  cause: "internal",
  message: "",
  fix: "",
  retryable: true,
  storage: null,
} as const;
const aborted: CopyResult = { kind: "aborted", progress: null, etag: '"0x3"', endedAt: epochMs(0) };
const unobservable: CopyResult = { kind: "unobservable", failure };
const metadata = addMarker({ Shelf: "7" }, { instanceId, etag: former });
const ours = { time: "t1", metadata, tier: null };
const plan = { source: { etag: "s", length: 10 }, destinationEtag: former, snapshot: "t1" };

const destination: Destination = {
  service: "blob",
  origin: "https://acct.blob.core.windows.net",
  account: "acct",
  container: "archive",
  path: "a b.txt",
  secondary: false,
  emulated: false,
};

type Status = "pending" | "success" | "failed" | "aborted";
const properties = (
  carries: { by: string; status: Status } | null,
  from = {},
  source = "https://other.blob.core.windows.net/inbox/a.txt",
): DestinationProperties => ({
  etag: '"0x3"',
  length: 0,
  lastModified: epochMs(0),
  blobType: "BlockBlob",
  archived: false,
  metadata: from,
  copy:
    carries === null
      ? null
      : {
          copyId: toCopyId(carries.by),
          status: carries.status,
          progress: null,
          completedAt: null,
          description: null,
          source,
        },
});
const nextAction = (result: CopyResult, seen: DestinationProperties | null, snapshots = [ours]) =>
  nextRollbackStep({ instanceId, destination, plan, copyId, result }, seen, snapshots).kind;

test.each<[CopyResult, DestinationProperties | null, string]>([
  [aborted, properties({ by: copyId, status: "aborted" }), "promote"],
  [unobservable, properties({ by: copyId, status: "failed" }), "promote"],
  [unobservable, properties({ by: copyId, status: "pending" }), "keep"],
  [unobservable, properties({ by: copyId, status: "success" }), "nothing"],
  [aborted, properties({ by: "another", status: "aborted" }), "keep"],
  [aborted, properties({ by: "another", status: "success" }), "keep"],
  [aborted, properties({ by: "another", status: "pending" }), "keep"],
  [aborted, properties(null), "nothing"],
  [aborted, null, "nothing"],
  [aborted, properties({ by: "promotion", status: "pending" }, metadata), "wait"],
  [aborted, properties({ by: "promotion", status: "failed" }, metadata), "promote"],
  [aborted, properties({ by: "promotion", status: "success" }, metadata), "unmark"],
  [
    { ...aborted, kind: "failed", failure },
    properties({ by: copyId, status: "success" }),
    "promote",
  ],
  [
    { ...aborted, kind: "failed", failure, etag: "later" },
    properties({ by: copyId, status: "success" }),
    "nothing",
  ],
])("after %j, a destination read as %j results in: %s", (ending, seen, expected) => {
  expect(nextAction(ending, seen)).toBe(expected);
});

test("the snapshot is kept only if another copy has overwritten what ours left", () => {
  const copiedOver = properties({ by: "another", status: "success" });
  const copy = { instanceId, destination, plan, copyId, result: aborted };
  expect(nextRollbackStep(copy, copiedOver, [ours])).toEqual({
    kind: "keep",
    because: "copied-over",
  });
  expect(nextRollbackStep({ ...copy, copyId: null }, copiedOver, [ours]).kind).toBe("nothing");
  expect(nextRollbackStep(copy, copiedOver, []).kind).toBe("nothing");
});

test.each(["?snapshot=t1", ""])(
  "the snapshot of content that was restored from it is deleted, if Storage returns the source with the query '%s'",
  (query) => {
    const own = `https://acct.blob.core.windows.net/archive/a%20b.txt${query}`;
    const restored = properties({ by: "promotion", status: "success" }, {}, own);
    expect(nextAction(aborted, restored)).toBe("nothing");
  },
);

test("only our own snapshot of the exact state that was overwritten is promoted", () => {
  const empty = properties({ by: copyId, status: "aborted" });
  const stale = { ...ours, metadata: addMarker({}, { instanceId, etag: '"0x0"' }) };
  const foreign = {
    ...ours,
    metadata: addMarker({}, { instanceId: toInstanceId("another"), etag: former }),
  };
  for (const other of [stale, foreign, { ...ours, metadata: {} }]) {
    expect(nextAction(aborted, empty, [other])).toBe("give-up");
    expect(nextAction(aborted, empty, [other, ours])).toBe("promote");
  }
});

test("the marker is found in any letter case, and only the marker is removed", () => {
  const shouted = Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [name.toUpperCase(), value]),
  );
  expect(isSnapshotBy({ metadata: shouted }, { instanceId, etag: former })).toBe(true);
  expect(removeMarker(metadata)).toEqual({ Shelf: "7" });
  expect(removeMarker(shouted)).toEqual({ SHELF: "7" });
});

test("complete content of a copy that was found after an unclear start is not rolled back, and the snapshot is kept", () => {
  const found = { ...plan, found: true } as const;
  const kind = (result: CopyResult, status: Status, by = plan) =>
    nextRollbackStep(
      { instanceId, destination, plan: by, copyId, result },
      properties({ by: copyId, status }),
      [ours],
    ).kind;
  const otherContent: CopyResult = {
    kind: "failed",
    failure,
    progress: null,
    etag: '"0x3"',
    endedAt: null,
  };
  expect(kind(otherContent, "success")).toBe("promote");
  expect(kind(otherContent, "success", found)).toBe("keep");
  expect(kind({ kind: "superseded", failure }, "success", found)).toBe("keep");
  expect(kind(otherContent, "failed", found)).toBe("promote");
});
