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

/**
 * When to prepare again while another copy is in the way (epoch ms). Waits double from five seconds to an
 * hour; after that they are a fifth of the time waited so far, up to a day, so that two weeks take about
 * forty tries. `since` is the first try that found it busy, `tries` counts from 1.
 */
export function busyRetryAt(now: EpochMs, { since, tries }: { since: EpochMs; tries: number }) {
  const doubling = Math.min(steadyBusyWaitMs, 5 * second * 2 ** Math.min(tries - 1, 30));
  return plusMs(now, Math.min(maxBusyWaitMs, Math.max(doubling, Math.round((now - since) / 5))));
}

/** How long a notification is retried when its target does not accept it (ms). Event Grid also gives up after a day. */
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
