import type { HttpFunctionOptions } from "@azure/functions";
import * as df from "durable-functions";
import { createActivities } from "./activities/create-activities.ts";
import type { ActivityDependencies } from "./activities/support/dependencies.ts";
import { activities, orchestrations } from "./names.ts";
import { copyOrchestration } from "./orchestrations/copy-orchestration.ts";
import { repairOrchestration } from "./orchestrations/repair-orchestration.ts";
import { abortCopy } from "./triggers/http/abort-copy.ts";
import { routeMethods, allMethods } from "./triggers/http/method-router.ts";
import type { HttpHandler } from "./triggers/http/method-router.ts";
import { getCopy } from "./triggers/http/get-copy.ts";
import { health } from "./triggers/http/health.ts";
import { purge } from "./triggers/timers/purge.ts";
import type { PurgeDeps } from "./triggers/timers/purge.ts";
import { startCopy } from "./triggers/http/start-copy.ts";
import type { StartDeps } from "./triggers/http/start-copy.ts";
import { storageEvent } from "./triggers/events/storage-event-trigger.ts";
import { watchdog } from "./triggers/timers/watchdog.ts";

export type AppDependencies = {
  requests: StartDeps;
  steps: ActivityDependencies;
  maintenance: PurgeDeps & { watchdogSchedule: string };
};

/** Every trigger, orchestration and activity of the app. */
export function registerApp({ requests, steps, maintenance }: AppDependencies): void {
  route("copies", "copies", routeMethods({ POST: startCopy(requests) }));
  route("copy", "copies/{id}", routeMethods({ GET: getCopy(requests) }));
  route("copyAbort", "copies/{id}/abort", routeMethods({ POST: abortCopy(requests) }));
  route("health", "health", routeMethods({ GET: health }), "anonymous");

  df.app.client.eventGrid("storageEvents", { handler: storageEvent(requests) });
  df.app.client.timer("watchdog", {
    schedule: maintenance.watchdogSchedule,
    handler: watchdog(maintenance),
  });
  df.app.client.timer("purge", { schedule: "0 30 * * * *", handler: purge(maintenance) });

  df.app.orchestration(orchestrations.copy, copyOrchestration);
  df.app.orchestration(orchestrations.repair, repairOrchestration);

  const run = createActivities(steps);
  df.app.activity(activities.prepare, { handler: run.prepareCopy });
  df.app.activity(activities.start, { handler: run.startCopy });
  df.app.activity(activities.read, { handler: run.readCopy });
  df.app.activity(activities.abort, { handler: run.abortCopy });
  df.app.activity(activities.settle, { handler: run.settleCopy });
  df.app.activity(activities.notify, { handler: run.sendNotifications });

  function route(
    name: string,
    path: string,
    handler: HttpHandler,
    authLevel: HttpFunctionOptions["authLevel"] = "function",
  ) {
    df.app.client.http(name, { route: path, methods: [...allMethods], authLevel, handler });
  }
}
