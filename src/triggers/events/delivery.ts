import type { InvocationContext } from "@azure/functions";
import type { LogColumns } from "../../telemetry/log-lines.ts";

/**
 * How many times the host tries to handle a message of the queue: `maxDequeueCount` of host.json. After the last try, it
 * moves the message to the poison queue.
 */
export const maxTries = 5;

/** The name of the function with the queue trigger. */
export const eventQueueFunction = "storageEventQueue";

/** Returns how an event arrived, as columns of the log line. */
export function readDelivery({
  functionName,
  triggerMetadata = {},
}: InvocationContext): Omit<LogColumns<"ferry.event.failed">, "traceId"> {
  if (functionName !== eventQueueFunction) {
    return { trigger: "event-grid", messageId: null, tries: null, poisoned: false };
  }
  const { dequeueCount, id } = triggerMetadata;
  const tries = Number(dequeueCount);
  return {
    trigger: "queue",
    messageId: typeof id === "string" ? id : null,
    tries: Number.isInteger(tries) ? tries : null,
    poisoned: tries >= maxTries,
  };
}

/** The `traceparent` of a CloudEvent (extension "Distributed Tracing"); null without one. */
export function readEventTraceparent(event: unknown): string | null {
  if (typeof event !== "object" || event === null || !("traceparent" in event)) return null;
  return typeof event.traceparent === "string" ? event.traceparent : null;
}
