import { day, hour } from "../durations.ts";
import { maxClockSkewMs, plusMs, toIso } from "../time.ts";
import type { EpochMs } from "../time.ts";

/**
 * The terms that identify a SAS that the app mints for a source. The plan contains them, because they are
 * not secret. Each start mints the SAS itself again; it is never stored.
 */
export type MintedSas = {
  /** Correlation id (`scid`), a GUID, of a blob's SAS only: Storage returns it with the copy's source. */
  scid: string;
  /** ISO 8601. */
  expiresAt: string;
};

/** "Get User Delegation Key": at most seven days from now; a copy may take fourteen. */
const maxKeyMs = 7 * day;

/**
 * Builds the terms of a SAS that is valid as long as possible. It expires on a full hour, so that copies
 * planned within the same hour share a user delegation key, and early enough for a clock that is ahead.
 */
export function buildMintedSas(scid: string, now: EpochMs): MintedSas {
  const latest = plusMs(now, maxKeyMs - maxClockSkewMs);
  return { scid, expiresAt: toIso(plusMs(latest, -(latest % hour))) };
}
