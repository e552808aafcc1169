import type { CopyId, InstanceId } from "./ids.ts";
import type { EpochMs } from "../time.ts";
import { optionsOff } from "../request/copy-options.ts";
import type { CopyOptions } from "../request/copy-options.ts";
import type { CopyStatus, OrchestrationRecord, TransientFailure } from "./copy-status.ts";
import type { Destination, Endpoint } from "../location/endpoint.ts";
import type { Failure } from "./failure.ts";
import type { MintedSas } from "../location/minted-sas.ts";
import type { CopyResult, Outcome } from "./outcome.ts";

/**
 * Inputs and results of activities. Orchestration histories contain all of them, so they contain no plaintext
 * secret, and their shapes are append-only: fields may be added, never changed or removed.
 */

/** The orchestration's input: a valid request with its secrets sealed. */
export type CopyInput = CopyEndpoints & {
  /** Version of the shape. `upgradeCopyInput` accepts all inputs that were ever written. */
  version: 1;
  options: CopyOptions;
  /** ISO 8601. */
  createdAt: string;
  /** Completion notifications are sent for this copy. */
  notifies?: true;
  /** The event that caused the copy; absent when a caller requested it. */
  event?: CopyEvent;
  /** The name of the route that the caller's request named; absent when it named a destination. */
  route?: string;
};

/** The route of a copy and the state of the source that it copies. `etag` has no quotes; `at` is ISO 8601. */
export type CopyEvent = { route: string; etag: string; at: string };

/** The part of a copy that polling and settling need. */
export type CopyEndpoints = {
  source: Endpoint;
  destination: Destination;
  /** The sealed SAS (secrets/seal.ts); null when the caller sent none. */
  sourceSas: string | null;
  destinationSas: string | null;
  /** The id of the lease that the caller holds on the destination; absent when there is none. */
  destinationLease?: string;
  /** Ferry leases the source until the copy is settled; absent otherwise. */
  leasesSource?: true;
  /** The copy may have joined the queue of its destination; absent otherwise. */
  mayWait?: true;
  /** The copy may have taken snapshots of the destination; absent otherwise. */
  rollsBack?: true;
  /** The name of the copy's claim in the ledger; absent without an Idempotency-Key or event. */
  claim?: string;
  /** The owner of the copy, if App Service authentication names callers; absent for a caller without a principal. */
  owner?: CopyOwner;
  /** The copy that this one repeats; absent when it repeats none. */
  retryOf?: InstanceId;
  /** The traceparent of the invocation that accepted the copy (W3C Trace Context); absent in inputs of older releases. */
  trace?: string;
};

/** The hash of the principal that requested the copy; "event" for a copy that an event caused. */
export type CopyOwner = string;
export const eventOwner = "event" satisfies CopyOwner;

/**
 * The parts of the log line of the copy's end that an activity does not know. `eventAt`: the time of the event that
 * caused the copy (ISO 8601). `activities`: the number of activities that the orchestration has called, including the
 * current one; `timers`: the number of timers that it has created. Fields without a value are absent.
 */
export type EndFacts = { route?: string; eventAt?: string; activities: number; timers: number };

/** Builds the facts of a copy. */
export function buildEndFacts(
  { event, route = event?.route }: CopyInput,
  counts: Pick<EndFacts, "activities" | "timers">,
): EndFacts {
  return {
    ...(route === undefined ? {} : { route }),
    ...(event === undefined ? {} : { eventAt: event.at }),
    activities: counts.activities,
    timers: counts.timers,
  };
}

/**
 * Picks the part of a copy that polling and settling need. It is small, because the history stores it for each poll.
 */
export function pickEndpoints({ options, ...copy }: CopyInput): CopyEndpoints {
  const { source, destination, sourceSas, destinationSas, claim, owner, retryOf, trace } = copy;
  return {
    source,
    destination,
    sourceSas,
    destinationSas,
    ...(options.destinationLease === null ? {} : { destinationLease: options.destinationLease }),
    ...(options.sourceLease === "hold" ? { leasesSource: true } : {}),
    ...(options.ifBusy === "fail" ? {} : { mayWait: true }),
    ...(options.rollback === "off" ? {} : { rollsBack: true }),
    ...(claim === undefined ? {} : { claim }),
    ...(owner === undefined ? {} : { owner }),
    ...(retryOf === undefined ? {} : { retryOf }),
    ...(trace === undefined ? {} : { trace }),
  };
}

