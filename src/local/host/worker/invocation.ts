import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import type {
  Binding,
  CoreInvocationContext,
  CoreLogCategory,
  CoreLogLevel,
  FunctionMetadata,
  FunctionsApp,
  HookCallback,
} from "./functions-core.ts";
import type { TypedData } from "./typed-data.ts";

/** One call of a function: its trigger's value and the values of its other input bindings. */
export type Invocation = {
  functionName: string;
  /** The trigger's value. */
  trigger: TypedData;
  /** Values of further input bindings, by binding type, e.g. `{ durableClient: … }`. */
  extraInputs?: Readonly<Record<string, TypedData>>;
  triggerMetadata?: Record<string, TypedData>;
};

/**
 * A failure contains the fields of the worker's `RpcException`: message and stack trace. `context` is the function's
 * invocation context; undefined if the call failed before it was created.
 */
export type InvocationOutcome = { invocationId: string; context: unknown } & (
  | { ok: true; returnValue: TypedData | null | undefined }
  | { ok: false; message: string; stack: string }
);

export type InvocationLog = (entry: InvocationLogEntry) => void;

export type InvocationLogEntry = {
  functionName: string;
  level: CoreLogLevel;
  category: CoreLogCategory;
  message: string;
};

/** The running app: its registrations and the data that its hooks share. */
export type RunningApp = FunctionsApp & {
  /** The `hookData` that app-level hooks write and every invocation's hooks can read. */
  appHookData: Record<string, unknown>;
  log: InvocationLog;
};

/**
 * Runs one function once, in the order of the Node.js worker (InvocationHandler.ts): arguments, `preInvocation` hooks,
 * function, `postInvocation` hooks, response. Hooks can replace inputs, function, result and error. Never rejects: any
 * error is a failed outcome.
 */
export async function invoke(app: RunningApp, invocation: Invocation): Promise<InvocationOutcome> {
  const invocationId = randomUUID();
  const shared: SharedByHooks = {
    hookData: {},
    appHookData: app.appHookData,
    invocationContext: undefined,
  };
  try {
    const returnValue = await run(app, invocation, invocationId, shared);
    return { ok: true, invocationId, context: shared.invocationContext, returnValue };
  } catch (thrown) {
    const { message, stack = "" } = toError(thrown);
    return { ok: false, invocationId, context: shared.invocationContext, message, stack };
  }
}

type SharedByHooks = {
  hookData: Record<string, unknown>;
  appHookData: Record<string, unknown>;
  invocationContext: unknown;
};

async function run(
  app: RunningApp,
  invocation: Invocation,
  invocationId: string,
  shared: SharedByHooks,
): Promise<TypedData | null | undefined> {
  const registered = app.functions.get(invocation.functionName);
  if (registered === undefined) {
    throw new Error(
      `Cannot invoke function because the app registered no function of that name: "${invocation.functionName}"`,
    );
  }
  const { metadata } = registered;
  const core: CoreInvocationContext = {
    invocationId,
    request: {
      invocationId,
      functionId: metadata.functionId ?? metadata.name,
      inputData: buildInputData(metadata, invocation),
      triggerMetadata: invocation.triggerMetadata ?? {},
    },
    metadata,
    state: undefined,
    log: (level, category, message) =>
      writeLog(app, shared, { functionName: metadata.name, level, category, message }),
  };
  const model = app.model.getInvocationModel(core);
  const { context, inputs } = await model.getArguments();
  shared.invocationContext = context;

  core.state = "preInvocationHooks";
  const before = createHookContext(shared, { inputs, functionCallback: registered.callback });
  await runHooks(app.hooks.preInvocation, before);

  core.state = "invocation";
  const after = createHookContext<PostInvocation>(shared, {
    inputs: before.inputs,
    result: null,
    error: null,
  });
  try {
    after.result = await model.invokeFunction(context, before.inputs, before.functionCallback);
  } catch (thrown) {
    after.error = thrown;
  }

  core.state = "postInvocationHooks";
  await runHooks(app.hooks.postInvocation, after);
  core.state = undefined; // from now on the library warns about late log lines
  // A hook clears a failure by setting `error` to null, and causes one by setting it to another value.
  if (after.error !== null && after.error !== undefined) throw after.error;

  const response = await model.getResponse(context, after.result);
  return response.returnValue;
}

type PostInvocation = { inputs: unknown[]; result: unknown; error: unknown };

/** The library finds each value's binding by its key, and passes trigger values as arguments. */
function buildInputData(
  metadata: FunctionMetadata,
  invocation: Invocation,
): { name: string; data: TypedData }[] {
  return Object.entries(metadata.bindings)
    .filter(([, binding]) => binding.direction === "in")
    .map(([name, binding]) => ({ name, data: pickValue(binding, invocation) }));
}

function pickValue(binding: Binding, invocation: Invocation): TypedData {
  if (/trigger$/i.test(binding.type)) return invocation.trigger;
  return invocation.extraInputs?.[binding.type] ?? {};
}

/** Hooks can write `fields`; the shared properties are read-only, as in the library's HookContext. */
function createHookContext<T extends object>(shared: SharedByHooks, fields: T): T {
  const fixed = Object.entries(shared).map(([key, value]) => [key, { value, enumerable: true }]);
  return Object.defineProperties({ ...fields }, Object.fromEntries(fixed));
}

/** Runs hooks one after the other, in the order of registration. Stops at the first error. */
export async function runHooks(hooks: readonly HookCallback[], context: object): Promise<void> {
  for (const hook of hooks) await hook(context);
}

/** `log` hooks run synchronously and can change level and message (WorkerChannel.ts of the worker). */
function writeLog(app: RunningApp, shared: SharedByHooks, entry: InvocationLogEntry): void {
  const { functionName, category, ...changeable } = entry;
  const context = { ...changeable, category, ...shared };
  for (const hook of app.hooks.log) {
    try {
      hook(context);
    } catch (thrown) {
      app.log({ ...entry, level: "warning", message: `A log hook failed: ${toError(thrown)}` });
    }
  }
  app.log({ functionName, category, level: context.level, message: context.message });
}

/** Converts a thrown value as the worker's ensureErrorType does. */
function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  if (thrown === undefined || thrown === null) return new Error("Unknown error");
  if (typeof thrown === "string") return new Error(thrown);
  if (typeof thrown !== "object") return new Error(inspect(thrown));
  try {
    return new Error(JSON.stringify(thrown));
  } catch {
    // The value contains cycles.
    return new Error(`Thrown value is not an Error, with keys: ${Object.keys(thrown).join(", ")}`);
  }
}
