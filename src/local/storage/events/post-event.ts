import type { Clock } from "../../clock.ts";
import { second } from "../http/durations.ts";
import type { Subscription } from "./event-rows.ts";
import type { WireEvent } from "./wire-events.ts";

const responseTimeoutMs = 30 * second;

/**
 * Posts one event to the webhook of a subscription, with the headers of "Webhook event delivery". Rejects if there is
 * no response within 30 seconds on the clock.
 */
export async function postEvent(
  { url, name, schema }: Subscription,
  { type, event, attempt = 1 }: { type: string; event: WireEvent; attempt?: number },
  clock: Clock,
): Promise<Response> {
  const timeout = new AbortController();
  const cancel = clock.schedule(clock.now() + responseTimeoutMs, () => timeout.abort());
  try {
    return await fetch(url, {
      method: "POST",
      headers: {
        "content-type":
          schema === "cloud-events"
            ? "application/cloudevents+json; charset=utf-8"
            : "application/json; charset=utf-8",
        "aeg-event-type": type,
        "aeg-subscription-name": name.toUpperCase(),
        "aeg-delivery-count": String(attempt - 1),
      },
      body: JSON.stringify(schema === "cloud-events" ? event : [event]),
      signal: timeout.signal,
    });
  } finally {
    cancel();
  }
}
