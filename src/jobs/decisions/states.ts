import type { Cause } from "../../copy/contract/failure.ts";
import { formerContentGone } from "../../copy/contract/outcome.ts";
import { isFinalState } from "../contract/page.ts";
import type { ObjectResult, ObjectState, PagePlan, PageProgress } from "../contract/page.ts";
import { maxShownFailures, noCounts } from "../contract/job-record.ts";
import type { Amount, Counts, FailedObject } from "../contract/job-record.ts";

/**
 * Which of two states of one object is kept, when two runs of a page have written different ones: a copy that Storage
 * made takes precedence over a failure of a run.
 */
const ranks = {
  copied: 7,
  failed: 6,
  aborted: 5,
  skipped: 4,
  pending: 3,
  uncertain: 2,
  "not-started": 1,
} as const satisfies Record<ObjectState["is"], number>;

/** Merges the states of two runs. The order of the arguments does not matter. */
export function mergeState(one: ObjectState | null, other: ObjectState | null): ObjectState | null {
  if (one === null || other === null) return one ?? other;
  if (ranks[one.is] !== ranks[other.is]) return ranks[one.is] > ranks[other.is] ? one : other;
  if (one.is === "pending" && other.is === "pending" && one.copyId === other.copyId) {
    return one.bytes >= other.bytes ? one : other;
  }
  return JSON.stringify(one) <= JSON.stringify(other) ? one : other;
}

/** Merges a run's states into the stored ones. A finished page does not change. */
export function mergeStates(
  stored: PageProgress,
  states: readonly (ObjectState | null)[],
): readonly (ObjectState | null)[] {
  if (stored.part !== null) return stored.states;
  return states.map((state, index) => mergeState(state, stored.states[index] ?? null));
}

/** The states of a page at its beginning: objects that the plan skips or fails are final. */
export function plannedStates({ objects }: PagePlan): (ObjectState | null)[] {
  return objects.map(({ do: action }): ObjectResult | null => {
    switch (action.kind) {
      case "copy":
        return null;
      case "skip":
        return { is: "skipped", reason: action.reason };
      case "fail":
        return { is: "failed", cause: action.cause, message: action.message };
    }
  });
}

export function areAllFinal(states: readonly (ObjectState | null)[]): boolean {
  return states.every(isFinalState);
}

/** Counts the objects of a page by their states. */
export function countStates(
  { objects }: Pick<PagePlan, "objects">,
  states: readonly (ObjectState | null)[],
): Counts {
  const copied = { objects: 0, bytes: 0 };
  const pending = { objects: 0, bytes: 0 };
  const failed: Partial<Record<Cause, number>> = {};
  const lost: Counts["lost"] = {};
  const counts = { pendingBytesCopied: 0, skipped: 0, aborted: 0, notStarted: 0 };
  for (const [index, { length, loses = [] }] of objects.entries()) {
    const state = states[index] ?? null;
    switch (state?.is) {
      case undefined:
      case "uncertain":
        break;
      case "copied":
        copied.objects++;
        copied.bytes += length;
        for (const loss of loses) lost[loss] = (lost[loss] ?? 0) + 1;
        break;
      case "pending":
        pending.objects++;
        pending.bytes += length;
        counts.pendingBytesCopied += state.bytes;
        break;
      case "skipped":
        counts.skipped++;
        break;
      case "failed":
        failed[state.cause] = (failed[state.cause] ?? 0) + 1;
        break;
      case "aborted":
        counts.aborted++;
        break;
      case "not-started":
        counts.notStarted++;
    }
  }
  return { copied, pending, failed, lost, ...counts };
}

/** The first failed objects of a page. */
export function listFailures(
  { objects }: Pick<PagePlan, "objects">,
  states: readonly (ObjectState | null)[],
): FailedObject[] {
  const failures: FailedObject[] = [];
  for (const [index, { name }] of objects.entries()) {
    const state = states[index] ?? null;
    if (state?.is !== "failed") continue;
    const { cause, message: reason } = state;
    const message = state.isFormerGone === true ? `${reason}. ${formerContentGone}` : reason;
    failures.push({ name, cause, message });
    if (failures.length === maxShownFailures) break;
  }
  return failures;
}

/** Adds two counts. */
export function addCounts(one: Counts, other: Counts): Counts {
  return {
    copied: addAmounts(one.copied, other.copied),
    pending: addAmounts(one.pending, other.pending),
    pendingBytesCopied: one.pendingBytesCopied + other.pendingBytesCopied,
    skipped: one.skipped + other.skipped,
    failed: addEach(one.failed, other.failed),
    aborted: one.aborted + other.aborted,
    notStarted: one.notStarted + other.notStarted,
    lost: addEach(one.lost, other.lost),
  };
}

export function sumCounts(all: readonly Counts[]): Counts {
  return all.reduce(addCounts, noCounts);
}

export function addAmounts(one: Amount, other: Amount): Amount {
  return { objects: one.objects + other.objects, bytes: one.bytes + other.bytes };
}

export function countFailed({ failed }: Pick<Counts, "failed">): number {
  return Object.values(failed).reduce((sum, count) => sum + count, 0);
}

function addEach<Key extends string>(
  one: Partial<Record<Key, number>>,
  other: Partial<Record<Key, number>>,
): Partial<Record<Key, number>> {
  const sum = { ...one };
  for (const [key, count] of Object.entries(other)) {
    // The keys of both are of one type, which Object.entries does not return.
    const name = key as Key;
    sum[name] = (sum[name] ?? 0) + Number(count);
  }
  return sum;
}
