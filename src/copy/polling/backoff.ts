import { maxWaitMs } from "./poll-policy.ts";

const minWaitMs = 1_000;

/** After `failures` calls in a row that Storage did not answer; waits double up to `longest` ms. */
export function retryAt(
  now: number,
  failures: number,
  retryAfterSeconds: number | null,
  longest = 3_600_000,
): number {
  const wait = clamp(2 ** Math.min(failures, 30) * 1_000, longest);
  return now + Math.max(wait, Math.min((retryAfterSeconds ?? 0) * 1_000, maxWaitMs));
}

const maxBusyWaitMs = 86_400_000; // no timer is longer than a day
const steadyBusyWaitMs = 3_600_000;

/**
 * When to prepare again while another copy is in the way, epoch ms. Waits double from five seconds to an
 * hour; after that they are a fifth of the time waited so far, up to a day, so that two weeks take about
 * forty tries. `since` is the first try that found it busy, `tries` counts from 1.
 */
export function busyRetryAt(now: number, { since, tries }: { since: number; tries: number }) {
  const doubling = Math.min(steadyBusyWaitMs, 5_000 * 2 ** Math.min(tries - 1, 30));
  return now + Math.min(maxBusyWaitMs, Math.max(doubling, Math.round((now - since) / 5)));
}

/** How long somebody who does not answer is told of an end, ms; Event Grid itself gives up as late. */
export const maxNotificationMs = 86_400_000;
const maxNotificationWaitMs = 3 * 3_600_000;

/** When to tell of an end again, epoch ms: after 15 s, then three times as long each, up to three hours. */
export function notificationRetryAt(now: number, tries: number, retryAfterSeconds: number | null) {
  const wait = Math.min(maxNotificationWaitMs, 15_000 * 3 ** Math.min(tries - 1, 10));
  return now + Math.max(wait, Math.min((retryAfterSeconds ?? 0) * 1_000, maxNotificationWaitMs));
}

function clamp(wait: number, longest: number): number {
  return Math.min(longest, Math.max(minWaitMs, Math.round(wait)));
}
