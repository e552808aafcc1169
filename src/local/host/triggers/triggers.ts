import type { Clock } from "../../clock.ts";
import type { DurableEngine } from "../../durable/api/engine-api.ts";
import { findAdminRoute } from "./admin.ts";
import { type AppFunction, appFunctions, withTrigger } from "../worker/app-functions.ts";
import type { StartedApp } from "../worker/app-start.ts";
import { receiveEvents } from "./event-grid.ts";
import { createKeyCheck, readFunctionKeys, refuseKey } from "../http/function-keys.ts";
import { openHttpRoutes } from "../http/http-routes.ts";
import { jsonTypes, refuseBodyType } from "../http/json-bodies.ts";
import type { HostRequest, HostResponse } from "../http/http-server.ts";
import type { Invocation, InvocationOutcome } from "../worker/invocation.ts";
import type { TypedData } from "../worker/typed-data.ts";
import type { Logger } from "../../log.ts";
import { startTimers, type TimerFunction } from "./timer-trigger.ts";
import { startQueueTriggers } from "./queue-trigger.ts";
import type { QueueFunction, QueuesOptions } from "./queue-trigger.ts";
import {
  matchLocalRpc,
  matchWebhook,
  type Webhook,
  withContentLength,
  withLocalRpc,
} from "./webhooks.ts";

/** Everything that invokes the app's functions, except the durable engine. */
export type Triggers = {
  functions: readonly TriggeredFunction[];
  /** Runs one function with its trigger's value, without going through the trigger. */
  run(invocation: Invocation): Promise<InvocationOutcome>;
  /** Returns the values of the functions' further input bindings, by binding type. */
  extraInputs(): Readonly<Record<string, TypedData>>;
  /** Returns the URL to which Event Grid delivers events for a function, with its key if the host has keys. */
  eventGridUrl(functionName: string): string;
  /** Handles every request to the host. */
  respond(request: HostRequest): Promise<HostResponse>;
  /**
   * Stops accepting new work: timers and queues stop, and requests get 503. Requests to the task hub are still accepted,
   * because running invocations can need it.
   */
  drain(): void;
  /** Waits until no message of a queue is being handled. */
  idle(): Promise<void>;
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
  /** host.json's `extensions.queues`. */
  queues: QueuesOptions;
  /** The file that stores the timers' times; undefined to keep them in memory. */
  timerStatusFile: string | undefined;
  origin: string;
};

/** HostAvailabilityCheckMiddleware.cs. */
export const hostNotRunning: HostResponse = {
  status: 503,
  headers: {},
  body: "Function host is not running.",
};

/** HomepageMiddleware.cs: the response if no function has this route. */
const homePage: HostResponse = {
  status: 200,
  headers: { "content-type": "text/html" },
  body: "<!DOCTYPE html><title>Functions</title><p>The local Functions host is running.",
};

const notFound: HostResponse = { status: 404, headers: {}, body: "" };

