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
  /** Takes the note back; only for a copy that never came to run. */
  forget(instanceId: string): Promise<void>;
  /** Keeps how the copy ended; the first outcome stays. */
  end(instanceId: string, outcome: Outcome): Promise<Outcome>;
  /** How a copy ended, or null while it runs or where there is none. */
  outcome(instanceId: string): Promise<Outcome | null>;
  /** Makes `instanceId` the only copy that may write to the destination. */
  takeSlot(destination: Endpoint, instanceId: string): Promise<SlotTaken>;
  /** Registers a start before it is sent; false when the slot is closed or not ours: do not start. */
  enterSlot(destination: Endpoint, start: SlotStart): Promise<boolean>;
  /** Takes a registered start back, once Storage has answered it. */
  leaveSlot(destination: Endpoint, start: SlotStart): Promise<void>;
  /**
   * Lets no start enter any more. Returns the epoch ms until which a registered start may still be
   * under way, or null when none is: what we remove after that cannot come back.
   */
  closeSlot(destination: Endpoint, instanceId: string, now: number): Promise<number | null>;
  /** Frees the destination, if it is still ours. */
  releaseSlot(destination: Endpoint, instanceId: string): Promise<void>;
};

/** Who asked, and under which Idempotency-Key. */
export type ClaimKey = { caller: string; key: string };

/** `fingerprint` tells a repeated request from another one under the same key; it holds no secret. */
export type Claim = { instanceId: string; fingerprint: string };

export type NewCopy = { instanceId: string; source: Endpoint; destination: Endpoint };

export type SlotTaken = { held: true } | { held: false; holder: string };

/** One run of a start. `until`: epoch ms after which its request cannot arrive any more. */
export type SlotStart = { instanceId: string; run: string; until: number };
