import type { OrchestrationContext } from "durable-functions";
import { expect, test } from "vitest";
import { toCopyId } from "../../../src/copy/contract/ids.ts";
import { epochMs } from "../../../src/copy/time.ts";
import type { CustomStatus } from "../../../src/copy/contract/custom-status.ts";
import type { CopyStatus } from "../../../src/copy/contract/copy-status.ts";
import type { CopyContext } from "../../../src/orchestrations/copy-context.ts";
import { followCopy } from "../../../src/orchestrations/follow.ts";
import { createStatusReport } from "../../../src/orchestrations/status-report.ts";

const megabyte = 1_000_000;
const plan = { source: { etag: "a", length: 200 * megabyte }, destinationEtag: null };
const noon = Date.UTC(2026, 10, 27, 12);
const at = (ms: number) => new Date(noon + ms).toISOString();

/** One read: `delayMs` pass until the orchestration gets its result; `skewMs`: the clock of the activity's host. */
type Read = { delayMs: number; skewMs?: number; bytesCopied: number };

/** Follows a copy of 200 MB through these reads to its success. Returns each wait, and the status after each read. */
function follow(reads: readonly Read[]): { waits: number[]; statuses: CustomStatus[] } {
  let now = noon;
  let made = 0;
  const waits: number[] = [];
  const statuses: CustomStatus[] = [];
  let last: CustomStatus | null = null;
  const df = { setCustomStatus: (status: CustomStatus) => (last = status) };
  const report = createStatusReport({ df } as unknown as OrchestrationContext, {
    now: () => epochMs(now),
    former: null,
  });
  const context = {
    report,
    now: () => now,
    copyRef: { instanceId: "a-copy", copy: {} },
    waits: {
      // oxlint-disable-next-line require-yield -- every wait passes without Durable
      *until(due: number) {
        if (last !== null && made > 0) statuses.push(last);
        waits.push(due - now);
        now = Math.max(now, due);
        return { abort: false, wake: false };
      },
    },
    // oxlint-disable-next-line require-yield -- every activity runs without Durable
    *call(): Generator<never, CopyStatus> {
      const read = reads[made++];
      const readAt = epochMs(now + (read?.skewMs ?? 0));
      now += read?.delayMs ?? 0;
      const progress = { bytesCopied: read?.bytesCopied ?? 0, totalBytes: 200 * megabyte };
      return read === undefined
        ? { kind: "success", progress, etag: "e", endedAt: null, readAt }
        : { kind: "pending", progress, warning: null, readAt };
    },
  } as unknown as CopyContext;
  const pending = { kind: "pending", progress: null, warning: null } as const;
  const following = followCopy(context, { plan, copyId: toCopyId("copy-1") }, pending);
  expect(following.next().done).toBe(true);
  return { waits, statuses };
}

test("a read whose result comes minutes late is dated by its activity, and immediately followed by another read", () => {
  const late = { delayMs: 300_000, bytesCopied: 29 * megabyte };
  const { waits, statuses } = follow([late]);
  expect(waits).toEqual([2_000, 0]);
  expect(statuses[0]).toMatchObject({ readAt: at(2_000), nextReadAt: at(302_000) });
});

test("the forecast counts from the read, not from the arrival of its result", () => {
  const half = { bytesCopied: 100 * megabyte };
  const { waits: prompt } = follow([{ ...half, delayMs: 0 }]);
  const { waits: slow } = follow([{ ...half, delayMs: 500 }]);
  // The next poll is due at the same time.
  expect(slow[1]).toBe((prompt[1] ?? 0) - 500);
});

test("a host whose clock is ten minutes off neither delays polls nor repeats them", () => {
  const reads = [10, 20, 30, 40].map((share) => ({ delayMs: 50, bytesCopied: share * megabyte }));
  const { waits } = follow(reads);
  for (const skewMs of [-600_000, 600_000]) {
    const skewed = follow(reads.map((read) => ({ ...read, skewMs })));
    expect(Math.min(...skewed.waits)).toBeGreaterThanOrEqual(900);
    expect(skewed.waits).toHaveLength(waits.length);
  }
});
