import { buildClientBinding } from "./management/client-binding.ts";
import { createDispatcher } from "./dispatcher.ts";
import type { DurableEngine, DurableOptions, ManagementRequest } from "./api/engine-api.ts";
import { manage } from "./management/management-api.ts";
import { openTaskHub } from "./hub/task-hub.ts";

/**
 * Opens a task hub and its engine: the local counterpart of the Durable Functions extension with its Azure Storage
 * backend. The engine accepts requests immediately; work begins with `start`. A file is one task hub and has one
 * engine.
 *
 * Not implemented, and rejected with an error that names the feature: entities, sub-orchestrations, rewind, restart,
 * durable HTTP.
 */
export function openDurableEngine(options: DurableOptions): DurableEngine {
  const hub = openTaskHub(options);
  const work = createDispatcher(hub, options);
  const deps = { ...options, hub, wake: work.wake };
  const respond = async (request: ManagementRequest) => manage(request, deps);
  return {
    handle: (request) => options.clock.track(respond(request)),
    clientBinding: (origin) => buildClientBinding(origin, options.hubName),
    start: () => work.start(),
    async stop() {
      await work.stop();
      hub.close();
    },
  };
}
