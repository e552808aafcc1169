import { isResting, jobOf } from "../../../http/job-response.ts";
import { readWait } from "../../../http/prefer.ts";
import { withDeadline } from "../../../instances/deadline.ts";
import type { Ledger } from "../../../ledger/ledger.ts";
import { deadlineMs } from "../http-handler.ts";
import type { HttpHandler } from "../http-handler.ts";
import { isTransient, maxHeld, pauses, withApplied } from "../hold-until-ended.ts";
import type { Holding } from "../hold-until-ended.ts";
import { toJobResponse } from "./get-job.ts";

/**
 * Holds a request with `Prefer: wait=N` until its job has ended or is paused, for at most N seconds, like
 * `createHold` for copies. It reads the record only.
 */
export function createJobHold(
  { ledger, sleep }: { ledger: Ledger; sleep(ms: number): Promise<void> },
  holding: Holding,
): (handler: HttpHandler) => HttpHandler {
  return (handler) => async (request, client, context) => {
    const response = await handler(request, client, context);
    const job = jobOf(response);
    const isHeld = request.method === "GET" || request.method === "POST";
    const seconds = isHeld && job !== null ? readWait(request.headers.get("prefer")) : null;
    if (job === null || seconds === null) return response;
    if (isResting(job)) return withApplied(response, seconds);
    if (holding.held >= maxHeld) return response;
    holding.held++;
    try {
      const status = response.status === 202 ? 202 : 200;
      let latest = response;
      for (const pause of pauses(seconds)) {
        await sleep(pause);
        const record = await withDeadline(ledger.jobs.read(job.id), deadlineMs);
        if (record === null) return latest;
        latest = toJobResponse(status, { id: job.id, record }, request);
        const view = jobOf(latest);
        if (view !== null && isResting(view)) break;
      }
      return withApplied(latest, seconds);
    } catch (error) {
      if (!isTransient(error)) throw error;
      return response;
    } finally {
      holding.held--;
    }
  };
}