/** Upgrades an input that an older release may have written: missing options get their defaults. */
export function upgradeCopyInput(written: CopyInput): CopyInput {
  return { ...written, options: { ...optionsOff, ...written.options } };
}

/** The copy that an activity works on; `copy` is only the part that the activity needs. */
export type ActivityInput<Copy extends CopyEndpoints = CopyEndpoints> = {
  instanceId: InstanceId;
  copy: Copy;
};
/**
 * The ETags of a copy's lock and record after the last step, so that the next step writes without a read; null if the
 * copy has none. They are kept only if no start attempt can be in flight.
 */
export type KeptEtags = { lock: string | null; record: string | null };

/**
 * `attempt`: the orchestration counts its attempts from 1. `kept`: null if the ledger must be read. `awaitedCopyId`: the
 * copy that was pending on the source at the last read, so the source is read first. It is only a hint: decisions use
 * the record's value. `asksPosition`: report whether the copy is the first in the queue.
 */
export type StartInput = ActivityInput<CopyInput> & {
  attempt: number;
  kept: KeptEtags | null;
  awaitedCopyId?: CopyId;
  asksPosition?: true;
};
export type PollInput = ActivityInput & StartedCopy;
export type SettleInput = ActivityInput & {
  /** The plan of the copy; null when none was started, or when only the ledger has it. */
  plan: CopyPlan | null;
  copyId: CopyId | null;
  result: CopyResult;
  record: OrchestrationRecord;
  /** The copy for its completion notifications; absent when none are sent. */
  notifies?: CopyInput;
  /** When the copy was requested (ISO 8601); absent in inputs of older releases. */
  createdAt?: string;
  /** For the log; absent in inputs of older releases. */
  facts?: EndFacts;
  /** Null if the ledger must be read. */
  kept: KeptEtags | null;
  /** An event woke the copy, so its destination has a wake mark. */
  wasWoken?: true;
  /** Report failed clean-ups as residue, so that the destination is released. */
  isLastAttempt: boolean;
};

/** `targets`: the targets that have not accepted the notification yet; null for all. */
export type NotifyInput = ActivityInput<CopyInput> & { outcome: Outcome; targets: string[] | null };

/** The input for settling a copy. Stored before clean-up begins, so that a repair can settle the copy with it. */
export type Settlement = Pick<SettleInput, "plan" | "copyId" | "result" | "record">;

/** The input of a repair: the data of the ledger and Durable about a copy whose own instance failed. */
export type RepairInput = {
  version: 1;
  /** The id of the copy, not of the repair. */
  instanceId: InstanceId;
  copy: CopyInput;
  /** The plan of the last start; null when none was sent. */
  plan: CopyPlan | null;
  /** Null when no start got a response. */
  copyId: CopyId | null;
  /** Null when the copy's own instance had not begun to settle it. */
  settlement: Settlement | null;
  record: OrchestrationRecord;
};

/** The state that Ferry read before the start; the start is conditional on it. */
export type CopyPlan = {
  source: {
    /** Null, like the length, for a source outside Storage, which the app cannot read itself. */
    etag: string | null;
    length: number | null;
    /** The Content-MD5 of a blob (base64); absent if Storage has none, and in plans of older releases. */
    contentMd5?: string;
    /** The snapshot from which a blob is copied onto itself. */
    snapshot?: string;
  };
  /** The destination's ETag; null when the destination did not exist. */
  destinationEtag: string | null;
  /** The destination was the empty object that an unsuccessful copy had left, so it had no content to restore. */
  ontoStub?: true;
  /** The Last-Modified of the content that a rollback would restore (ISO 8601); absent without `rollback`. */
  formerModifiedAt?: string;
  /** When the source and destination were read (ISO 8601); absent in plans of older releases. */
  plannedAt?: string;
  /** When its start could no longer arrive at Storage (ISO 8601); absent in plans that were never registered. */
  arrivesBy?: string;
  /**
   * The copy was found at the destination, because its start got no response. Another client's copy can look the same,
   * so complete content that does not match the plan is not removed. Absent if Storage responded to the start.
   */
  found?: true;
  /** The terms of the SAS that the app mints for Storage to read the source; absent if no SAS is minted. */
  mintedSas?: MintedSas;
  /** The snapshot of the destination's former content, for `rollback`; absent when none was taken. */
  snapshot?: string;
  /** The destination's former index tags; "unread" when the app cannot read them, absent when there were none. */
  formerTags?: Record<string, string> | "unread";
};

