import { resolve } from "node:path";
import type { Clock } from "../clock.ts";
import type { DurableEngine, DurableOptions } from "../durable/api/engine-api.ts";
import { openDurableEngine } from "../durable/engine.ts";
import { startApp } from "./worker/app-start.ts";
import { durableFunctions } from "./triggers/durable-triggers.ts";
import {
  type HostNames,
  readHostNames,
  refuseForeignHost,
  refuseForeignPage,
} from "./http/foreign-requests.ts";
import { type HostRequest, type HostResponse, listen } from "./http/http-server.ts";
import type { Invocation, InvocationOutcome } from "./worker/invocation.ts";
import { type HostLog, type Logger, openLogger } from "../log.ts";
import {
  applyEnvironment,
  readHostJson,
  readLocalSettings,
  resolveHubName,
} from "./host-settings.ts";
import {
  hostNotRunning,
  openTriggers,
  type TriggeredFunction,
  type Triggers,
} from "./triggers/triggers.ts";

export type HostOptions = {
  /** The folder that contains the app's package.json, host.json and local.settings.json. */
  appDirectory: string;
  clock: Clock;
  /** 0 for any free port. */
  port: number;
  /** The task hub's SQLite file, or ":memory:" for a task hub without a file. */
  stateFile: string;
  /** Settings that override local.settings.json and the machine's environment. */
  environment: Readonly<Record<string, string>>;
  log: HostLog;
  /** Gets the error when the disk is full, or the task hub's file is no longer usable. The host then responds with 503. */
  onStateError?: (error: unknown) => void;
  /** Opens the Durable engine; by default the local one. */
  openEngine?: ((options: DurableOptions) => DurableEngine | Promise<DurableEngine>) | undefined;
} & Pick<
  DurableOptions,
  "probe" | "redeliver" | "eventDelay" | "wrapActivity" | "failsOnNonDeterminism"
>;

export type FunctionsHost = {
  /** "http://127.0.0.1:<port>", without a trailing slash. */
  url: string;
  port: number;
  /** Only HTTP functions have a `route`; it includes the prefix and has no leading slash. */
  functions: readonly { name: string; type: string; route?: string }[];
  /** Returns the URL to which Event Grid delivers events for a function, with its key if the host has keys. */
  eventGridUrl(functionName: string): string;
  /** Runs one function with its trigger's value, without going through the trigger. */
  invoke(invocation: Invocation): Promise<InvocationOutcome>;
  /** Stops gracefully: accepts no new work and waits for running work. Later calls return the first call's promise. */
  close(): Promise<void>;
};

/**
 * Runs a compiled, unmodified Functions app in this process: HTTP, Event Grid, timer, orchestration and activity
 * triggers, and durable clients. Starts in the order of the Functions host and its Node.js worker
 * (WorkerInitHandler.ts). Rejects, after undoing everything, if the app cannot start.
 *
 * A process can run several hosts one after the other. While a host runs, the process has the environment and the
 * working directory of its app, as a worker has.
 */
