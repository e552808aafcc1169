import { expect, test } from "vitest";
import { toInstanceId } from "../../../../src/copy/contract/ids.ts";
import {
  addMarker,
  isSnapshotBy,
  removeMarker,
} from "../../../../src/copy/decisions/rollback-step.ts";
import { parseMetadata } from "../../../../src/copy/request/metadata.ts";

/* A rollback restores all metadata of the destination, even if another client uses the name of Ferry's marker. */

const mine = { instanceId: toInstanceId("0191f000-0000-7000-8000-000000000001"), etag: '"0x1"' };
const other = "0191f000-0000-7000-8000-000000000002";

test.each<[Record<string, string>, Record<string, string>]>([
  [{}, {}],
  [{ shelf: "7" }, { shelf: "7" }],
  [{ ferryrollback: "keep" }, { ferryrollback: "keep" }],
  [{ ferryrollback: "keep  this one " }, { ferryrollback: "keep  this one " }],
  [
    { FerryRollback: "keep", shelf: "7" },
    { ferryrollback: "keep", shelf: "7" },
  ],
  [{ ferryrollback: `${other} 0x1` }, { ferryrollback: `${other} 0x1` }],
  [{ ferryrollback: `${mine.instanceId} 0x0` }, { ferryrollback: `${mine.instanceId} 0x0` }],
])("metadata %o is marked, and restored as %o", (metadata, restored) => {
  const marked = addMarker(metadata, mine);
  expect(isSnapshotBy({ metadata: marked }, mine)).toBe(true);
  expect(Object.keys(marked).filter((name) => /^ferryrollback$/i.test(name))).toHaveLength(1);
  expect(removeMarker(marked)).toEqual(restored);
});

test.each(["ferryrollback", "FerryRollback", "FERRYROLLBACK"])(
  "a request cannot use the name %s for its metadata",
  (name) => {
    const parsed = parseMetadata({ a: "1", [name]: "x" }, "/options/metadata", String);
    expect(parsed.problems).toEqual([
      {
        pointer: `/options/metadata/${name}`,
        message: "is the name of the metadata with which Ferry marks its snapshots; choose another",
      },
    ]);
  },
);

test.each(["ferry", "ferryrollback2", "rollback"])("a request may use the name %s", (name) => {
  expect(parseMetadata({ [name]: "x" }, "/options/metadata", String).problems).toEqual([]);
});
