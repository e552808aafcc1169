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

/** A started app, with functions to invoke and to stop it. */
export type StartedApp = {
  app: RunningApp;
  /** Runs one function. Logs failures in full, because callers receive no details. */
  run: (invocation: Invocation) => Promise<InvocationOutcome>;
  /** Resolves when no invocation made by `run` is in flight. */
  idle: () => Promise<void>;
  /** Runs the `appTerminate` hooks. Logs their errors and does not reject. */
  terminate: () => Promise<void>;
};

/** Loads the app, runs its `appStart` hooks and exchanges capabilities with the library. */
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

  const inFlight = new Set<Promise<unknown>>();
  return {
    app,
    run: async (invocation) => {
      const work = clock.track(invoke(app, invocation));
      inFlight.add(work);
      const outcome = await work;
      inFlight.delete(work);
      if (!outcome.ok) logger("error", "function", invocation.functionName, failureText(outcome));
      return outcome;
    },
    idle: async () => {
      while (inFlight.size > 0) await Promise.all(inFlight);
    },
    terminate: async () => {
      await runHooks(app.hooks.appTerminate, context).catch((error: unknown) => {
        logger("error", "host", "", `An appTerminate hook failed: ${String(error)}`);
      });
    },
  };
}

/**
 * The host offers the worker's capabilities (getWorkerCapabilities.ts), and the library adds its own. Throws for
 * `HttpUri`, because with it the library would wait forever for each request to arrive through a proxy.
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
    "Cannot start the app because HTTP streams are not implemented: app.setup({ enableHttpStream: true })",
  );
}

function failureText({ message, stack }: { message: string; stack: string }): string {
  return stack.includes(message) ? stack : `${message}\n${stack}`;
}