/** Connects every trigger of the app. Throws for an invalid route or schedule. */
export function openTriggers(options: TriggersOptions): Triggers {
  const { started, engine, clock, logger } = options;
  const functions = appFunctions(started.app, process.env);
  const { origin } = options;
  const keys = readFunctionKeys(process.env, () => readSystemKey(engine.clientBinding(origin)));
  const checkKey = createKeyCheck(keys);
  const durableClient = () => {
    const binding = engine.clientBinding(origin);
    return { string: keys === undefined ? binding : withLocalRpc(binding, origin) };
  };
  // Built only for functions with the binding, so that an error in building it fails only those.
  const extraInputs = () => ({
    get durableClient() {
      return durableClient();
    },
    get orchestrationClient() {
      return durableClient();
    },
  });
  const run = (invocation: Invocation) => {
    return started.run({ ...invocation, extraInputs: extraInputs() });
  };
  /** Logs an invocation that has no request line. */
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
    checkKey,
    run,
    logger,
  });
  const events = {
    functions: withTrigger(functions, "eventGridTrigger").map(({ name }) => name),
    // Every blob write causes an event, including writes of the app's own state, and few of these events are of interest.
    run: runAndLog("debug"),
  };
  const admin = {
    functions,
    keys,
    logger,
    urlOf: (name: string) => {
      const found = http.functions.find((each) => each.name === name);
      return found === undefined ? undefined : `${origin}/${found.route}`;
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
    logger,
  });
  const queueTriggers = startQueueTriggers({
    functions: withTrigger(functions, "queueTrigger").map(readQueueFunction),
    queues: options.queues,
    clock,
    environment: process.env,
    run: runVisibly,
    logger,
  });
  const callWebhook = async (webhook: Webhook, request: HostRequest): Promise<HostResponse> => {
    switch (webhook.extension) {
      case "durabletask":
        return manage(engine, request, webhook.path);
      case "eventgrid": {
        const refused = refuseBodyType(request, jsonTypes.eventgrid);
        const response = refused ?? (await receiveEvents(events, request));
        return response.status < 400 ? { ...response, logLevel: "debug" } : response;
      }
      default:
        return notFound;
    }
  };
  let draining = false;
  return {
    functions: functions.map(({ name, trigger }) => {
      const found = http.functions.find((each) => each.name === name);
      return { name, type: trigger.type, ...(found && { http: found }) };
    }),
    run: runVisibly,
    extraInputs,
    eventGridUrl: (name) => {
      const query = new URLSearchParams({ functionName: name });
      if (keys !== undefined) query.set("code", keys.system.eventgrid_extension);
      return `${origin}/runtime/webhooks/EventGrid?${query.toString()}`;
    },
    drain: () => {
      draining = true;
      timers.stop();
      queueTriggers.stop();
    },
    idle: queueTriggers.idle,
    async respond(request) {
      const localRpc = keys === undefined ? undefined : matchLocalRpc(request);
      if (localRpc !== undefined) return manage(engine, request, localRpc);
      const webhook = matchWebhook(request);
      if (draining && webhook?.extension !== "durabletask") return hostNotRunning;
      if (webhook !== undefined) {
        const refused = refuseKey(checkKey(request, `${webhook.extension}_extension`));
        return refused ?? withContentLength(await callWebhook(webhook, request));
      }
      const adminRoute = findAdminRoute(admin, request);
      if (adminRoute !== undefined) {
        return (
          refuseKey(checkKey(request, adminRoute.requiredKey)) ??
          refuseBodyType(request, jsonTypes.admin) ??
          adminRoute.respond()
        );
      }
      return (await http.respond(request)) ?? (request.path === "/" ? homePage : notFound);
    },
  };
}

/** Its requests are logged at level debug, because nearly all of them come from the app's own durable clients. */
async function manage(
  engine: DurableEngine,
  request: HostRequest,
  path: string,
): Promise<HostResponse> {
  // The extension itself rejects events of a different type with 400.
  const isEvent = /^instances\/[^/]*\/raiseEvent\//i.test(path);
  const refused = isEvent ? undefined : refuseBodyType(request, jsonTypes.durabletask);
  if (refused !== undefined) return refused;
  const response = await engine.handle({
    method: request.method,
    path,
    query: request.url.searchParams,
    headers: request.headers,
    body: request.body.toString(),
    url: request.url,
  });
  return { ...response, logLevel: "debug" };
}

/** Reads the system key that the durable client puts into its requests; "" if the binding has none. */
function readSystemKey(clientBinding: string): string {
  const { requiredQueryStringParameters = "" }: { requiredQueryStringParameters?: string } =
    JSON.parse(clientBinding);
  return new URLSearchParams(requiredQueryStringParameters).get("code") ?? "";
}

function readQueueFunction({ name, trigger }: AppFunction): QueueFunction {
  const connection = trigger["connection"];
  return {
    name,
    queueName: String(trigger["queueName"]),
    connection: typeof connection === "string" && connection !== "" ? connection : undefined,
  };
}

function readTimerFunction({ name, trigger }: AppFunction): TimerFunction {
  return {
    name,
    schedule: String(trigger["schedule"]),
    runOnStartup: trigger["runOnStartup"] === true,
    useMonitor: trigger["useMonitor"] !== false,
  };
}