export async function startFunctionsHost(options: HostOptions): Promise<FunctionsHost> {
  const { clock } = options;
  const appDirectory = resolve(options.appDirectory);
  const stateFile = options.stateFile === ":memory:" ? ":memory:" : resolve(options.stateFile);
  const logger = openLogger(clock, options.log);
  let respond: (request: HostRequest) => Promise<HostResponse> = unavailable;
  const server = await listen({
    port: options.port,
    clock,
    logger,
    respond: (request) => respond(request),
  });
  // The address, because "localhost" can resolve to another server that listens on this port of [::1].
  const url = `http://127.0.0.1:${server.port}`;

  /** Undoes the steps of the start; run from the last to the first. */
  const cleanups: (() => unknown)[] = [() => server.close()];
  const cleanUp = async () => {
    respond = unavailable;
    for (const step of cleanups.toReversed()) await step();
  };
  let hasState = true;
  try {
    const hostJson = await readHostJson(appDirectory);
    cleanups.unshift(await enterApp(options, appDirectory, server.port, logger));
    const started = await startApp(appDirectory, clock, logger);
    cleanups.push(started.terminate);
    // The engine runs activities only after the triggers are open.
    let extraInputs: Triggers["extraInputs"] = () => ({});
    const engine = await (options.openEngine ?? openDurableEngine)({
      clock,
      file: stateFile,
      hubName: resolveHubName(hostJson.hubName, process.env),
      functions: durableFunctions(started.app, { clock, logger }, () => extraInputs()),
      maxConcurrentOrchestrators: hostJson.maxConcurrentOrchestrators,
      maxConcurrentActivities: hostJson.maxConcurrentActivities,
      visibilityTimeouts: hostJson.visibilityTimeouts,
      log: ({ level, instanceId, message }) => logger(level, "orchestration", instanceId, message),
      onFileError(error) {
        hasState = false;
        options.onStateError?.(error);
      },
      probe: options.probe,
      redeliver: options.redeliver,
      eventDelay: options.eventDelay,
      wrapActivity: options.wrapActivity,
      failsOnNonDeterminism: options.failsOnNonDeterminism,
    });
    let stopped: Promise<void> | undefined;
    const stopEngine = () => (stopped ??= engine.stop());
    cleanups.push(stopEngine);
    const triggers = openTriggers({
      started,
      engine,
      clock,
      logger,
      routePrefix: hostJson.routePrefix,
      queues: hostJson.queues,
      timerStatusFile: stateFile === ":memory:" ? undefined : `${stateFile}.timers.json`,
      origin: url,
    });
    ({ extraInputs } = triggers);
    engine.start();
    const names = readHostNames(process.env);
    respond = async (request) => {
      const refusal = refuseForeign(request, names, logger);
      if (refusal !== undefined) return refusal;
      if (!hasState) return hostNotRunning;
      return triggers.respond(request).catch((error: unknown) => {
        if (hasState) throw error;
        return hostNotRunning;
      });
    };
    logFunctions(triggers.functions, url, logger);

    const close = async () => {
      // Running invocations can still call their durable client, so the task hub keeps accepting requests.
      triggers.drain();
      await started.idle();
      await triggers.idle();
      await stopEngine();
      await cleanUp();
    };
    let closing: Promise<void> | undefined;
    return {
      url,
      port: server.port,
      functions: triggers.functions.map(({ name, type, http }) =>
        http === undefined ? { name, type } : { name, type, route: http.route },
      ),
      eventGridUrl: triggers.eventGridUrl,
      invoke: triggers.run,
      close: () => (closing ??= close()),
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

/** Rejects requests of web pages to every route. Only the log contains the foreign name, not the response. */
function refuseForeign(
  request: HostRequest,
  names: HostNames,
  logger: Logger,
): HostResponse | undefined {
  const { method, path, headers } = request;
  const refusal = refuseForeignHost(request, names) ?? refuseForeignPage(headers, names);
  if (refusal === undefined) return undefined;
  const { host, origin } = headers;
  const sent = JSON.stringify({ host, origin, "sec-fetch-site": headers["sec-fetch-site"] });
  logger("warning", "host", `${method} ${path}`, `${refusal.reason}: ${sent.slice(0, 500)}`);
  return {
    status: refusal.status,
    headers: { "content-type": "text/plain; charset=utf-8" },
    body: refusal.reason,
  };
}

/** Responds to requests while the app loads and after the host has stopped. */
async function unavailable(): Promise<HostResponse> {
  return hostNotRunning;
}

/** Sets the process's environment and working directory for the app. Returns a function that restores both. */
async function enterApp(
  options: HostOptions,
  appDirectory: string,
  port: number,
  logger: Logger,
): Promise<() => void> {
  const { shadowed, restore } = applyEnvironment(await readLocalSettings(appDirectory), {
    AZURE_FUNCTIONS_ENVIRONMENT: "Development",
    ...options.environment,
    WEBSITE_HOSTNAME: `127.0.0.1:${port}`, // without it the Durable library assumes port 7071
    AzureWebJobsScriptRoot: appDirectory,
    FUNCTIONS_WORKER_RUNTIME: "node",
  });
  for (const name of shadowed) {
    const message = `"${name}" of local.settings.json is ignored because the environment sets it`;
    logger("warning", "host", "", message);
  }
  const before = process.cwd();
  if (before !== appDirectory) process.chdir(appDirectory);
  return () => {
    if (before !== appDirectory) process.chdir(before);
    restore();
  };
}

/** Lists the functions in the log, as Core Tools does. */
function logFunctions(functions: readonly TriggeredFunction[], url: string, logger: Logger): void {
  for (const { name, type, http } of functions) {
    const line = http === undefined ? type : `${url}/${http.route}`;
    logger("information", "host", name, line);
  }
}
