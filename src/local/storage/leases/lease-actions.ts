import { randomUUID } from "node:crypto";
import { invalidHeader, missingHeader, type Headers } from "../http/request-headers.ts";
import { StorageError } from "../http/rest-errors.ts";
import { normalizeLeaseId } from "./lease-ids.ts";
import type { Lease, LeaseDuration } from "./lease-rules.ts";

/** Limits of REST page "Lease Blob". */
const minLeaseSeconds = 15;
const maxLeaseSeconds = 60;
const maxBreakSeconds = 60;

type LeaseResult = { lease: Lease; status: number; headers: Readonly<Record<string, string>> };

/** Applies `x-ms-lease-action` to a lease as `leaseAt` returns it. Returns the new lease and the response. */
export function applyLeaseAction(lease: Lease, headers: Headers, now: number): LeaseResult {
  const action = headers["x-ms-lease-action"]?.toLowerCase();
  switch (action) {
    case "acquire":
      return acquire(lease, headers, now);
    case "renew":
      return renew(lease, headers, now);
    case "change":
      return change(lease, headers);
    case "release":
      return release(lease, headers);
    case "break":
      return breakLease(lease, headers, now);
    default:
      throw invalidHeader("x-ms-lease-action", action ?? "");
  }
}

function acquire(lease: Lease, headers: Headers, now: number): LeaseResult {
  const proposed = optionalId(headers, "x-ms-proposed-lease-id");
  const isOwn = lease.state !== "available" && proposed !== undefined && lease.id === proposed;
  if (lease.state === "breaking" && isOwn) {
    throw new StorageError("LeaseIsBreakingAndCannotBeAcquired");
  }
  if ((lease.state === "leased" && !isOwn) || lease.state === "breaking") {
    throw new StorageError("LeaseAlreadyPresent");
  }
  const id = proposed ?? randomUUID();
  const duration = parseDuration(headers["x-ms-lease-duration"]);
  return { lease: createLease(id, duration, now), status: 201, headers: { "x-ms-lease-id": id } };
}

function parseDuration(text: string | undefined): LeaseDuration {
  const seconds = Number(text ?? "NaN");
  if (seconds === -1) return "infinite";
  if (seconds >= minLeaseSeconds && seconds <= maxLeaseSeconds) return seconds;
  throw invalidHeader("x-ms-lease-duration", text ?? "");
}

function createLease(id: string, duration: LeaseDuration, now: number): Lease {
  const expiresAt = duration === "infinite" ? null : now + duration * 1000;
  return { state: "leased", id, duration, expiresAt };
}

function renew(lease: Lease, headers: Headers, now: number): LeaseResult {
  const id = requireId(headers, "x-ms-lease-id");
  if (lease.state === "available" || lease.id !== id) {
    throw new StorageError("LeaseIdMismatchWithLeaseOperation");
  }
  if (lease.state === "breaking" || lease.state === "broken") {
    throw new StorageError("LeaseIsBrokenAndCannotBeRenewed");
  }
  return {
    lease: createLease(lease.id, lease.duration, now),
    status: 200,
    headers: { "x-ms-lease-id": lease.id },
  };
}

function change(lease: Lease, headers: Headers): LeaseResult {
  const id = requireId(headers, "x-ms-lease-id");
  const proposed = requireId(headers, "x-ms-proposed-lease-id");
  if (lease.state === "breaking" && lease.id === id) {
    throw new StorageError("LeaseIsBreakingAndCannotBeChanged");
  }
  if (lease.state !== "leased") throw new StorageError("LeaseNotPresentWithLeaseOperation");
  if (lease.id !== id && lease.id !== proposed) {
    throw new StorageError("LeaseIdMismatchWithLeaseOperation");
  }
  return { lease: { ...lease, id: proposed }, status: 200, headers: { "x-ms-lease-id": proposed } };
}

function release(lease: Lease, headers: Headers): LeaseResult {
  const id = requireId(headers, "x-ms-lease-id");
  if (lease.state === "available" || lease.id !== id) {
    throw new StorageError("LeaseIdMismatchWithLeaseOperation");
  }
  return { lease: { state: "available" }, status: 200, headers: {} };
}

/** Without a break period, a finite lease ends at its expiry and an infinite lease ends immediately. */
function breakLease(lease: Lease, headers: Headers, now: number): LeaseResult {
  const period = parseBreakPeriodMs(headers["x-ms-lease-break-period"]);
  if (lease.state === "available") throw new StorageError("LeaseNotPresentWithLeaseOperation");
  if (lease.state === "broken" || lease.state === "expired") return broken(lease.id);

  const endsAt = lease.state === "breaking" ? lease.breaksAt : lease.expiresAt;
  const remaining = endsAt === null ? undefined : endsAt - now;
  const wait = Math.min(period ?? remaining ?? 0, remaining ?? Infinity);
  if (wait <= 0) return broken(lease.id);
  return {
    lease: { state: "breaking", id: lease.id, duration: lease.duration, breaksAt: now + wait },
    status: 202,
    headers: { "x-ms-lease-time": String(Math.ceil(wait / 1000)) },
  };
}

function parseBreakPeriodMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!(seconds >= 0 && seconds <= maxBreakSeconds)) {
    throw invalidHeader("x-ms-lease-break-period", text);
  }
  return seconds * 1000;
}

function broken(id: string): LeaseResult {
  return { lease: { state: "broken", id }, status: 202, headers: { "x-ms-lease-time": "0" } };
}

function requireId(headers: Headers, name: string): string {
  const id = optionalId(headers, name);
  if (id === undefined) throw missingHeader(name);
  return id;
}

/** Returns the id in the normal form in which leases are stored; undefined without the header. */
function optionalId(headers: Headers, name: string): string | undefined {
  const text = headers[name];
  if (text === undefined) return undefined;
  const id = normalizeLeaseId(text);
  if (id === undefined) throw invalidHeader(name, text);
  return id;
}
