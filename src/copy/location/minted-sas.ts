import { maxClockSkewMs, toIso } from "../time.ts";

/**
 * What tells a SAS that the app mints for a source from all others. None of it is secret, so it stands
 * in the plan; the SAS itself is made anew by each start, and kept nowhere.
 */
export type MintedSas = {
  /** Its correlation id (`scid`), a GUID: Storage echoes it with the copy's source. Of a blob's SAS only. */
  scid: string;
  /** ISO 8601. */
  expiresAt: string;
};

/** "Get User Delegation Key": at most seven days from now; a copy may take fourteen. */
const maxKeyMs = 7 * 86_400_000;
const hour = 3_600_000;

/**
 * A SAS that lives as long as any that the app may mint. It ends on a full hour, so that copies which
 * are planned within one share a user delegation key, and early enough for a clock that is ahead.
 */
export function mintedSas(scid: string, now: number): MintedSas {
  const latest = now + maxKeyMs - maxClockSkewMs;
  return { scid, expiresAt: toIso(latest - (latest % hour)) };
}
