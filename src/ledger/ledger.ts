import type { CopyId, InstanceId } from "../copy/contract/ids.ts";
import type { EpochMs } from "../copy/time.ts";
import type { CopyOptions } from "../copy/request/copy-options.ts";
import type { Destination, Endpoint } from "../copy/location/endpoint.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import type { CopyInput, CopyPlan, Settlement, WakeWaiter } from "../copy/contract/activities.ts";

/**
 * The state that must outlive an orchestration and be found without a scan: claims, records, locks, the outbox and
 * retention entries. Every write is conditional, so if two app instances write at the same time, only one succeeds.
 * Methods throw only `LedgerError`, and only if the ledger cannot be reached.
 */
export type Ledger = {
  /** Binds a caller's key to one instance. The first claim wins; later calls return it. */
  claim(key: ClaimKey, claim: Claim): Promise<Claim>;
  /** Adds a record for a copy; does nothing if there is one. */
  addRecord(copy: NewRecord): Promise<void>;
  /**
   * Records that an abort of the copy was requested, unless the copy has an outcome. Returns that outcome; null if it
   * has none.
   */
  requestAbort(instanceId: InstanceId): Promise<Outcome | null>;
  /**
   * Records the outcome of a copy, and returns it, or the one that was recorded before. Its `abortRequested` is also
   * true if `requestAbort` was called before.
   */
  recordOutcome(instanceId: InstanceId, outcome: Outcome): Promise<Outcome>;
  /** The record of a copy; null if there is none. */
  readRecord(instanceId: InstanceId): Promise<CopyRecord | null>;
  /** The recorded outcome of a copy; null while it is running and if there is no record. */
  outcome(instanceId: InstanceId): Promise<Outcome | null>;
  /** Resolves to true if the copy has a record without an outcome. */
  hasOpenRecord(instanceId: InstanceId): Promise<boolean>;
  /** Makes `instanceId` the only copy that may write to its destination. */
  acquireLock(instanceId: InstanceId, copy: CopyInput): Promise<LockAcquired>;
  /** Registers a start attempt before it is sent; only one may be in flight. */
  registerAttempt(destination: Destination, attempt: StartAttempt): Promise<AttemptRegistered>;
  /**
   * Removes an attempt after Storage has answered it at `now` (epoch ms). A copyId is stored with this time, and
   * removes all attempts. `attemptId` null: the copy of one of them was found later.
   */
  resolveAttempt(
    destination: Destination,
    attempt: { instanceId: InstanceId; attemptId: string | null },
    response: { copyId: CopyId | null; now: EpochMs },
  ): Promise<void>;
  /** Rejects all further attempts, and stores the input that the copy is settled with. */
  fenceLock(destination: Destination, order: FenceOrder): Promise<LockFenced>;
  /** Reports how `instanceId` has used the lock for start attempts, and whether it still can. */
  lockUse(destination: Destination, instanceId: InstanceId): Promise<LockUse>;
  /** Releases the lock if `instanceId` still holds it; with `onlyUnused`, only if it was not used for an attempt. */
  releaseLock(
    destination: Destination,
    instanceId: InstanceId,
    options?: { onlyUnused?: boolean },
  ): Promise<LockReleased>;
  /** The lock of a destination; null if no copy holds it. */
  readLock(destination: Destination): Promise<HeldLock | null>;
  /**
   * The id of the copy to wake because its destination now has this (bare) ETag. Null if there is none, if it was
   * woken for this ETag before or too often, or if its lock is fenced. `now`: epoch ms.
   */
  instanceToWake(destination: Destination, etag: string, now: EpochMs): Promise<InstanceId | null>;
  queue: Queue;
  lockScan: LockScan;
  outbox: Outbox;
  retention: Retention;
};

/** Completion notifications that have not been delivered yet. */
export type Outbox = {
  add(instanceId: InstanceId, copy: CopyInput): Promise<void>;
  remove(instanceId: InstanceId): Promise<void>;
  /** Up to `limit` entries. */
  list(limit: number): Promise<OutboxEntry[]>;
  /** Removes an entry that cannot be read, by its name. */
  discard(name: string): Promise<void>;
};

export type OutboxEntry =
  /** `since`: when the entry was added (epoch ms). */
  | { kind: "waiting"; instanceId: InstanceId; copy: CopyInput; since: EpochMs }
  /** It has not the id or the content of an entry, so its notification cannot be sent. */
  | { kind: "unreadable"; name: string };

/** The watchdog's scan of all locks. */
export type LockScan = {
  /** Up to `limit` names of locks, starting at `marker`; the returned `marker` is null at the end. */
  page(from: { marker: string | null; limit: number }): Promise<LockPage>;
  read(name: string): Promise<HeldLock | null>;
  /** Removes the lock unless it has changed since it was read. */
  release(lock: HeldLock): Promise<void>;
  /** Records that the lock's copy is woken at `now` (epoch ms); false if it was woken less than `intervalMs` ago. */
  recordWake(lock: HeldLock, order: { now: EpochMs; intervalMs: number }): Promise<boolean>;
  /** The marker at which the previous scan stopped before its end; null to scan from the beginning. */
  readPosition(): Promise<string | null>;
  writePosition(marker: string | null): Promise<void>;
};

/** Entries that schedule the purge. Each copy and each claim has one, with the day on which its retention begins. */
export type Retention = {
  /** Up to `limit` entries of days before `day` ("2026-11-20"), oldest first. */
  listDue(kind: RetentionKind, before: { day: string; limit: number }): Promise<RetentionEntry[]>;
  /** Moves the day on which the retention begins to a later day. */
  postpone(entry: RetentionEntry, day: string): Promise<void>;
  /** Deletes the copy's record, or the claim, and then the entry. */
  purge(entry: RetentionEntry): Promise<void>;
  /** The claim of an entry, and when it was made (epoch ms). */
  readClaim(entry: RetentionEntry): Promise<(Claim & { madeAt: EpochMs }) | null>;
};

