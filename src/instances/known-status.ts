import type { OrchestrationRecord } from "../copy/contract/copy-status.ts";
import { queuedStatus } from "../copy/contract/custom-status.ts";
import type { CustomStatus } from "../copy/contract/custom-status.ts";
import type { CopyRecord } from "../ledger/record.ts";

/**
 * Completes an instance's custom status with the copy's record; `record` is null if there is none. Durable drops the
 * custom status of an instance that fails without the SDK's state, and an abort may not have reached the instance.
 * `at`: ISO 8601, for `lastUpdatedAt` of a dropped status.
 */
export function knownStatus(
  customStatus: CustomStatus | null,
  record: CopyRecord | null,
  at: string,
): CustomStatus {
  const last = customStatus ?? queuedStatus(at);
  const copyId = last.copyId ?? record?.copyId ?? null;
  const abortRequested = last.abortRequested || record?.abortRequested === true;
  const status = copyId === null ? last.status : "copying";
  return {
    ...last,
    status: abortRequested ? "aborting" : status,
    copyId,
    copyStatus: last.copyStatus ?? (copyId === null ? null : "pending"),
    abortRequested,
    startedAt: last.startedAt ?? record?.startedAt ?? null,
  };
}

/** Picks the record that a repair continues with. */
export function recordFrom(known: CustomStatus): OrchestrationRecord {
  const { abortRequested, startedAt, statusReads } = known;
  return { abortRequested, startedAt, statusReads };
}
