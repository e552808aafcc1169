import type { Clock } from "../../clock.ts";
import { loadApp } from "./app-loader.ts";
import type { FunctionsApp } from "./functions-core.ts";
import {
  type Invocation,
  type InvocationOutcome,
  invoke,
  type RunningApp,
  runHooks,
} from "./invocation.ts";
import type { Logger } from "../../log.ts";

/** The app after its start, and the ways to use and to end it. */
export type StartedApp = {
  app: RunningApp;
  /** Runs one function; a failure is written to the log in full, as callers are told little of it. */
  run: (invocation: Invocation) => Promise<InvocationOutcome>;
  /** Resolves once no invocation made by `run` is under way. */
  idle: () => Promise<void>;
  /** Runs the `appTerminate` hooks; what they throw is only logged. */
  terminate: () => Promise<void>;
};

/** Loads the app, runs its `appStart` hooks and settles what host and library can do for each other. */
export async function startApp(
  appDirectory: string,
  clock: Clock,
  logger: Logger,
): Promise<StartedApp> {
  const loaded = await loadApp(appDirectory, (level, _, message) => {
    if (level !== "none") logger(level, "host", "", message);
  });
  const app: RunningApp = {
    ...loaded,
    appHookData: {},
    log: ({ functionName, level, message }) => {
      if (level !== "none") logger(level, "function", functionName, message);
    },
  };
  const { appHookData } = app;
  const context = { hookData: appHookData, appHookData, functionAppDirectory: appDirectory };
  await runHooks(app.hooks.appStart, context);
  await refuseStreaming(app);

  const underWay = new Set<Promise<unknown>>();
  return {
    app,
    run: async (invocation) => {
      const work = clock.track(invoke(app, invocation));
      underWay.add(work);
      const outcome = await work;
      underWay.delete(work);
      if (!outcome.ok) logger("error", "function", invocation.functionName, failureText(outcome));
      return outcome;
    },
    idle: async () => {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    terminate: async () => {
      await runHooks(app.hooks.appTerminate, context).catch((error: unknown) => {
        logger("error", "host", "", `An appTerminate hook failed: ${String(error)}`);
      });
    },
  };
}

/**
 * The host offers the worker's capabilities (getWorkerCapabilities.ts) and the library adds its own.
 * With `HttpUri` the library would wait for each request to come through a proxy, for ever.
 */
async function refuseStreaming(app: FunctionsApp): Promise<void> {
  const offered = {
    RawHttpBodyBytes: "true",
    RpcHttpTriggerMetadataRemoved: "true",
    RpcHttpBodyOnly: "true",
    IgnoreEmptyValuedRpcHttpHeaders: "true",
    UseNullableValueDictionaryForHttp: "true",
    WorkerStatus: "true",
    TypedDataCollection: "true",
    HandlesWorkerTerminateMessage: "true",
  };
  const capabilities = await app.model.getCapabilities(offered);
  if (capabilities["HttpUri"] === undefined) return;
  throw new Error(
    "Cannot start the app as HTTP streams are not implemented: app.setup({ enableHttpStream: true })",
  );
}

function failureText({ message, stack }: { message: string; stack: string }): string {
  return stack.includes(message) ? stack : `${message}\n${stack}`;
}
