import { app } from "@azure/functions";
import * as df from "durable-functions";
import { createActivities } from "./activities/create-activities.ts";
import type { ActivityDependencies } from "./activities/support/dependencies.ts";
import { printable } from "./copy/printable.ts";
import type { ActivityContext } from "./copy/contract/activities.ts";
import { createWakeWaiter } from "./instances/wake-waiter.ts";
import { activities, orchestrations } from "./names.ts";
import { copyOrchestration } from "./orchestrations/copy-orchestration.ts";
import { repairOrchestration } from "./orchestrations/repair-orchestration.ts";
import { abortCopy } from "./triggers/http/abort-copy.ts";
import { respondInTime } from "./triggers/http/http-handler.ts";
import type { HttpHandler } from "./triggers/http/http-handler.ts";
import { requireSignIn } from "./triggers/http/principals.ts";
import { routeMethods, allMethods } from "./triggers/http/method-router.ts";
import { getCopy } from "./triggers/http/get-copy.ts";
import { health } from "./triggers/http/health.ts";
import { purge, purgeSchedule } from "./triggers/timers/purge.ts";
import type { PurgeDependencies } from "./triggers/timers/purge.ts";
import { startCopy } from "./triggers/http/start-copy.ts";
import type { StartDependencies } from "./triggers/http/start-copy.ts";
import { storageEvent } from "./triggers/events/storage-event-trigger.ts";
import type { EventDependencies } from "./triggers/events/storage-event-trigger.ts";
import { watchdog } from "./triggers/timers/watchdog.ts";

/** The dependencies of the HTTP and Event Grid triggers, of the activities, and of the timer triggers. */
export type AppDependencies = {
  /** "keys": callers send a function key. "entra": the platform has checked their sign-in. */
  auth: "keys" | "entra";
  requests: StartDependencies & Omit<EventDependencies, "report">;
  activities: ActivityDependencies;
  maintenance: PurgeDependencies & { watchdogSchedule: string };
};

/** Registers every trigger, orchestration and activity of the app. */
export function registerApp(dependencies: AppDependencies): void {
  const { auth, requests, maintenance } = dependencies;
  escapeLogLines();
  const needsSignIn = auth === "entra";
  const registerRoute = (name: string, route: string, handler: HttpHandler) =>
    df.app.client.http(name, {
      route,
      methods: [...allMethods],
      authLevel: needsSignIn ? "anonymous" : "function",
      handler: respondInTime(needsSignIn ? requireSignIn(handler, requests.principals) : handler),
    });
  registerRoute("copies", "copies", routeMethods({ POST: startCopy(requests) }));
  registerRoute("copy", "copies/{id}", routeMethods({ GET: getCopy(requests) }));
  registerRoute("copyAbort", "copies/{id}/abort", routeMethods({ POST: abortCopy(requests) }));
  registerHealth([]);

  df.app.client.eventGrid("storageEvents", {
    handler: storageEvent({
      ...requests,
      report: (event) => dependencies.activities.notifications.report(event),
    }),
  });
  df.app.client.timer("watchdog", {
    schedule: maintenance.watchdogSchedule,
    handler: watchdog(maintenance),
  });
  df.app.client.timer("purge", { schedule: purgeSchedule, handler: purge(maintenance) });

  df.app.orchestration(orchestrations.copy, copyOrchestration);
  df.app.orchestration(orchestrations.repair, repairOrchestration);

  const handlers = createActivities(dependencies.activities);
  registerActivity(activities.start, handlers.startCopy);
  df.app.activity(activities.read, { handler: handlers.readCopy });
  df.app.activity(activities.abort, { handler: handlers.abortCopy });
  registerActivity(activities.settle, handlers.settleCopy);
  df.app.activity(activities.notify, { handler: handlers.sendNotifications });
}

/** Registers an activity that may free a destination. It gets a durable client, to wake the next waiter. */
function registerActivity<Input, Result>(
  name: string,
  handler: (input: Input, context: ActivityContext) => Promise<Result>,
): void {
  df.app.activity(name, {
    extraInputs: [df.input.durableClient()],
    handler: (input: Input, context) =>
      handler(input, {
        log: (line) => context.log(line),
        wake: (id) => createWakeWaiter(df.getClient(context))(id),
      }),
  });
}

/**
 * Registers health. It is the only function of an app whose settings are wrong: the host would respond with 404 on
 * every path if the app threw instead.
 */
export function registerHealth(settingProblems: readonly string[]): void {
  app.http("health", {
    route: "health",
    methods: [...allMethods],
    authLevel: "anonymous",
    handler: routeMethods({ GET: health(settingProblems) }),
  });
}

/** Escapes control characters in every line that a function logs: lines may quote names and messages of other systems. */
function escapeLogLines(): void {
  app.hook.log((line) => {
    line.message = printable(line.message);
  });
}
