import { app } from "@azure/functions";
import type { InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import { createActivities } from "./activities/create-activities.ts";
import { createJobActivities } from "./activities/jobs/create-job-activities.ts";
import type { JobDependencies } from "./activities/jobs/support/job-run.ts";
import type { ActivityDependencies } from "./activities/support/dependencies.ts";
import { servePage } from "./dashboard/serve-page.ts";
import { printable } from "./copy/printable.ts";
import type { ActivityContext } from "./copy/contract/activities.ts";
import { readStepCaller } from "./telemetry/step-caller.ts";
import { createWakeWaiter } from "./instances/wake-waiter.ts";
import { activities, orchestrations } from "./names.ts";
import { copyOrchestration } from "./orchestrations/copy-orchestration.ts";
import { jobOrchestration } from "./orchestrations/job-orchestration.ts";
import { repairOrchestration } from "./orchestrations/repair-orchestration.ts";
import { abortCopy } from "./triggers/http/abort-copy.ts";
import type { HttpHandler } from "./triggers/http/http-handler.ts";
import { createRouteHandler } from "./triggers/http/route-handler.ts";
import { routeMethods, allMethods } from "./triggers/http/method-router.ts";
import { copyTimeline } from "./triggers/http/copy-timeline.ts";
import { deleteCopy } from "./triggers/http/delete-copy.ts";
import { getCopy } from "./triggers/http/get-copy.ts";
import { createHold } from "./triggers/http/hold-until-ended.ts";
import type { HoldDependencies } from "./triggers/http/hold-until-ended.ts";
import { documentResponse } from "./triggers/http/document.ts";
import { health } from "./triggers/http/health.ts";
import { purge, purgeSchedule } from "./triggers/timers/purge.ts";
import type { PurgeDependencies } from "./triggers/timers/purge.ts";
import { abortJob, pauseJob, resumeJob, startPlannedJob } from "./triggers/http/jobs/change-job.ts";
import { deleteJob } from "./triggers/http/jobs/delete-job.ts";
import { getJob } from "./triggers/http/jobs/get-job.ts";
import { createJobHold } from "./triggers/http/jobs/hold-job.ts";
import { listJobs } from "./triggers/http/jobs/list-jobs.ts";
import { startJob } from "./triggers/http/jobs/start-job.ts";
import { listCopies } from "./triggers/http/list-copies.ts";
import { retryCopy } from "./triggers/http/retry-copy.ts";
import { startCopy } from "./triggers/http/start-copy.ts";
import type { StartDependencies } from "./triggers/http/start-copy.ts";
import { currentTraceparent, inInvocation } from "./telemetry/scope.ts";
import { eventQueueFunction, readEventTraceparent } from "./triggers/events/delivery.ts";
import { storageEvent } from "./triggers/events/storage-event-trigger.ts";
import type { EventDependencies, EventHandler } from "./triggers/events/storage-event-trigger.ts";
import { watchdog } from "./triggers/timers/watchdog.ts";
import type { TimerHandler } from "./triggers/timers/watchdog.ts";

/** The dependencies of the HTTP and Event Grid triggers, of the activities, and of the timer triggers. */
export type AppDependencies = {
  /** "keys": callers send a function key. "entra": the platform has checked their sign-in. */
  auth: "keys" | "entra";
  requests: StartDependencies & HoldDependencies & Omit<EventDependencies, "report">;
  activities: ActivityDependencies & Pick<JobDependencies, "storage" | "limits">;
  maintenance: PurgeDependencies & { watchdogSchedule: string };
  /** The queue that also receives the events of Storage; null if there is none. */
  eventQueue: EventQueue | null;
};

/** `connection`: the name of the setting, or the prefix of the settings, for the queue's account. */
export type EventQueue = { queueName: string; connection: string };

/** Registers every trigger, orchestration and activity of the app. */
export function registerApp(dependencies: AppDependencies): void {
  const { auth, requests, maintenance } = dependencies;
  escapeLogLines();
  const holding = { held: 0 };
  const [holdCopy, holdJob] = [createHold(requests, holding), createJobHold(requests, holding)];
  const needsSignIn = auth === "entra";
  const shared = { needsSignIn, principals: requests.principals, hold: holdCopy };
  const registerRoute = (
    name: string,
    route: string,
    handler: HttpHandler,
    special: Partial<typeof shared> = {},
  ) =>
    df.app.client.http(name, {
      route,
      methods: [...allMethods],
      authLevel: needsSignIn ? "anonymous" : "function",
      handler: inRequest(createRouteHandler(handler, { ...shared, ...special })),
    });
  registerRoute(
    "copies",
    "copies",
    routeMethods({ GET: listCopies(requests), POST: startCopy(requests) }),
  );
  registerRoute(
    "copy",
    "copies/{id}",
    routeMethods({ GET: getCopy(requests), DELETE: deleteCopy(requests) }),
  );
  registerRoute("copyAbort", "copies/{id}/abort", routeMethods({ POST: abortCopy(requests) }), {
    // Not held: the response to an abort is final as soon as the abort is recorded.
    hold: (handler) => handler,
  });
  registerRoute(
    "copyTimeline",
    "copies/{id}/timeline",
    routeMethods({ GET: copyTimeline(requests) }),
  );
  registerRoute("copyRetry", "copies/{id}/retry", routeMethods({ POST: retryCopy(requests) }));
  const jobs = { ...requests, currentTraceparent };
  const registerJob = (
    name: string,
    route: string,
    handlers: Partial<Record<"GET" | "POST" | "DELETE", HttpHandler>>,
  ) => registerRoute(name, route, routeMethods(handlers), { hold: holdJob });
  registerJob("jobs", "jobs", { GET: listJobs(jobs), POST: startJob(jobs) });
  registerJob("job", "jobs/{id}", { GET: getJob(jobs), DELETE: deleteJob(jobs) });
  registerJob("jobAbort", "jobs/{id}/abort", { POST: abortJob(jobs) });
  registerJob("jobPause", "jobs/{id}/pause", { POST: pauseJob(jobs) });
  registerJob("jobResume", "jobs/{id}/resume", { POST: resumeJob(jobs) });
  registerJob("jobStart", "jobs/{id}/start", { POST: startPlannedJob(jobs) });
  app.http("openapi", {
    route: "openapi.json",
    methods: [...allMethods],
    authLevel: "anonymous",
    handler: routeMethods({ GET: () => documentResponse() }),
  });
  registerHealth([]);
  registerDashboard();

  const onEvent = inEvent(
    storageEvent({
      ...requests,
      report: (event) => dependencies.activities.notifications.report(event),
    }),
  );
  df.app.client.eventGrid("storageEvents", { handler: onEvent });
  const { eventQueue } = dependencies;
  if (eventQueue !== null) {
    const { queueName, connection } = eventQueue;
    df.app.client.storageQueue(eventQueueFunction, { queueName, connection, handler: onEvent });
  }
  df.app.client.timer("watchdog", {
    schedule: maintenance.watchdogSchedule,
    handler: inTick(watchdog(maintenance)),
  });
  df.app.client.timer("purge", { schedule: purgeSchedule, handler: inTick(purge(maintenance)) });

  df.app.orchestration(orchestrations.copy, copyOrchestration);
  df.app.orchestration(orchestrations.repair, repairOrchestration);
  df.app.orchestration(orchestrations.job, jobOrchestration);

  const handlers = createActivities(dependencies.activities);
  registerWaking(activities.start, handlers.startCopy);
  df.app.activity(activities.read, { handler: inStep(handlers.readCopy) });
  df.app.activity(activities.abort, { handler: inStep(handlers.abortCopy) });
  registerWaking(activities.settle, handlers.settleCopy);
  df.app.activity(activities.notify, { handler: inStep(handlers.sendNotifications) });
  const { workOnJob } = createJobActivities(dependencies.activities);
  df.app.activity(activities.job, { handler: inStep(workOnJob) });
}

/** Runs an HTTP handler in the trace of its caller (header `traceparent`). */
function inRequest(handler: HttpHandler): HttpHandler {
  return (request, client, context) =>
    inInvocation(context, { traceparent: request.headers.get("traceparent") }, () =>
      handler(request, client, context),
    );
}

function inEvent(handler: EventHandler): EventHandler {
  return (event, client, context) =>
    inInvocation(context, { traceparent: readEventTraceparent(event) }, () =>
      handler(event, client, context),
    );
}

function inTick(handler: TimerHandler): TimerHandler {
  return (timer, client, context) =>
    inInvocation(context, { traceparent: null }, () => handler(timer, client, context));
}

/** Runs an activity in the trace of its copy or job. */
function inStep<Input, Result>(
  handler: (input: Input, context: InvocationContext) => Promise<Result>,
): (input: Input, context: InvocationContext) => Promise<Result> {
  return (input, context) =>
    inInvocation(context, readStepCaller(input), () => handler(input, context));
}

/** Registers an activity that may free a destination. It gets a durable client, to wake the next waiter. */
function registerWaking<Input, Result>(
  name: string,
  handler: (input: Input, context: ActivityContext) => Promise<Result>,
): void {
  df.app.activity(name, {
    extraInputs: [df.input.durableClient()],
    handler: inStep((input: Input, context) =>
      handler(input, {
        log: (line) => context.log(line),
        wake: (id) => createWakeWaiter(df.getClient(context))(id),
      }),
    ),
  });
}

/**
 * Registers health. It is the only function of an app with invalid settings: if the app threw instead, the host would
 * respond with 404 on every path.
 */
export function registerHealth(settingProblems: readonly string[]): void {
  app.http("health", {
    route: "health",
    methods: [...allMethods],
    authLevel: "anonymous",
    handler: routeMethods({ GET: health(settingProblems) }),
  });
}

/** Registers the page that shows the copies. It is a client of the API, and shows which settings are wrong. */
export function registerDashboard(): void {
  app.http("dashboard", {
    route: "dashboard/{file?}",
    methods: [...allMethods],
    authLevel: "anonymous",
    handler: routeMethods({ GET: servePage() }),
  });
}

/** Escapes control characters in every line that a function logs: lines may quote names and messages of other systems. */
function escapeLogLines(): void {
  app.hook.log((line) => {
    line.message = printable(line.message);
  });
}
