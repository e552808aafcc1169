import type { HttpFunctionOptions } from "@azure/functions";
import * as df from "durable-functions";
import { createActivities } from "./activities/create-activities.ts";
import type { ActivityDeps } from "./activities/support/dependencies.ts";
import { activities, orchestrations } from "./names.ts";
import { copyOrchestration } from "./orchestrations/copy-orchestration.ts";
import { repairOrchestration } from "./orchestrations/repair-orchestration.ts";
import { abortCopy } from "./triggers/http/abort-copy.ts";
import { dispatch, everyMethod } from "./triggers/http/method-router.ts";
import type { Answer } from "./triggers/http/method-router.ts";
import { getCopy } from "./triggers/http/get-copy.ts";
import { health } from "./triggers/http/health.ts";
import { purge } from "./triggers/timers/purge.ts";
import type { PurgeDeps } from "./triggers/timers/purge.ts";
import { startCopy } from "./triggers/http/start-copy.ts";
import type { StartDeps } from "./triggers/http/start-copy.ts";
import { storageEvent } from "./triggers/events/storage-event-trigger.ts";
import { watchdog } from "./triggers/timers/watchdog.ts";

export type AppDeps = {
  http: StartDeps;
  steps: ActivityDeps;
  care: PurgeDeps & { watchdogSchedule: string };
};

/** Every trigger, orchestration and activity of the app. */
export function registerApp({ http, steps, care }: AppDeps): void {
  route("copies", "copies", dispatch({ POST: startCopy(http) }));
  route("copy", "copies/{id}", dispatch({ GET: getCopy(http) }));
  route("copyAbort", "copies/{id}/abort", dispatch({ POST: abortCopy(http) }));
  route("health", "health", dispatch({ GET: health }), "anonymous");

  df.app.client.eventGrid("storageEvents", { handler: storageEvent(http) });
  df.app.client.timer("watchdog", { schedule: care.watchdogSchedule, handler: watchdog(care) });
  df.app.client.timer("purge", { schedule: "0 30 * * * *", handler: purge(care) });

  df.app.orchestration(orchestrations.copy, copyOrchestration);
  df.app.orchestration(orchestrations.repair, repairOrchestration);

  const run = createActivities(steps);
  df.app.activity(activities.prepare, { handler: run.prepareCopy });
  df.app.activity(activities.start, { handler: run.startCopy });
  df.app.activity(activities.read, { handler: run.readCopy });
  df.app.activity(activities.abort, { handler: run.abortCopy });
  df.app.activity(activities.settle, { handler: run.settleCopy });
  df.app.activity(activities.announce, { handler: run.announceCopy });

  function route(
    name: string,
    path: string,
    handler: Answer,
    authLevel: HttpFunctionOptions["authLevel"] = "function",
  ) {
    df.app.client.http(name, { route: path, methods: [...everyMethod], authLevel, handler });
  }
}
