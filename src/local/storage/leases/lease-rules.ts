import { isSameLeaseId } from "./lease-ids.ts";
import { StorageError } from "../http/rest-errors.ts";
import type { ServiceName } from "../http/storage-request.ts";

/**
 * A lease as it was last written; `leaseAt` returns its state at a later time. Times are epoch ms.
 * States and all transitions: REST page "Lease Blob".
 */
export type Lease =
  | { state: "available" }
  | { state: "leased"; id: string; duration: LeaseDuration; expiresAt: number | null }
  | { state: "breaking"; id: string; duration: LeaseDuration; breaksAt: number }
  | { state: "broken"; id: string }
  | { state: "expired"; id: string; duration: LeaseDuration };

/** Seconds, 15 to 60, or no end. */
export type LeaseDuration = number | "infinite";

export const noLease: Lease = { state: "available" };

/** The lease at `now`. */
export function leaseAt(lease: Lease, now: number): Lease {
  if (lease.state === "leased" && lease.expiresAt !== null && lease.expiresAt <= now) {
    return { state: "expired", id: lease.id, duration: lease.duration };
  }
  if (lease.state === "breaking" && lease.breaksAt <= now) return { state: "broken", id: lease.id };
  return lease;
}

/** The lease after a successful write, which clears an expired or broken lease. */
export function leaseAfterWrite(lease: Lease, now: number): Lease {
  const current = leaseAt(lease, now);
  return current.state === "expired" || current.state === "broken" ? noLease : current;
}

type LeaseUse = {
  given: string | undefined;
  now: number;
  /** The service that the error codes belong to. */
  service?: ServiceName;
};

/** Throws the service's 412 unless the lease allows a write with the lease id `given`. */
export function requireLeaseForWrite(
  lease: Lease,
  { given, now, service = "blob" }: LeaseUse,
): void {
  const current = leaseAt(lease, now);
  if (isActive(current)) {
    if (given === undefined) throw new StorageError("LeaseIdMissing");
    if (!isSameLeaseId(current.id, given)) throw new StorageError(mismatch[service]);
    return;
  }
  if (given === undefined) return;
  const isLost = current.state !== "available" && isSameLeaseId(current.id, given);
  throw new StorageError(isLost ? "LeaseLost" : notPresent[service]);
}

const mismatch = {
  blob: "LeaseIdMismatchWithBlobOperation",
  file: "LeaseIdMismatchWithFileOperation",
} as const;
const notPresent = {
  blob: "LeaseNotPresentWithBlobOperation",
  file: "LeaseNotPresentWithFileOperation",
} as const;

/** A read needs no lease id, but if one is sent, it must match. */
export function requireLeaseForRead(lease: Lease, use: LeaseUse): void {
  if (use.given !== undefined) requireLeaseForWrite(lease, use);
}

/**
 * A leased destination of a copy must have an infinite lease, because a finite lease could end before
 * the copy (REST page "Copy Blob", `x-ms-lease-id`).
 */
export function requireLeaseForCopy(
  lease: Lease,
  { given, now }: { given: string | undefined; now: number },
): void {
  requireLeaseForWrite(lease, { given, now });
  const current = leaseAt(lease, now);
  if (isActive(current) && current.duration !== "infinite") {
    throw new StorageError("InfiniteLeaseDurationRequired");
  }
}

export function isActive(lease: Lease): lease is Extract<Lease, { state: "leased" | "breaking" }> {
  return lease.state === "leased" || lease.state === "breaking";
}

/** The values of `x-ms-lease-*` headers and of the lease elements in listings. */
export function describeLease(lease: Lease, now: number): LeaseDescription {
  const current = leaseAt(lease, now);
  return {
    state: current.state,
    status: isActive(current) ? "locked" : "unlocked",
    duration:
      current.state !== "leased"
        ? undefined
        : current.duration === "infinite"
          ? "infinite"
          : "fixed",
  };
}

type LeaseDescription = {
  state: Lease["state"];
  status: "locked" | "unlocked";
  duration: "infinite" | "fixed" | undefined;
};
