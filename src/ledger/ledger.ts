import type { InstanceId } from "../copy/contract/ids.ts";
import type { EpochMs } from "../copy/time.ts";
import type { Destination } from "../copy/location/endpoint.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import type { CopyInput, WakeWaiter } from "../copy/contract/activities.ts";
import type { JobLedger } from "./jobs/job-ledger.ts";
import type { Place } from "./destinations/destination-names.ts";
import type { CopyRecord, FoundRecord, ListedCopy, ListedRecord } from "./record.ts";

/**
 * The state that must outlive an orchestration and must be found without a scan: claims, records, locks, queues and the
 * outbox. Every write is conditional, so if two app instances write at the same time, only one succeeds. Methods throw
 * only `LedgerError`, and only if the ledger cannot be reached.
 */
export type Ledger = {
  /** Binds a caller's key to one instance. The first claim wins; later calls return it. `name`: the claim's own name. */
  claim(key: ClaimKey, claim: Claim): Promise<Claim & { name: string }>;
  /** The claim of a key, with its own name; null if there is none. */
  findClaim(key: ClaimKey): Promise<(Claim & { name: string }) | null>;
  /** Records that the claim's copy was deleted; later claims return this. `now`: epoch ms. */
  closeClaim(name: string, instanceId: InstanceId, now: EpochMs): Promise<void>;
  records: Records;
  /** Makes `instanceId` the only copy that may write to its destination. */
  acquireLock(instanceId: InstanceId, copy: CopyInput): Promise<LockAcquired>;
  /** Releases the lock if `instanceId` still holds it. `etag`: that of the lock, null if it is not known. */
  releaseLock(
    destination: Destination,
    instanceId: InstanceId,
    etag: string | null,
  ): Promise<LockReleased>;
  /** The lock of a destination; null if no copy holds it. */
  readLock(destination: Destination): Promise<HeldLock | null>;
  /**
   * The id of the copy to wake because its destination now has this (bare) ETag. Null if there is none, or if it was
   * woken for this ETag before or too often. `now`: epoch ms.
   */
  instanceToWake(destination: Destination, etag: string, now: EpochMs): Promise<InstanceId | null>;
  /** Removes the wake mark of a copy that holds its destination. */
  removeWakeMark(destination: Destination): Promise<void>;
  queue: Queue;
  lockScan: LockScan;
  outbox: Outbox;
  retention: Retention;
  jobs: JobLedger;
};

export type { Place };

export type Records = {
  /** The record of a copy; null if there is none. */
  read(instanceId: InstanceId): Promise<FoundRecord | null>;
  /**
   * Writes the record if it still has this ETag; null: if there is none. Returns its new ETag; null if another write
   * came first, or if the copy was deleted.
   */
  write(instanceId: InstanceId, record: CopyRecord, etag: string | null): Promise<string | null>;
  /**
   * Changes the record, retrying after each write that another writer preceded, and returns the result; creates the
   * record if there is none. `known`: the record as it was read, or null if there is none; if undefined, it is read.
   * `update` returns the same record, or null, to leave it unchanged. The record of a deleted copy is returned as it is.
   */
  change(
    instanceId: InstanceId,
    known: KnownRecord | null | undefined,
    update: (record: CopyRecord) => CopyRecord | null,
  ): Promise<KnownRecord>;
  /**
   * Records the outcome of a copy, and returns it, or the one that was recorded before. Its `abortRequested` is also
   * true if the record says so.
   */
  recordOutcome(
    instanceId: InstanceId,
    outcome: Outcome,
    known?: KnownRecord | null,
  ): Promise<Outcome>;
  /** Removes the data of a deleted copy from its record. The record stays until the purge (`withDeletion`). */
  forget(instanceId: InstanceId, now: EpochMs): Promise<void>;
  /**
   * Up to `limit` copies, newest first, from `startFrom` on (inclusive). One call of List Blobs, which reads no
   * record. `startFrom` is the position of a copy, or its `time`.
   */
  list(page: PageStart & { startFrom: string | null }): Promise<CopyPage>;
};

export type CopyPage = { copies: ListedCopy[]; marker: string | null };

/** A record and its ETag, as it was read or written. */
export type KnownRecord = CopyRecord & { etag: string };

/** Completion notifications that have not been delivered yet. */
export type Outbox = {
  add(instanceId: InstanceId, copy: CopyInput): Promise<void>;
  remove(instanceId: InstanceId): Promise<void>;
  has(instanceId: InstanceId): Promise<boolean>;
  /** Up to `limit` entries. */
  list(limit: number): Promise<OutboxEntry[]>;
  /** Removes an entry that cannot be read, by its name. */
  discard(name: string): Promise<void>;
};

export type OutboxEntry =
  /** `since`: when the entry was added (epoch ms). */
  | { kind: "waiting"; instanceId: InstanceId; copy: CopyInput; since: EpochMs }
  /** It lacks the id or the content of an entry, so its notification cannot be sent. */
  | { kind: "unreadable"; name: string };

