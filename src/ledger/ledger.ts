import type { CopyOptions } from "../copy/request/copy-options.ts";
import type { Destination, Endpoint } from "../copy/location/endpoint.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import type { Settlement, CopyInput, CopyPlan } from "../copy/contract/activities.ts";

/**
 * What must outlive an orchestration and be found without a scan: who asked for what (claims), which
 * copies there are (records), who may write a destination (locks). Every write is conditional, so two
 * app instances never both win. Methods throw only when the ledger itself cannot be reached.
 */
export type Ledger = {
  /** Binds a caller's key to one instance, for good: the first claim wins, later ones are told of it. */
  claim(key: ClaimKey, claim: Claim): Promise<Claim>;
  /** Notes that a copy exists; does nothing when it is noted already. */
  addRecord(copy: NewRecord): Promise<void>;
  /** Keeps how the copy ended; the first outcome stays. */
  recordOutcome(instanceId: string, outcome: Outcome): Promise<Outcome>;
  /** How a copy ended, or null while it runs or where there is none. */
  outcome(instanceId: string): Promise<Outcome | null>;
  /** Whether a copy was noted that has not ended, as far as the ledger knows. */
  hasOpenRecord(instanceId: string): Promise<boolean>;
  /** Makes `instanceId` the only copy that may write to its destination. */
  acquireLock(instanceId: string, copy: CopyInput): Promise<LockAcquired>;
  /** Registers a start before it is sent; only one may be under way. */
  registerAttempt(destination: Destination, start: StartAttempt): Promise<AttemptRegistered>;
  /** Takes a registered start back, once Storage has answered it; with a copyId, all: it is kept. */
  resolveAttempt(
    destination: Destination,
    start: StartAttempt,
    copyId: string | null,
  ): Promise<void>;
  /** Lets no start enter any more, and keeps what the copy is to be settled with. */
  fenceLock(destination: Destination, order: FenceOrder): Promise<LockFenced>;
  /** What the lock says of `instanceId`'s own starts. */
  lockUse(destination: Destination, instanceId: string): Promise<LockUse>;
  /** Frees the destination, if it is still ours. */
  releaseLock(destination: Destination, instanceId: string): Promise<void>;
  /** Who holds a destination. */
  readLock(destination: Destination): Promise<HeldLock | null>;
  /**
   * Which copy is to be woken because its destination has this (bare) ETag now: null when it was woken
   * for that already, too often, or is past it.
   */
  instanceToWake(destination: Destination, etag: string): Promise<string | null>;
  lockScan: LockScan;
  outbox: Outbox;
  retention: Retention;
};

/** Ends of copies that somebody is still to be told of. */
export type Outbox = {
  add(instanceId: string, copy: CopyInput): Promise<void>;
  remove(instanceId: string): Promise<void>;
  /** Some of them, at most `most`, with the time since when they wait (epoch ms). */
  list(most: number): Promise<{ instanceId: string; copy: CopyInput; since: number }[]>;
};

/** What the watchdog does with the locks, all of them, in turn. */
export type LockScan = {
  /** Names of locks from `marker` on, at most `most`; the next `marker` is null at the end. */
  page(from: { marker: string | null; most: number }): Promise<LockPage>;
  read(name: string): Promise<HeldLock | null>;
  /** Frees a lock as it was read; does nothing when it has changed since. */
  free(lock: HeldLock): Promise<void>;
  /** Notes that the lock's run was woken, epoch ms; false when the lock has changed since it was read. */
  recordWake(lock: HeldLock, at: number): Promise<boolean>;
  /** Where a walk that was too long for one run left off; null for the beginning. */
  position(): Promise<string | null>;
  moveTo(marker: string | null): Promise<void>;
};

/** What is forgotten one day: each copy and each claim is marked with the day its time runs from. */
export type Retention = {
  /** Marks of days before `day` ("2026-11-20"), oldest first, at most `most`. */
  listDue(kind: RetentionKind, before: { day: string; most: number }): Promise<RetentionEntry[]>;
  /** Counts the time from a later day. */
  postpone(mark: RetentionEntry, day: string): Promise<void>;
  /** Forgets the copy's record, or the claim, and then the mark. */
  forget(mark: RetentionEntry): Promise<void>;
  /** The claim that a mark is for, and when it was made (epoch ms). */
  claimOf(mark: RetentionEntry): Promise<(Claim & { madeAt: number }) | null>;
};

export type RetentionKind = "copies" | "claims";
/** `key` is a copy's instance id, or the name of a claim. */
export type RetentionEntry = { kind: RetentionKind; day: string; key: string };

/** Who asked, and under which Idempotency-Key. */
export type ClaimKey = { caller: string; key: string };

/** `fingerprint` tells a repeated request from another one under the same key; it holds no secret. */
export type Claim = { instanceId: string; fingerprint: string };

/** `createdAt`: ISO 8601. */
export type NewRecord = {
  instanceId: string;
  source: Endpoint;
  destination: Destination;
  createdAt: string;
};

export type LockAcquired = { held: true } | { held: false; holder: string };

export type AttemptRegistered =
  /** `unanswered`: a former start was never answered; it cannot arrive any more. */
  | { kind: "registered"; unanswered: boolean }
  /** The lock is closed, or another copy's: do not start. */
  | { kind: "refused" }
  /** A former run of the same start was answered with this copyId. */
  | { kind: "started"; copyId: string }
  /** A former run of it may still reach Storage: do not start yet. */
  | { kind: "in-flight" };

export type LockFenced =
  /**
   * No start is under way: what is removed now cannot come back. One may have gone unanswered, or one
   * that ran again may have been answered with `copyId`, unknown to the orchestration.
   */
  | {
      kind: "closed";
      unanswered: boolean;
      copyId: string | null;
      rollback: CopyOptions["rollback"];
    }
  /** A registered start may still be under way until then, epoch ms. */
  | { kind: "busy"; until: number }
  | { kind: "not-ours" };

export type LockUse =
  /** No start of ours is or may be under way, and none has begun a copy. */
  | "unused"
  | "used"
  /** Closed, or not ours: our copy ends or has ended. */
  | "closed";

/** One run of a start. From `now` to `until`, epoch ms, its request may arrive at Storage. */
export type StartAttempt = {
  instanceId: string;
  attemptId: string;
  now: number;
  until: number;
  plan: CopyPlan;
};

/** `now`: epoch ms. */
export type FenceOrder = { instanceId: string; now: number; settlement: Settlement };

export type LockPage = { names: string[]; marker: string | null };

/** A lock as it was read. It holds all that is needed to settle the copy when its run is lost. */
export type HeldLock = {
  name: string;
  etag: string;
  /** When it was last written, and when its run was last woken; epoch ms. */
  changedAt: number;
  wokenAt: number | null;
  /** No start is under way any more after this, epoch ms. */
  busyUntil: number;
  instanceId: string;
  /** Null in locks that were taken by a release that did not note it. */
  copy: CopyInput | null;
  /** The plan of the last start; null before there was one. */
  plan: CopyPlan | null;
  /** Null until a start was answered. */
  copyId: string | null;
  settlement: Settlement | null;
};
