import type { Endpoint } from "../copy/endpoint.ts";
import type { Outcome } from "../copy/outcome.ts";

/**
 * What must outlive an orchestration and be found without a scan: who asked for what (claims), which
 * copies there are (records), who may write a destination (slots). Every write is conditional, so two
 * app instances never both win. Methods throw only when the ledger itself cannot be reached.
 */
export type Ledger = {
  /** Binds a caller's key to one instance, for good: the first claim wins, later ones are told of it. */
  claim(key: ClaimKey, claim: Claim): Promise<Claim>;
  /** Notes that a copy exists; does nothing when it is noted already. */
  open(copy: NewCopy): Promise<void>;
  /** Keeps how the copy ended; the first outcome stays. */
  end(instanceId: string, outcome: Outcome): Promise<Outcome>;
  /** How a copy ended, or null while it runs or where there is none. */
  outcome(instanceId: string): Promise<Outcome | null>;
  /** Makes `instanceId` the only copy that may write to the destination. */
  takeSlot(destination: Endpoint, instanceId: string): Promise<SlotTaken>;
  /** Registers a start before it is sent. */
  enterSlot(destination: Endpoint, start: SlotStart): Promise<SlotEntered>;
  /** Takes a registered start back, once Storage has answered it; keeps the copyId it was given. */
  leaveSlot(destination: Endpoint, start: SlotStart, copyId: string | null): Promise<void>;
  /** Lets no start enter any more. */
  closeSlot(destination: Endpoint, instanceId: string, now: number): Promise<SlotClosed>;
  /** Frees the destination, if it is still ours. */
  releaseSlot(destination: Endpoint, instanceId: string): Promise<void>;
};

/** Who asked, and under which Idempotency-Key. */
export type ClaimKey = { caller: string; key: string };

/** `fingerprint` tells a repeated request from another one under the same key; it holds no secret. */
export type Claim = { instanceId: string; fingerprint: string };

/** `createdAt`: ISO 8601. */
export type NewCopy = {
  instanceId: string;
  source: Endpoint;
  destination: Endpoint;
  createdAt: string;
};

export type SlotTaken = { held: true } | { held: false; holder: string };

export type SlotEntered =
  | { state: "entered" }
  /** The slot is closed, or another copy's: do not start. */
  | { state: "refused" }
  /** A former run of the same start was answered with this copyId. */
  | { state: "started"; copyId: string };

export type SlotClosed =
  /** No start is under way: what is removed now cannot come back. One may have gone unanswered. */
  | { state: "closed"; unanswered: boolean }
  /** A registered start may still be under way until then, epoch ms. */
  | { state: "busy"; until: number }
  | { state: "not-ours" };

/** One run of a start. `until`: epoch ms after which its request cannot arrive any more. */
export type SlotStart = { instanceId: string; run: string; until: number };
