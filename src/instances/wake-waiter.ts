import type { DurableClient } from "durable-functions";
import type { WakeWaiter } from "../copy/contract/activities.ts";
import { events } from "../names.ts";
import { readOwnInstance } from "./find-instance.ts";
import { raiseEvent } from "./raise-event.ts";

/** Creates the function that wakes a waiting copy. It throws `DurableError`. */
export function createWakeWaiter(client: DurableClient): WakeWaiter {
  return async (id) => {
    const own = await readOwnInstance(client, id);
    if (own?.execution.kind !== "running") return "gone";
    if (own.execution.isSuspended === true) return "suspended";
    await raiseEvent(client, id, events.wake);
    return "woken";
  };
}
