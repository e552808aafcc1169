import { optionsOff } from "../request/copy-options.ts";
import type { CopyOptions } from "../request/copy-options.ts";
import type { CopyStatus, OrchestrationRecord, TransientFailure } from "./copy-status.ts";
import type { Destination, Endpoint } from "../location/endpoint.ts";
import type { Failure } from "./failure.ts";
import type { MintedSas } from "../location/minted-sas.ts";
import type { CopyResult, Outcome } from "./outcome.ts";

/**
 * What passes between the orchestrator and its activities. All of it rests in orchestration
 * histories: it holds no clear secret, and its shapes may grow but never change.
 */

/** The orchestration's input: a valid request, its secrets sealed. */
export type CopyInput = CopyEndpoints & {
  /** The shape; `copyInputOf` reads every shape that was ever written. */
  version: 1;
  options: CopyOptions;
  /** ISO 8601. */
  createdAt: string;
  /** Somebody is to be told how it ends. */
  notifies?: true;
  /** The event that the copy follows; absent where somebody asked for it. */
  event?: CopyEvent;
};

/** Which route made a copy of which state of the source. `etag` is bare, `at` ISO 8601. */
export type CopyEvent = { route: string; etag: string; at: string };

/** What every look at a copy needs of it. */
export type CopyEndpoints = {
  source: Endpoint;
  destination: Destination;
  /** Sealed SAS ("secrets/seal.ts"), or null where the caller sent none. */
  sourceSas: string | null;
  destinationSas: string | null;
  /** The id of the lease that the caller holds on the destination; absent where there is none. */
  destinationLease?: string;
  /** A lease of ours keeps the source as it is until the copy is settled; absent otherwise. */
  leasesSource?: true;
};

/** As much of a copy as looks and settling need; every one of them stands in the history. */
export function pickEndpoints({ options, ...copy }: CopyInput): CopyEndpoints {
  const { source, destination, sourceSas, destinationSas } = copy;
  return {
    source,
    destination,
    sourceSas,
    destinationSas,
    ...(options.destinationLease === null ? {} : { destinationLease: options.destinationLease }),
    ...(options.sourceLease === "hold" ? { leasesSource: true } : {}),
  };
}

/** Reads an input as an older release may have written it: options that it did not know are off. */
export function upgradeCopyInput(written: CopyInput): CopyInput {
  return { ...written, options: { ...optionsOff, ...written.options } };
}

/** Which copy a step is for; `copy` is only as much of it as the step needs. */
export type ActivityInput<Copy extends CopyEndpoints = CopyEndpoints> = {
  instanceId: string;
  copy: Copy;
};
/** `awaited`: the copy that was pending on the source when it was looked at last. */
export type PrepareInput = ActivityInput<CopyInput> & { awaitedCopyId?: string };
export type StartInput = ActivityInput<CopyInput> & { plan: CopyPlan };
export type PollInput = ActivityInput & StartedCopy;
export type SettleInput = ActivityInput & {
  /** The plan of the copy, or of a start that was never answered. */
  plan: CopyPlan | null;
  copyId: string | null;
  result: CopyResult;
  record: OrchestrationRecord;
  /** What a notice of the end needs; absent where nobody is to be told. */
  notifies?: CopyInput;
  /** What cannot be cleaned up now is named as residue, so that the destination is freed. */
  isLastAttempt: boolean;
};

/** `targets`: who is still to be told; null for all. */
export type NotifyInput = ActivityInput<CopyInput> & { outcome: Outcome; targets: string[] | null };

/** What a copy is settled with; kept before anything is cleaned up, so that a lost run can be settled. */
export type Settlement = Pick<SettleInput, "plan" | "copyId" | "result" | "record">;

/** The input of a repair: what the ledger and Durable still know of a copy whose run was broken off. */
export type RepairInput = {
  version: 1;
  /** Of the copy, not of the repair. */
  instanceId: string;
  copy: CopyInput;
  /** The plan of the last start; null when none was sent. */
  plan: CopyPlan | null;
  /** Null when no start was answered. */
  copyId: string | null;
  /** What the run was settling the copy with. */
  settlement: Settlement | null;
  record: OrchestrationRecord;
};

/** All that the steps after `prepareCopy` need to know of what it saw. */
export type CopyPlan = {
  source: {
    /** Null for a source that the app cannot read itself, outside Storage; so is the length. */
    etag: string | null;
    length: number | null;
    /** The snapshot that a blob is copied onto itself from. */
    snapshot?: string;
  };
  /** The destination's ETag, or null where there was no destination. */
  destinationEtag: string | null;
  /** When both ends were read, ISO 8601; absent in the plans of older releases. */
  plannedAt?: string;
  /** The SAS that the source is read with, where the app mints one. */
  mintedSas?: MintedSas;
  /** The snapshot of what the copy writes over, for `rollback`; absent where none was taken. */
  snapshot?: string;
  /** The index tags beside it; "unread" where nobody may read them, absent where there are none. */
  formerTags?: Record<string, string> | "unread";
};

/** A copy that Storage works on, and the plan it was started by. */
export type StartedCopy = { plan: CopyPlan; copyId: string };

export type PrepareResult =
  | { kind: "planned"; plan: CopyPlan }
  | { kind: "skip"; reason: string }
  | { kind: "failed"; failure: Failure }
  | Busy
  /** An earlier run of this orchestration has ended; this is what it said. */
  | { kind: "ended"; outcome: Outcome }
  | TransientFailure;

/** Another copy is in the way: prepare again later. */
export type Busy = {
  kind: "busy";
  endpoint: "source" | "destination";
  /** The copy that is pending on the source. */
  awaitedCopyId?: string;
  /** For whoever watches: what is waited for, and how far it is. */
  waitsFor: string;
  /** How the copy ends when the wait is given up. */
  failure: Failure;
};

export type StartResult =
  /** `copyStatus` is what Storage answered; absent where the copy was found by another way. */
  | { kind: "started"; started: StartedCopy; copyStatus?: "pending" | "success" }
  /** What prepare saw no longer holds: prepare again. */
  | { kind: "stale-plan"; failure: Failure }
  | { kind: "failed"; failure: Failure }
  | TransientFailure;

export type SettleResult =
  | { kind: "settled"; outcome: Outcome }
  /** Not before `until` (epoch ms): a start may still be under way. */
  | { kind: "wait"; until: number }
  /** A start whose answer was lost had begun this copy; it is to be followed to its end first. */
  | { kind: "found"; started: StartedCopy }
  | TransientFailure;

export type NotifyResult =
  | { kind: "notified" }
  /** `targets`: who is still to be told, where that is known. */
  | (TransientFailure & { targets?: string[] });

/** What the host hands to an activity beside its input. */
export type ActivityContext = { log(line: string): void };

/** Each activity's input and result, by durable name. */
export type CopyActivities = {
  prepareCopy: (step: PrepareInput) => Promise<PrepareResult>;
  startCopy: (step: StartInput) => Promise<StartResult>;
  readCopy: (step: PollInput) => Promise<CopyStatus>;
  abortCopy: (step: PollInput) => Promise<CopyStatus>;
  settleCopy: (step: SettleInput, context: ActivityContext) => Promise<SettleResult>;
  sendNotifications: (step: NotifyInput, context: ActivityContext) => Promise<NotifyResult>;
};
