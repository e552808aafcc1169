import type { HttpResponseInit } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { second } from "../../copy/durations.ts";
import { copyOf, copyResponse } from "../../http/copy-response.ts";
import { withHeaders } from "../../http/view-response.ts";
import { readWait } from "../../http/prefer.ts";
import { copyView } from "../../instances/copy-view.ts";
import type { CopyView } from "../../instances/copy-view.ts";
import { DeadlineError, withDeadline } from "../../instances/deadline.ts";
import { DurableError } from "../../instances/durable-error.ts";
import { findInstance } from "../../instances/find-instance.ts";
import { LedgerError } from "../../ledger/ledger-error.ts";
import type { CopyDependencies } from "./get-copy.ts";
import { deadlineMs } from "./http-handler.ts";
import type { HttpHandler } from "./http-handler.ts";
import { copiesPath } from "./method-router.ts";

export type HoldDependencies = CopyDependencies & { sleep(ms: number): Promise<void> };

/**
 * The maximum number of requests that an instance of the app holds at the same time: half of its HTTP concurrency,
 * which infra/modules/app.bicep sets (`perInstanceConcurrency`).
 */
export const maxHeld = 8;

/** The requests that an instance of the app holds now. Holds of copies and of jobs share it. */
export type Holding = { held: number };

/** The maximum number of reads of the task hub for one request. */
const maxHubReads = 10;
/** The most reads that one search for a copy needs: its instance, its repair, and one more if the copy is lost. */
const maxReadsOfSearch = 3;
const searches = 7;
/** The ratio of each pause to the previous one. */
const growth = 1.5;

/**
 * Holds a request with `Prefer: wait=N` until its copy has ended, for at most N seconds: it reads the copy after pauses
 * that grow. `Preference-Applied` shows that the wait was honoured. A request beyond `maxHeld`, or one whose reads
 * fail, gets the copy's last known state.
 */
export function createHold(
  deps: HoldDependencies,
  holding: Holding = { held: 0 },
): (handler: HttpHandler) => HttpHandler {
  return (handler) => async (request, client, context) => {
    const { counted, reads } = countReads(client);
    const response = await handler(request, counted, context);
    const copy = copyOf(response);
    const isHeld = request.method === "GET" || request.method === "POST";
    if (copy === null || !isHeld) return response;
    const seconds = readWait(request.headers.get("prefer"));
    if (seconds === null) return response;
    if (copy.completedAt !== null) return withApplied(response, seconds);
    if (holding.held >= maxHeld) return response;
    holding.held++;
    try {
      const path = copiesPath(request);
      const last = await poll(deps, { client: counted, reads, copy, path, seconds });
      const place = { url: request.url, now: deps.now() };
      const status = response.status === 202 ? 202 : 200;
      const latest = copyResponse(status, last.copy, place);
      return last.isHonoured ? withApplied(latest, seconds) : latest;
    } finally {
      holding.held--;
    }
  };
}

/** Reads the copy after each pause until it has ended. `isHonoured`: it has ended, or the time is over. */
async function poll(
  { ledger, sleep }: HoldDependencies,
  {
    client,
    reads,
    copy,
    path,
    seconds,
  }: { client: DurableClient; reads(): number; copy: CopyView; path: string; seconds: number },
): Promise<{ copy: CopyView; isHonoured: boolean }> {
  let latest = copy;
  for (const pause of pauses(seconds)) {
    await sleep(pause);
    if (reads() + maxReadsOfSearch > maxHubReads) return { copy: latest, isHonoured: false };
    try {
      const found = await withDeadline(findInstance(client, ledger, copy.id), deadlineMs);
      if (found === null) return { copy: latest, isHonoured: false };
      latest = copyView(found, path);
    } catch (error) {
      if (!isTransient(error)) throw error;
      return { copy: latest, isHonoured: false };
    }
    if (latest.completedAt !== null) break;
  }
  return { copy: latest, isHonoured: true };
}

/** The pauses between the reads (whole ms): their sum is the whole time. */
export function pauses(seconds: number): number[] {
  const whole = seconds * second;
  const first = (whole * (growth - 1)) / (growth ** searches - 1);
  const all = Array.from({ length: searches - 1 }, (_, index) =>
    Math.floor(first * growth ** index),
  );
  return [...all, whole - all.reduce((sum, pause) => sum + pause, 0)];
}

export function isTransient(error: unknown): boolean {
  return (
    error instanceof DurableError || error instanceof LedgerError || error instanceof DeadlineError
  );
}

/** A client that counts its reads of instances. */
function countReads(client: DurableClient): { counted: DurableClient; reads(): number } {
  let count = 0;
  const getStatus: DurableClient["getStatus"] = (...order) => {
    count++;
    return client.getStatus(...order);
  };
  const counted = Object.create(client, { getStatus: { value: getStatus } }) as DurableClient;
  return { counted, reads: () => count };
}

export function withApplied(response: HttpResponseInit, seconds: number): HttpResponseInit {
  return withHeaders(response, { "preference-applied": `wait=${seconds}` });
}