/** A copy that Storage has accepted, and the plan with which it was started. */
export type StartedCopy = { plan: CopyPlan; copyId: CopyId };

/** The decision about a copy that was not started. */
export type NotStarted =
  | { kind: "skip"; reason: string }
  | { kind: "failed"; failure: Failure }
  | Busy
  /** A condition of the plan no longer holds: plan again. */
  | { kind: "stale-plan"; failure: Failure };

/** Another copy onto the source or destination is pending: try again later. */
export type Busy = {
  kind: "busy";
  endpoint: "source" | "destination";
  /** The copy that is pending on the source. */
  awaitedCopyId?: CopyId;
  /** The warning that callers see: the copy that Ferry is waiting for, and its progress. */
  waitsFor: string;
  /** The failure of the copy when the wait times out. */
  failure: Failure;
  /** The copy is first in the queue of its destination; absent if it is not, or without `asksPosition`. */
  isFirst?: true;
};

export type StartResult =
  /** `status`: the copy's status, as its start or a read reported it; absent if it is not known. */
  | { kind: "started"; started: StartedCopy; status?: CopyStatus; kept?: KeptEtags }
  /** `kept` is absent if an attempt may be in flight. */
  | (NotStarted & { kept?: KeptEtags })
  /** The copy was not started, or was completed by its start, and its outcome is recorded. Its notification is due. */
  | { kind: "settled"; outcome: Outcome }
  /** The copy already has an outcome, recorded by an earlier instance with the same id. */
  | { kind: "ended"; outcome: Outcome }
  /** A caller has requested an abort: do not start a copy. */
  | { kind: "abort-requested" }
  | TransientFailure;

export type SettleResult =
  | { kind: "settled"; outcome: Outcome }
  /**
   * Settle again, not before `until` (epoch ms). `fence`: a start request may still be in flight, so nothing was done
   * yet; absent when Storage is still restoring the former content.
   */
  | { kind: "wait"; until: EpochMs; fence?: true }
  /** A start whose response was lost has started this copy. Follow it until it has ended, then settle again. */
  | { kind: "found"; started: StartedCopy }
  | TransientFailure;

export type NotifyResult =
  | { kind: "notified" }
  /** `targets`: those that have not accepted the notification, if known. */
  | (TransientFailure & { targets?: string[] });

/** The data of a wake that an event caused: the destination's (bare) ETag in the event. Other wakes have none. */
export type WakeData = { etag: string };

/** The part of the host's invocation context that activities use. */
export type ActivityContext = { log(line: string): void; wake: WakeWaiter };

/**
 * Raises a wake for a copy that waits for its destination. "gone": its instance has ended or is broken, so it waits no
 * longer; "suspended": it cannot respond until an operator resumes it.
 */
export type WakeWaiter = (instanceId: InstanceId) => Promise<"woken" | "suspended" | "gone">;

/** Each activity's input and result, by durable name. */
export type CopyActivities = {
  startCopy: (step: StartInput, context: ActivityContext) => Promise<StartResult>;
  readCopy: (step: PollInput) => Promise<CopyStatus>;
  abortCopy: (step: PollInput) => Promise<CopyStatus>;
  settleCopy: (step: SettleInput, context: ActivityContext) => Promise<SettleResult>;
  sendNotifications: (
    step: NotifyInput,
    context: Pick<ActivityContext, "log">,
  ) => Promise<NotifyResult>;
};
