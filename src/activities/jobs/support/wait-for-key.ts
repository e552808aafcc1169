import { failure } from "../../../copy/contract/failure.ts";
import { hour, minute } from "../../../copy/durations.ts";
import { earliest, plusMs, toIso } from "../../../copy/time.ts";
import type { EpochMs } from "../../../copy/time.ts";
import type { JobRecord } from "../../../jobs/contract/job-record.ts";
import type { UnsealError } from "../../../secrets/seal.ts";
import { changeRecord, withStop } from "./job-run.ts";
import type { JobRun, StepEnd } from "./job-run.ts";
import { findUnsealError } from "./job-sides.ts";

/** The interval at which a job tries again to open a SAS (ms). */
const keyIntervalMs = minute;
/** The time after which a job stops waiting for a key (ms). A single copy waits about as long. */
const maxKeyWaitMs = 9 * hour;

/**
 * Waits for the key of a side, or for the next poll. A job that has waited too long starts no further copies, and
 * fails once no copy is pending.
 */
export async function waitForKey(run: JobRun, error: UnsealError): Promise<StepEnd> {
  const now = run.deps.now();
  const side = sideOf(error);
  const { message, fix } = error;
  const warning = `${message}. ${fix}`;
  await changeRecord(run, (record) => {
    const isKnown = record.warning === warning && record.sealedSince[side] !== undefined;
    const sealedSince = { [side]: now, ...record.sealedSince };
    const waiting = isKnown ? record : { ...record, warning, sealedSince, updatedAt: toIso(now) };
    const stopped = isOverdue(waiting, side, now)
      ? withStop(waiting, { ...failure("internal", message), fix }, now)
      : null;
    return stopped ?? (isKnown ? null : waiting);
  });
  const polls = run.record.open.flatMap(({ dueAt }) =>
    dueAt !== null && dueAt > now ? [dueAt] : [],
  );
  return { kind: "wait", until: earliest(plusMs(now, keyIntervalMs), ...polls) };
}

/** Returns true if the job no longer waits for the key of this side. */
export function hasGivenUp({ record, deps }: JobRun, error: UnsealError): boolean {
  return isOverdue(record, sideOf(error), deps.now());
}

/** Returns the record without the sides that can be opened again; null if there is none. */
export function withOpenedSides({ sides }: JobRun, record: JobRecord): JobRecord | null {
  const { source, destination } = record.sealedSince;
  const isSealed = (side: Side) => findUnsealError(sides[side]) !== null;
  const sealedSince = {
    ...(source !== undefined && isSealed("source") && { source }),
    ...(destination !== undefined && isSealed("destination") && { destination }),
  };
  const isSame = Object.keys(sealedSince).length === Object.keys(record.sealedSince).length;
  return isSame ? null : { ...record, sealedSince, warning: null };
}

type Side = keyof JobRecord["sealedSince"];

function sideOf({ field }: UnsealError): Side {
  return field === "sourceSas" ? "source" : "destination";
}

function isOverdue({ sealedSince }: JobRecord, side: Side, now: EpochMs): boolean {
  const since = sealedSince[side];
  return since !== undefined && now - since >= maxKeyWaitMs;
}
