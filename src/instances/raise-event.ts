import type { DurableClient } from "durable-functions";
import type { events } from "../names.ts";
import { DurableError } from "./durable-error.ts";

type EventName = (typeof events)[keyof typeof events];

const finalStatuses: readonly string[] = ["Completed", "Failed", "Terminated", "Canceled"];

/**
 * Raises an event on an instance. An instance that has ended or was purged in the meantime needs no event: the
 * extension responds with 410 or 404, and with 500 if the instance ends between its two checks
 * (HttpApiHandler.HandleRaiseEventRequestAsync, DurableClient.RaiseEventInternalAsync). Errors can have other reasons,
 * so the instance is then read. Throws `DurableError` if the event was not raised although the instance may still be
 * running.
 */
export async function raiseEvent(
  client: DurableClient,
  instanceId: string,
  name: EventName,
  data: object | null = null,
): Promise<void> {
  try {
    await client.raiseEvent(instanceId, name, data);
  } catch (error) {
    if (await hasEnded(client, instanceId)) return;
    throw new DurableError(`raise the event ${name} on instance ${instanceId}`, { cause: error });
  }
}

/** True if Durable has no such instance; false if Durable does not respond. */
async function hasEnded(client: DurableClient, instanceId: string): Promise<boolean> {
  try {
    const { runtimeStatus } = await client.getStatus(instanceId);
    return finalStatuses.includes(runtimeStatus);
  } catch (error) {
    // The SDK throws this text for an unknown instance (3.5.0, DurableClient.getStatus).
    return error instanceof Error && error.message.includes("replied with HTTP 404");
  }
}