export type RetentionKind = "copies" | "claims";
/** `key` is a copy's instance id, or the name of a claim. */
export type RetentionEntry = { kind: RetentionKind; day: string; key: string };

/** The caller and its Idempotency-Key; for an event, the route and the state of the blob. */
export type ClaimKey = { caller: string; key: string };

/** `fingerprint` distinguishes a repeated request from another request with the same key; it contains no secret. */
export type Claim = { instanceId: InstanceId; fingerprint: string };

/** `createdAt`: ISO 8601. */
export type NewRecord = {
  instanceId: InstanceId;
  source: Endpoint;
  destination: Destination;
  createdAt: string;
  /** Ferry leases the source until the copy is settled; absent otherwise. */
  leasesSource?: true;
};

/**
 * The parts of a record that outlive the copy's instance. `lock`: the name of the copy's lock, for `lockScan.read`.
 * `leasedSource`: the URL of the source that the copy may lease; null if its request does not say so.
 */
export type CopyRecord = {
  outcome: Outcome | null;
  abortRequested: boolean;
  lock: string | null;
  leasedSource: string | null;
};

/** `isNew`: the copy did not hold the lock before. */
export type LockAcquired = { held: true; isNew: boolean } | { held: false; holder: InstanceId };

export type LockReleased =
  | "released"
  /** No copy held the lock. */
  | "free"
  /** The copy still holds it, because an attempt used it or it is fenced. */
  | "kept"
  /** Another copy holds it. */
  | "taken";

/**
 * The copies that wait for a destination (`ifBusy`), in the order of their requests. The step that frees a destination
 * passes it on to the first waiter that responds; only the lock decides which copy may write.
 */
export type Queue = {
  /** Adds the copy. `isNew`: it was not in the queue, so it must try to acquire the lock once more. */
  join(destination: Destination, instanceId: InstanceId): Promise<{ isNew: boolean }>;
  leave(destination: Destination, instanceId: InstanceId): Promise<void>;
  /**
   * `isFirst`: no earlier waiter has the offer of the destination, or gets the next one. `isQueued`: the copy was seen
   * in the queue. `now`: epoch ms.
   */
  position(destination: Destination, instanceId: InstanceId, now: EpochMs): Promise<Position>;
  /** Wakes the first waiter that responds, unless one was woken just now, and removes those that have ended. */
  passOn(place: Place, order: PassOn): Promise<void>;
  /** The names of the locks of up to `limit` destinations that have a queue or were woken. */
  page(from: { marker: string | null; limit: number }): Promise<LockPage>;
};

export type Position = { isFirst: boolean; isQueued: boolean };

/** A destination, or the name of its lock. */
export type Place = { destination: Destination } | { lock: string };

/** `now`: epoch ms; `ended`: the copy that has freed the destination, null if no copy holds it. */
export type PassOn = { now: EpochMs; ended: InstanceId | null; wake: WakeWaiter };

export type AttemptRegistered =
  /** `unanswered`: an earlier attempt got no response, and can no longer arrive. */
  | { kind: "registered"; unanswered: boolean }
  /** The lock is fenced or held by another copy: do not start. */
  | { kind: "refused" }
  /** An earlier attempt was answered with this copyId. */
  | { kind: "started"; copyId: CopyId }
  /** An earlier attempt may still reach Storage: do not start yet. */
  | { kind: "in-flight" };

export type LockFenced =
  /**
   * No attempt is in flight, so content that is removed now stays removed. `unanswered`: an attempt got no response.
   * `copyId`: the response to an attempt, which the orchestration may not know if the activity ran again.
   */
  | {
      kind: "closed";
      unanswered: boolean;
      copyId: CopyId | null;
      rollback: CopyOptions["rollback"];
    }
  /** A registered attempt may still be in flight until `until` (epoch ms). */
  | { kind: "busy"; until: EpochMs }
  | { kind: "not-ours" };

export type LockUse =
  /** None of our attempts can be in flight, and none has started a copy. */
  | "unused"
  | "used"
  /** Fenced, or not ours: our copy is being settled or has ended. */
  | "closed";

/** One start attempt. From `now` to `until` (epoch ms) its request may arrive at Storage. */
export type StartAttempt = {
  instanceId: InstanceId;
  attemptId: string;
  now: EpochMs;
  until: EpochMs;
  plan: CopyPlan;
};

/** `now`: epoch ms. */
export type FenceOrder = { instanceId: InstanceId; now: EpochMs; settlement: Settlement };

export type LockPage = { names: string[]; marker: string | null };

/** A lock as it was read. It contains everything needed to settle a copy whose orchestration is lost. */
export type HeldLock = {
  name: string;
  etag: string;
  /** When it was last written (epoch ms). */
  changedAt: EpochMs;
  /** No attempt can be in flight after this time (epoch ms). */
  busyUntil: EpochMs;
  instanceId: InstanceId;
  /** Null in locks that an older release acquired. */
  copy: CopyInput | null;
  /** The plan of the last start attempt; null if there was none. */
  plan: CopyPlan | null;
  /** Null until Storage has answered a start. */
  copyId: CopyId | null;
  /** When Storage answered it (ISO 8601); null until then, and in locks of an older release. */
  startedAt: string | null;
  settlement: Settlement | null;
};
