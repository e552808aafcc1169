import fc from "fast-check";
import { expect, test } from "vitest";
import { toCopyId } from "../../../../src/copy/contract/ids.ts";
import { buildOutcome } from "../../../../src/copy/contract/outcome.ts";
import type { CopyResult } from "../../../../src/copy/contract/outcome.ts";
import { epochMs, toIso } from "../../../../src/copy/time.ts";

const noon = Date.UTC(2026, 10, 20, 12);
const iso = (ms: number) => toIso(epochMs(noon + ms));

/** The outcome of a copy with these times, ms from noon; `endedAt` null: Storage reported none. */
function outcome(times: {
  createdAt: number;
  startedAt: number | null;
  endedAt: number | null;
  settledAt: number;
}) {
  const { createdAt, startedAt, endedAt, settledAt } = times;
  const result: CopyResult = {
    kind: "success",
    progress: { bytesCopied: 1, totalBytes: 1 },
    etag: "e",
    endedAt: endedAt === null ? null : epochMs(noon + endedAt),
  };
  return buildOutcome(result, {
    copyId: toCopyId("copy-1"),
    record: {
      abortRequested: false,
      startedAt: startedAt === null ? null : iso(startedAt),
      statusReads: 1,
    },
    residue: [],
    settledAt: epochMs(noon + settledAt),
    createdAt: iso(createdAt),
  });
}

test.each([
  {
    what: "Storage's whole second is before the request",
    times: { createdAt: 934, startedAt: 980, endedAt: 0, settledAt: 1_020 },
    expected: { completedAt: iso(934), startedAt: iso(934), copyCompletedAt: iso(0) },
  },
  {
    what: "Storage's whole second is between the request and the start's response",
    times: { createdAt: 900, startedAt: 1_700, endedAt: 1_000, settledAt: 1_800 },
    expected: { completedAt: iso(1_000), startedAt: iso(1_000), copyCompletedAt: iso(1_000) },
  },
  {
    what: "the copy takes a minute",
    times: { createdAt: 900, startedAt: 1_700, endedAt: 61_000, settledAt: 61_800 },
    expected: { completedAt: iso(61_000), startedAt: iso(1_700), copyCompletedAt: iso(61_000) },
  },
  {
    what: "Storage reports no time",
    times: { createdAt: 900, startedAt: 1_700, endedAt: null, settledAt: 61_800 },
    expected: { completedAt: iso(61_800), startedAt: iso(1_700), copyCompletedAt: null },
  },
  {
    what: "nothing was started",
    times: { createdAt: 900, startedAt: null, endedAt: null, settledAt: 1_800 },
    expected: { completedAt: iso(1_800), startedAt: null, copyCompletedAt: null },
  },
  {
    what: "the clock of the host that settled it is behind",
    times: { createdAt: 900, startedAt: null, endedAt: null, settledAt: 100 },
    expected: { completedAt: iso(900), startedAt: null, copyCompletedAt: null },
  },
])("the times of an outcome where $what", ({ times, expected }) => {
  expect(outcome(times)).toMatchObject(expected);
});

test("createdAt, startedAt and completedAt are always in this order", () => {
  const ms = fc.integer({ min: -5_000, max: 5_000 });
  const times = fc.record({
    createdAt: ms,
    startedAt: fc.option(fc.nat({ max: 5_000 })),
    endedAt: fc.option(ms.map((each) => Math.floor(each / 1_000) * 1_000)),
    settledAt: ms,
  });
  fc.assert(
    fc.property(times, ({ startedAt, ...rest }) => {
      // A start's response comes after the request, on the same clock.
      const answeredAt = startedAt === null ? null : rest.createdAt + startedAt;
      const built = outcome({ ...rest, startedAt: answeredAt });
      const order = [
        iso(rest.createdAt),
        built.startedAt ?? iso(rest.createdAt),
        built.completedAt,
      ];
      expect(order.toSorted()).toEqual(order);
    }),
  );
});
