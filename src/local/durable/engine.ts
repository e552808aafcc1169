import { buildClientBinding } from "./management/client-binding.ts";
import { createDispatcher } from "./dispatcher.ts";
import type { DurableEngine, DurableOptions, ManagementRequest } from "./api/engine-api.ts";
import { manage } from "./management/management-api.ts";
import { openTaskHub } from "./hub/task-hub.ts";

/**
 * Opens a task hub and the engine that works on it: the local counterpart of the Durable Functions
 * extension with its Azure Storage back end. Requests are taken at once, work begins with `start`.
 * One engine per file; another task hub is another file.
 *
 * Not implemented, and refused by name: entities, sub-orchestrations, suspend, resume, rewind,
 * restart, durable HTTP.
 */
export function openDurableEngine(options: DurableOptions): DurableEngine {
  const hub = openTaskHub(options);
  const work = createDispatcher(hub, options);
  const tools = { ...options, hub, wake: work.wake };
  const answer = async (request: ManagementRequest) => manage(request, tools);
  return {
    handle: (request) => options.clock.track(answer(request)),
    clientBinding: (origin) => buildClientBinding(origin, options.hubName),
    start: () => work.start(),
    async stop() {
      await work.stop();
      hub.close();
    },
  };
}
