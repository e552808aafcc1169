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

/** What calls the app's functions, apart from the durable engine. */
export type Triggers = {
  functions: readonly TriggeredFunction[];
  /** Runs one function with its trigger's value, past its trigger. */
  run(invocation: Invocation): Promise<InvocationOutcome>;
  /** Answers any request to the host. */
  respond(request: HostRequest): Promise<HostResponse>;
  /**
   * No new work from here on: timers stop and requests get 503, except those to the task hub, which
   * the invocations still under way may need.
   */
  drain(): void;
};

export type TriggeredFunction = {
  name: string;
  type: string;
  /** Of HTTP functions only; the route has the prefix and no leading slash. */
  http?: { route: string; methods: readonly string[] };
};

export type TriggersOptions = {
  started: StartedApp;
  engine: DurableEngine;
  clock: Clock;
  logger: Logger;
  routePrefix: string;
  /** Where timers keep their times; undefined to forget them. */
  timerStatusFile: string | undefined;
  origin: string;
};

const managementPrefix = "/runtime/webhooks/durabletask/";
const eventGridPath = "/runtime/webhooks/eventgrid";

/** Wires every trigger of the app; throws on a route or schedule that cannot be used. */
export function openTriggers(options: TriggersOptions): Triggers {
  const { started, engine, clock, logger } = options;
  const functions = appFunctions(started.app, process.env);
  // By address: "localhost" could reach another server that has this port on IPv6.
  const origin = options.origin.replace("localhost", "127.0.0.1");
  const run = (invocation: Invocation) => {
    const client = { string: engine.clientBinding(origin) };
    const extraInputs = { durableClient: client, orchestrationClient: client };
    return started.run({ ...invocation, extraInputs });
  };
  /** Where no request leaves a line of its own. */
  const withLine = (ofSuccess: "debug" | "information") => async (invocation: Invocation) => {
    const began = clock.now();
    const outcome = await run(invocation);
    const ending = outcome.ok ? "done" : "failed";
    const line = `${ending} in ${clock.now() - began} ms`;
    const level = outcome.ok ? ofSuccess : "information";
    logger(level, "function", invocation.functionName, line);
    return outcome;
  };
  const runWithLine = withLine("information");

  const http = openHttpRoutes({
    functions,
    routePrefix: options.routePrefix,
    run,
    logger,
  });
  const events = {
    functions: withTrigger(functions, "eventGridTrigger").map(({ name }) => name),
    // Every blob that is written is an event, those of the app's own state too, and few mean anything.
    run: withLine("debug"),
  };
  const admin = {
    functions,
    urlOf: (name: string) => {
      const found = http.functions.find((each) => each.name === name);
      return found === undefined ? undefined : `${options.origin}/${found.route}`;
    },
    startedAt: clock.now(),
    clock,
    run: runWithLine,
  };
  const timers = startTimers({
    functions: withTrigger(functions, "timerTrigger").map(timerFunction),
    clock,
    environment: process.env,
    run: runWithLine,
    statusFile: options.timerStatusFile,
  });
  let draining = false;
  return {
    functions: functions.map(({ name, trigger }) => {
      const found = http.functions.find((each) => each.name === name);
      return { name, type: trigger.type, ...(found && { http: found }) };
    }),
    run: runWithLine,
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

/** Mostly the app's own durable clients calling, so their lines would only double what others say. */
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

function timerFunction({ name, trigger }: AppFunction): TimerFunction {
  return {
    name,
    schedule: String(trigger["schedule"]),
    runOnStartup: trigger["runOnStartup"] === true,
    useMonitor: trigger["useMonitor"] !== false,
  };
}
