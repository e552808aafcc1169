import { expect, test } from "vitest";
import {
  isSnapshotBy,
  addMarker,
  nextRollbackStep,
  removeMarker,
} from "../../../../src/copy/decisions/rollback-step.ts";
import type { CopyResult } from "../../../../src/copy/contract/outcome.ts";
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

type Status = "pending" | "success" | "failed" | "aborted";
const properties = (
  carries: { by: string; status: Status } | null,
  from = {},
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
          source: "",
        },
});
const nextAction = (
  result: CopyResult,
  destination: DestinationProperties | null,
  snapshots = [ours],
) => nextRollbackStep({ instanceId, plan, copyId, result }, destination, snapshots).kind;

test.each<[CopyResult, DestinationProperties | null, string]>([
  [aborted, properties({ by: copyId, status: "aborted" }), "promote"],
  [unobservable, properties({ by: copyId, status: "failed" }), "promote"],
  [unobservable, properties({ by: copyId, status: "pending" }), "keep"],
  [unobservable, properties({ by: copyId, status: "success" }), "nothing"],
  [aborted, properties({ by: "another", status: "aborted" }), "nothing"],
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
])("after %j, a destination read as %j results in: %s", (ending, destination, expected) => {
  expect(nextAction(ending, destination)).toBe(expected);
});

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
