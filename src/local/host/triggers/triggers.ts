import type { Clock } from "../../clock.ts";
import type { DurableEngine } from "../../durable/api/engine-api.ts";
import { respondAdmin } from "./admin.ts";
import { type AppFunction, appFunctions, withTrigger } from "../worker/app-functions.ts";
import type { StartedApp } from "../worker/app-start.ts";
import { receiveEvents } from "./event-grid.ts";
import { openHttpRoutes } from "../http/http-routes.ts";
import type { HostRequest, HostResponse } from "../http/http-server.ts";
import type { Invocation, InvocationOutcome } from "../worker/invocation.ts";
import type { Logger } from "../../log.ts";
import { startTimers, type TimerFunction } from "./timer-trigger.ts";

/** Everything that invokes the app's functions, except the durable engine. */
export type Triggers = {
  functions: readonly TriggeredFunction[];
  /** Runs one function with its trigger's value, without going through the trigger. */
  run(invocation: Invocation): Promise<InvocationOutcome>;
  /** Handles every request to the host. */
  respond(request: HostRequest): Promise<HostResponse>;
  /**
   * Accepts no new work: timers stop, and requests get 503. Requests to the task hub are still accepted, because
   * running invocations can need it.
   */
  drain(): void;
};

export type TriggeredFunction = {
  name: string;
  type: string;
  /** Only for HTTP functions. The route includes the prefix and has no leading slash. */
  http?: { route: string; methods: readonly string[] };
};

export type TriggersOptions = {
  started: StartedApp;
  engine: DurableEngine;
  clock: Clock;
  logger: Logger;
  routePrefix: string;
  /** The file that keeps the timers' times; undefined to keep them in memory. */
  timerStatusFile: string | undefined;
  origin: string;
};

const managementPrefix = "/runtime/webhooks/durabletask/";
const eventGridPath = "/runtime/webhooks/eventgrid";

/** Connects every trigger of the app. Throws for an invalid route or schedule. */
export function openTriggers(options: TriggersOptions): Triggers {
  const { started, engine, clock, logger } = options;
  const functions = appFunctions(started.app, process.env);
  // The address, because "localhost" could reach another server that listens on this port with IPv6.
  const client = { string: engine.clientBinding(options.origin.replace("localhost", "127.0.0.1")) };
  const extraInputs = { durableClient: client, orchestrationClient: client };
  const run = (invocation: Invocation) => started.run({ ...invocation, extraInputs });
  /** Logs an invocation that has no request line of its own. */
  const runAndLog = (successLevel: "debug" | "information") => async (invocation: Invocation) => {
    const startedAt = clock.now();
    const outcome = await run(invocation);
    const result = outcome.ok ? "done" : "failed";
    const line = `${result} in ${clock.now() - startedAt} ms`;
    const level = outcome.ok ? successLevel : "information";
    logger(level, "function", invocation.functionName, line);
    return outcome;
  };
  const runVisibly = runAndLog("information");

  const http = openHttpRoutes({
    functions,
    routePrefix: options.routePrefix,
    run,
    logger,
  });
  const events = {
    functions: withTrigger(functions, "eventGridTrigger").map(({ name }) => name),
    // Every written blob causes an event, including the app's own state, and few are of interest.
    run: runAndLog("debug"),
  };
  const admin = {
    functions,
    urlOf: (name: string) => {
      const found = http.functions.find((each) => each.name === name);
      return found === undefined ? undefined : `${options.origin}/${found.route}`;
    },
    startedAt: clock.now(),
    clock,
    run: runVisibly,
  };
  const timers = startTimers({
    functions: withTrigger(functions, "timerTrigger").map(readTimerFunction),
    clock,
    environment: process.env,
    run: runVisibly,
    statusFile: options.timerStatusFile,
  });
  let draining = false;
  return {
    functions: functions.map(({ name, trigger }) => {
      const found = http.functions.find((each) => each.name === name);
      return { name, type: trigger.type, ...(found && { http: found }) };
    }),
    run: runVisibly,
    drain: () => {
      draining = true;
      timers.stop();
    },
    async respond(request) {
      const path = request.path.toLowerCase();
      if (path.startsWith(managementPrefix)) return manage(engine, request);
      if (draining) return { status: 503, headers: { "retry-after": "1" }, body: "" };
      if (path === eventGridPath) {
        const response = await receiveEvents(events, request);
        return response.status < 400 ? { ...response, logLevel: "debug" } : response;
      }
      if (path.startsWith("/admin/")) return respondAdmin(admin, request);
      return (await http.respond(request)) ?? { status: 404, headers: {}, body: "" };
    },
  };
}

/** Logged at level debug, because nearly all of these requests come from the app's own durable clients. */
async function manage(engine: DurableEngine, request: HostRequest): Promise<HostResponse> {
  const response = await engine.handle({
    method: request.method,
    path: request.path.slice(managementPrefix.length),
    query: request.url.searchParams,
    headers: request.headers,
    body: request.body.toString(),
    url: request.url,
  });
  return { ...response, logLevel: "debug" };
}

function readTimerFunction({ name, trigger }: AppFunction): TimerFunction {
  return {
    name,
    schedule: String(trigger["schedule"]),
    runOnStartup: trigger["runOnStartup"] === true,
    useMonitor: trigger["useMonitor"] !== false,
  };
}
