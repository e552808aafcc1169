import { plusMs } from "../time.ts";
import type { EpochMs } from "../time.ts";
import { day, hour, second } from "../durations.ts";
import { maxWaitMs } from "./poll-policy.ts";

const minWaitMs = second;

/**
 * When to try again after `failures` transient failures in a row (epoch ms). Waits double up to `maxBackoffMs`; a
 * longer Retry-After is respected up to `maxWaitMs`.
 */
export function retryAt(
  now: EpochMs,
  failures: number,
  retryAfterSeconds: number | null,
  maxBackoffMs = hour,
): EpochMs {
  const wait = clamp(2 ** Math.min(failures, 30) * second, maxBackoffMs);
  return plusMs(now, Math.max(wait, Math.min((retryAfterSeconds ?? 0) * second, maxWaitMs)));
}

const maxBusyWaitMs = day; // the longest timer that Ferry sets
const steadyBusyWaitMs = hour;
/** The largest share by which a wait may be shortened. */
const jitterShare = 0.05;

/** The state of a wait: `since` is the first try that found it busy, `tries` counts from 1. */
export type BusyWait = { since: EpochMs; tries: number; instanceId: string };

/**
 * When to try again while another copy blocks this one (epoch ms), unless a wake comes first. Waits double from 5.3
 * seconds to an hour; after that they are a fifth of the time waited so far, up to a day, so that two weeks take about
 * forty tries. Each wait is shortened by up to a twentieth, depending on the copy's id, so that copies that wait
 * together try at different times.
 */
export function busyRetryAt(now: EpochMs, { since, tries, instanceId }: BusyWait): EpochMs {
  const doubling = Math.min(steadyBusyWaitMs, 5.27 * second * 2 ** Math.min(tries - 1, 30));
  const wait = Math.min(maxBusyWaitMs, Math.max(doubling, (now - since) / 5));
  return plusMs(now, Math.round(wait * (1 - jitterShare * fraction(`${instanceId} ${tries}`))));
}

/** A number from 0 to 1 that depends only on the text (FNV-1a). */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 0) / 2 ** 32;
}

/**
 * The time in ms for which a notification is retried when its target does not accept it. Event Grid also gives up after
 * a day.
 */
export const maxNotificationMs = day;
const maxNotificationWaitMs = 3 * hour;

/** When to send a notification again (epoch ms): after 15 s, then after waits that triple up to three hours. */
export function notificationRetryAt(now: EpochMs, tries: number, retryAfterSeconds: number | null) {
  const wait = Math.min(maxNotificationWaitMs, 15 * second * 3 ** Math.min(tries - 1, 10));
  return plusMs(
    now,
    Math.max(wait, Math.min((retryAfterSeconds ?? 0) * second, maxNotificationWaitMs)),
  );
}

function clamp(wait: number, maxMs: number): number {
  return Math.min(maxMs, Math.max(minWaitMs, Math.round(wait)));
}
