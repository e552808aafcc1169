import { resolve } from "node:path";
import type { Clock } from "../clock.ts";
import type { DurableEngine, DurableOptions } from "../durable/api/engine-api.ts";
import { openDurableEngine } from "../durable/engine.ts";
import { startApp } from "./worker/app-start.ts";
import { durableFunctions } from "./triggers/durable-triggers.ts";
import { type HostRequest, type HostResponse, listen } from "./http/http-server.ts";
import type { Invocation, InvocationOutcome } from "./worker/invocation.ts";
import { type HostLog, type Logger, openLogger } from "../log.ts";
import {
  applyEnvironment,
  readHostJson,
  readLocalSettings,
  resolveHubName,
} from "./host-settings.ts";
import { openTriggers, type TriggeredFunction } from "./triggers/triggers.ts";

export type HostOptions = {
  /** Where package.json, host.json and local.settings.json of the app are. */
  appDirectory: string;
  clock: Clock;
  /** 0 for any free port. */
  port: number;
  /** The task hub's SQLite file, or ":memory:" for one that ends with the host. */
  stateFile: string;
  /** Settings that win over local.settings.json and over the machine's environment. */
  environment: Readonly<Record<string, string>>;
  log: HostLog;
  /** Opens the Durable engine; by default the local one. */
  openEngine?: ((options: DurableOptions) => DurableEngine | Promise<DurableEngine>) | undefined;
} & Pick<DurableOptions, "probe" | "redeliver" | "within" | "driftFails">;

export type FunctionsHost = {
  /** "http://localhost:<port>", without a slash at the end. */
  url: string;
  port: number;
  /** `route` is that of an HTTP function, with the prefix and without a leading slash. */
  functions: readonly { name: string; type: string; route?: string }[];
  /** Runs one function with its trigger's value, past all triggers. */
  invoke(invocation: Invocation): Promise<InvocationOutcome>;
  /** Ends gracefully: takes no new work and lets what runs finish. Later calls join the first. */
  close(): Promise<void>;
};

/**
 * Runs a compiled Functions app, unmodified, in this process: HTTP, Event Grid, timer, orchestration
 * and activity triggers, and durable clients. Boots in the order of the Functions host and its
 * Node.js worker (WorkerInitHandler.ts). Rejects, with everything undone, where the app cannot start.
 *
 * Hosts may follow one another in a process. While one runs, the environment and the working
 * directory of the process are those of its app, as they are in a worker.
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
  const url = `http://localhost:${server.port}`;

  /** What has been begun, to be ended in the opposite order. */
  const ends: (() => unknown)[] = [() => server.close()];
  const end = async () => {
    respond = unavailable;
    for (const step of ends.toReversed()) await step();
  };
  try {
    const hostJson = await readHostJson(appDirectory);
    ends.unshift(await enterApp(options, appDirectory, server.port, logger));
    const started = await startApp(appDirectory, clock, logger);
    ends.push(started.terminate);
    const engine = await (options.openEngine ?? openDurableEngine)({
      clock,
      file: stateFile,
      hubName: resolveHubName(hostJson.hubName, process.env),
      functions: durableFunctions(started.app, { clock, logger }),
      maxConcurrentOrchestrators: hostJson.maxConcurrentOrchestrators,
      maxConcurrentActivities: hostJson.maxConcurrentActivities,
      log: ({ level, instanceId, message }) => logger(level, "orchestration", instanceId, message),
      probe: options.probe,
      redeliver: options.redeliver,
      within: options.within,
      driftFails: options.driftFails,
    });
    let stopped: Promise<void> | undefined;
    const stopEngine = () => (stopped ??= engine.stop());
    ends.push(stopEngine);
    const triggers = openTriggers({
      started,
      engine,
      clock,
      logger,
      routePrefix: hostJson.routePrefix,
      timerStatusFile: stateFile === ":memory:" ? undefined : `${stateFile}.timers.json`,
      origin: url,
    });
    engine.start();
    respond = (request) => triggers.respond(request);
    announce(triggers.functions, url, logger);

    const close = async () => {
      // Work under way may still call its durable client, so the task hub goes on answering.
      triggers.drain();
      await started.idle();
      await stopEngine();
      await end();
    };
    let closing: Promise<void> | undefined;
    return {
      url,
      port: server.port,
      functions: triggers.functions.map(({ name, type, http }) =>
        http === undefined ? { name, type } : { name, type, route: http.route },
      ),
      invoke: triggers.run,
      close: () => (closing ??= close()),
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** While the app loads, and after it has ended. */
async function unavailable(): Promise<HostResponse> {
  return { status: 503, headers: { "retry-after": "1" }, body: "" };
}

/** Gives the process the app's settings and directory; the result puts back what was there before. */
async function enterApp(
  options: HostOptions,
  appDirectory: string,
  port: number,
  logger: Logger,
): Promise<() => void> {
  const { shadowed, restore } = applyEnvironment(await readLocalSettings(appDirectory), {
    ...options.environment,
    WEBSITE_HOSTNAME: `localhost:${port}`, // without it the Durable library assumes port 7071
    AzureWebJobsScriptRoot: appDirectory,
    AZURE_FUNCTIONS_ENVIRONMENT: "Development",
    FUNCTIONS_WORKER_RUNTIME: "node",
  });
  for (const name of shadowed) {
    const message = `"${name}" of local.settings.json is skipped: the environment has its own`;
    logger("warning", "host", "", message);
  }
  const before = process.cwd();
  if (before !== appDirectory) process.chdir(appDirectory);
  return () => {
    if (before !== appDirectory) process.chdir(before);
    restore();
  };
}

/** What there is to call, as Core Tools lists it. */
function announce(functions: readonly TriggeredFunction[], url: string, logger: Logger): void {
  for (const { name, type, http } of functions) {
    const line = http === undefined ? type : `${url}/${http.route}`;
    logger("information", "host", name, line);
  }
}
