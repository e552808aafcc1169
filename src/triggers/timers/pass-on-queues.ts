import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import type { EpochMs } from "../../copy/time.ts";
import { createWakeWaiter } from "../../instances/wake-waiter.ts";
import type { Ledger } from "../../ledger/ledger.ts";

const pageSize = 200;
const maxConcurrent = 8;

/**
 * Wakes the first waiter of each destination that no copy holds: the process that freed it may have been killed before
 * it woke the waiter. Removes waiters that have ended, and wake marks without a copy. Stops at `until` (epoch ms).
 */
export async function passOnQueues(
  { ledger, now }: { ledger: Ledger; now(): EpochMs },
  client: DurableClient,
  context: InvocationContext,
  { until }: { until: EpochMs },
): Promise<void> {
  const wake = createWakeWaiter(client);
  const passOn = async (lock: string): Promise<void> => {
    if ((await ledger.lockScan.read(lock)) !== null) return;
    await ledger.queue.passOn({ lock }, { now: now(), ended: null, wake });
  };
  let marker: string | null = null;
  do {
    const page = await ledger.queue.page({ marker, limit: pageSize });
    for (let at = 0; at < page.names.length; at += maxConcurrent) {
      const some = page.names.slice(at, at + maxConcurrent);
      const results = await Promise.allSettled(some.map(passOn));
      const failed = results.filter(({ status }) => status === "rejected").length;
      if (failed > 0) {
        context.error(
          `Cannot wake the waiters of ${failed} destinations now; the next run retries it`,
        );
      }
    }
    ({ marker } = page);
  } while (marker !== null && now() < until);
}
