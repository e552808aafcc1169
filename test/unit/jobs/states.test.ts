import fc from "fast-check";
import { expect, test } from "vitest";
import { toCopyId } from "../../../src/copy/contract/ids.ts";
import { epochMs } from "../../../src/copy/time.ts";
import type { ObjectState, PagePlan, PageProgress } from "../../../src/jobs/contract/page.ts";
import {
  addCounts,
  countFailed,
  countStates,
  mergeState,
  mergeStates,
} from "../../../src/jobs/decisions/states.ts";

const copyId = toCopyId("copy-1");

const state: fc.Arbitrary<ObjectState> = fc.oneof(
  fc.record({
    is: fc.constant("copied" as const),
    copyId: fc.constantFrom(copyId, toCopyId("copy-2")),
    etag: fc.constantFrom("a", "b"),
    ms: fc.nat(5),
  }),
  fc.record({ is: fc.constant("skipped" as const), reason: fc.constantFrom("x", "y") }),
  fc.record({
    is: fc.constant("failed" as const),
    cause: fc.constantFrom("source-changed" as const, "internal" as const),
    message: fc.constantFrom("m", "n"),
  }),
  fc.record({ is: fc.constant("aborted" as const) }),
  fc.record({ is: fc.constant("not-started" as const) }),
  fc.record({
    is: fc.constant("pending" as const),
    copyId: fc.constant(copyId),
    since: fc.nat(3).map(epochMs),
    bytes: fc.nat(3),
  }),
  fc.record({
    is: fc.constant("uncertain" as const),
    tries: fc.nat(3),
    at: fc.nat(3).map(epochMs),
  }),
);
const maybe = fc.option(state);

test("merging the states of two runs has the same result in either order, and merging again changes nothing", () => {
  fc.assert(
    fc.property(maybe, maybe, maybe, (a, b, c) => {
      expect(mergeState(a, a)).toEqual(a);
      expect(mergeState(a, mergeState(a, b))).toEqual(mergeState(a, b));
      expect(mergeState(a, null)).toEqual(a);
      const [one, other] = [mergeState(a, b), mergeState(b, a)];
      expect(one?.is).toBe(other?.is);
      expect(mergeState(mergeState(a, b), c)?.is).toBe(mergeState(a, mergeState(b, c))?.is);
    }),
  );
});

test("a copy that Storage made takes precedence over a failure of a run", () => {
  const copied: ObjectState = { is: "copied", copyId, etag: "e", ms: 1 };
  const failed: ObjectState = { is: "failed", cause: "destination-exists", message: "exists" };
  expect(mergeState(failed, copied)).toBe(copied);
  expect(mergeState({ is: "not-started" }, copied)).toBe(copied);
  expect(mergeState({ is: "skipped", reason: "exists" }, copied)).toBe(copied);
});

const part = { name: "part-000001.jsonl", lines: 1, bytes: 1, sha256: "" };
const progress: PageProgress = {
  version: 1,
  page: 1,
  states: [{ is: "failed", cause: "internal", message: "m" }],
  runs: [],
  polls: null,
  part,
};

test("a late run cannot change a finished page", () => {
  const late: ObjectState = { is: "copied", copyId, etag: "e", ms: 1 };
  expect(mergeStates(progress, [late])).toBe(progress.states);
  expect(mergeStates({ ...progress, part: null }, [late])).toEqual([late]);
});

const planOf = (count: number): Pick<PagePlan, "objects"> => ({
  objects: Array.from({ length: count }, (_, index) => ({
    name: `${index}`,
    etag: "e",
    length: index,
    type: "BlockBlob",
    modified: epochMs(0),
    do: { kind: "skip" as const, reason: "x" },
  })),
});

test("each object of a page is counted once, and counts of pages add up", () => {
  const states = fc.array(maybe, { maxLength: 20 });
  fc.assert(
    fc.property(states, states, (one, other) => {
      const count = (all: (ObjectState | null)[]) => countStates(planOf(all.length), all);
      const known = ({ copied, pending, ...counts }: ReturnType<typeof count>) =>
        copied.objects +
        pending.objects +
        counts.skipped +
        counts.aborted +
        counts.notStarted +
        countFailed(counts);
      const open = (all: (ObjectState | null)[]) =>
        all.filter((each) => each === null || each.is === "uncertain").length;
      expect(known(count(one)) + open(one)).toBe(one.length);
      const sum = addCounts(count(one), count(other));
      expect(known(sum)).toBe(known(count(one)) + known(count(other)));
      expect(addCounts(count(other), count(one))).toEqual(sum);
    }),
  );
});