/** The watchdog's scan of all locks. */
export type LockScan = {
  /** Up to `limit` names of locks, starting at `marker`; the returned `marker` is null at the end. */
  page(from: { marker: string | null; limit: number }): Promise<LockPage>;
  read(name: string): Promise<HeldLock | null>;
  /** Removes the lock unless another copy has taken it since it was read. */
  release(lock: HeldLock): Promise<LockReleased>;
  /** Records that the lock's copy is woken at `now` (epoch ms); false if it was woken less than `intervalMs` ago. */
  recordWake(lock: HeldLock, order: { now: EpochMs; intervalMs: number }): Promise<boolean>;
  /** The marker at which the previous scan stopped before its end; null to scan from the beginning. */
  readPosition(): Promise<string | null>;
  writePosition(marker: string | null): Promise<void>;
};

/** The records and claims that the purge lists and deletes. */
export type Retention = {
  /** The days before `day` ("2026-11-20") that have records, oldest first. */
  listDays(before: { day: string }): Promise<string[]>;
  /** Up to `limit` records of copies that were requested on this day. */
  listRecords(
    day: string,
    page: PageStart,
  ): Promise<{ records: ListedRecord[]; marker: string | null }>;
  /** Deletes the copy's claim, if it has one, and then its record. */
  purgeCopy(instanceId: InstanceId): Promise<void>;
  /** Up to `limit` claims, from `marker` on. */
  listClaims(page: PageStart): Promise<{ claims: ListedClaim[]; marker: string | null }>;
  readClaim(name: string): Promise<Claim | null>;
  purgeClaim(name: string): Promise<void>;
  /** Where the last scan of the claims stopped; null to begin. */
  readPosition(): Promise<string | null>;
  writePosition(marker: string | null): Promise<void>;
};

/** `madeAt`: epoch ms. */
export type ListedClaim = { name: string; madeAt: EpochMs };
export type PageStart = { marker: string | null; limit: number };

/** The caller and its Idempotency-Key; for an event, the route and the state of the blob. */
export type ClaimKey = { caller: string; key: string };

/** `fingerprint` distinguishes a repeated request from another request with the same key; it contains no secret. */
export type Claim = {
  instanceId: InstanceId;
  fingerprint: string;
  /** When the copy was deleted (ISO 8601); absent while it exists. */
  deletedAt?: string;
};

/** `isNew`: the copy did not hold the lock before. `etag`: the lock's. */
export type LockAcquired =
  | { held: true; isNew: boolean; etag: string }
  | { held: false; holder: InstanceId; etag: string };

export type LockReleased =
  /** `isAwaited`: a copy that waits for the destination has marked the lock. */
  | { kind: "released"; isAwaited: boolean }
  /** No copy held the lock. */
  | { kind: "free" }
  /** Another copy holds it. */
  | { kind: "taken" };

/**
 * The copies that wait for a destination (`ifBusy`), in the order of their requests. The step that frees a destination
 * passes it on to the first waiter that responds; only the lock decides which copy may write.
 */
export type Queue = {
  /**
   * Adds the copy, and marks the lock, so that the copy that releases it reads the queue. `lock`: its ETag. False if
   * the lock was released in the meantime: then the copy must try to acquire it once more.
   */
  join(destination: Destination, instanceId: InstanceId, lock: string): Promise<boolean>;
  /** Adds the copy again, because an earlier waiter must acquire the lock first. */
  rejoin(destination: Destination, instanceId: InstanceId): Promise<void>;
  /** Marks the lock with this ETag, so that the copy that releases it reads the queue. */
  mark(destination: Destination, lock: string): Promise<void>;
  leave(place: Place, instanceId: InstanceId): Promise<void>;
  /**
   * `isFirst`: no earlier waiter has the offer of the destination, or gets the next one. `isQueued`: the copy was seen
   * in the queue. `isAlone`: no other copy was in the queue. `now`: epoch ms.
   */
  position(destination: Destination, instanceId: InstanceId, now: EpochMs): Promise<Position>;
  /** Wakes the first waiter that responds, unless one was woken just now, and removes those that have ended. */
  passOn(place: Place, order: PassOn): Promise<void>;
  /** The names of the locks of up to `limit` destinations that have a queue or were woken. */
  page(from: { marker: string | null; limit: number }): Promise<LockPage>;
};

export type Position = { isFirst: boolean; isQueued: boolean; isAlone: boolean };

/** `now`: epoch ms; `ended`: the copy that has freed the destination, null if no copy holds it. */
export type PassOn = { now: EpochMs; ended: InstanceId | null; wake: WakeWaiter };

export type LockPage = { names: string[]; marker: string | null };

/** A lock as it was read. It is written once, so a copy that holds it knows its ETag. */
export type HeldLock = {
  name: string;
  etag: string;
  /** When it was written (epoch ms). */
  changedAt: EpochMs;
  instanceId: InstanceId;
  copy: CopyInput;
};
