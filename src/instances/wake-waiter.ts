import type { DurableClient } from "durable-functions";
import type { WakeWaiter } from "../copy/contract/activities.ts";
import { events } from "../names.ts";
import { callDurable } from "./durable-error.ts";
import { readOwnInstance } from "./find-instance.ts";

/** Creates the function that wakes a waiting copy. It throws `DurableError`. */
export function createWakeWaiter(client: DurableClient): WakeWaiter {
  return async (id) => {
    const own = await readOwnInstance(client, id);
    if (own?.execution.kind !== "running") return "gone";
    if (own.execution.isSuspended === true) return "suspended";
    await callDurable(`wake copy ${id}`, () => client.raiseEvent(id, events.wake, null));
    return "woken";
  };
}
