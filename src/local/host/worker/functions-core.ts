import { Module } from "node:module";
import type { TypedData } from "./typed-data.ts";

/**
 * The module `@azure/functions-core`, which only a Functions host supplies. The library `@azure/functions` loads it
 * with `require` and registers the app's functions and hooks with it. Members and messages follow setupCoreModule.ts
 * and registerFunction.ts of the Node.js worker.
 */
export type FunctionsCore = {
  version: string;
  readonly hostVersion: string;
  setProgrammingModel(model: ProgrammingModel): void;
  getProgrammingModel(): ProgrammingModel | undefined;
  registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): Disposable;
  registerHook(name: string, callback: HookCallback): Disposable;
  log(level: CoreLogLevel, category: CoreLogCategory, message: string): void;
  Disposable: typeof Disposable;
};

/** Implemented by the library: converts typed data into arguments, and return values into typed data. */
export type ProgrammingModel = {
  name: string;
  version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
};

export type InvocationModel = {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<InvocationResponse>;
};

export type InvocationResponse = {
  outputData?: { name: string; data: TypedData }[];
  returnValue?: TypedData | null;
};

/** The host's description of one invocation. The library reads `state` when it logs. */
export type CoreInvocationContext = {
  invocationId: string;
  request: {
    invocationId: string;
    functionId: string;
    inputData: { name: string; data: TypedData }[];
    triggerMetadata: Record<string, TypedData>;
  };
  metadata: FunctionMetadata;
  state: "preInvocationHooks" | "invocation" | "postInvocationHooks" | undefined;
  log(level: CoreLogLevel, category: CoreLogCategory, message: string): void;
};

export type FunctionMetadata = {
  name: string;
  functionId?: string;
  bindings: Record<string, Binding>;
  retryOptions?: unknown;
};

export type Binding = {
  type: string;
  direction: "in" | "out" | "inout";
  name?: string;
  /** Fields specific to the binding's type, such as `route` or `schedule`. */
  [field: string]: unknown;
};

export type FunctionCallback = (...inputs: unknown[]) => unknown;
export type HookCallback = (context: object) => unknown;
export type CoreLogLevel =
  | "trace"
  | "debug"
  | "information"
  | "warning"
  | "error"
  | "critical"
  | "none";
export type CoreLogCategory = "user" | "system" | "customMetric";
export type HookName = (typeof hookNames)[number];

/** Everything that an app registered during one start. */
export type FunctionsApp = {
  functions: ReadonlyMap<string, RegisteredFunction>;
  hooks: Readonly<Record<HookName, readonly HookCallback[]>>;
  model: ProgrammingModel;
};

export type RegisteredFunction = { metadata: FunctionMetadata; callback: FunctionCallback };

export type CoreLog = FunctionsCore["log"];

const hookNames = ["appStart", "appTerminate", "preInvocation", "postInvocation", "log"] as const;

/**
 * At most 128 characters, the first a letter (Utility.IsValidFunctionName, FunctionNameValidationRegex of the host).
 */
const functionName = /^[a-z][a-z0-9_-]{0,127}$/i;

/** The newest host version that this host was compared with. The library checks only that there is a version. */
export const hostVersion = "4.1037.0";
const workerVersion = "3.9.1";

/**
 * Supplies `@azure/functions-core` to this process and collects what `load` registers.
 * `load` imports the app's entry; functions can be registered until it resolves. `log` receives the library's messages
 * outside invocations. Rejects if `load` rejects. Only one app can load at a time.
 */
export async function collectApp(load: () => Promise<void>, log: CoreLog): Promise<FunctionsApp> {
  const supplied = supplyCore();
  if (supplied.loading !== undefined) {
    throw new Error("Cannot load the app because another app is still loading in this process");
  }
  const loading: Loading = {
    libraryVersion: undefined,
    functions: new Map(),
    hooks: { appStart: [], appTerminate: [], preInvocation: [], postInvocation: [], log: [] },
  };
  supplied.loading = loading;
  supplied.log = log;
  try {
    await load();
  } finally {
    supplied.loading = undefined;
  }
  if (supplied.model === undefined || loading.functions.size === 0) {
    throw new Error(
      "Cannot start the app because it registered no function: its entry must import @azure/functions, " +
        "and no other code may use that library before the host starts",
    );
  }
  return { ...loading, model: supplied.model };
}

type Loading = {
  /** The version of the library that the app has loaded; undefined if an earlier start of this process loaded it. */
  libraryVersion: string | undefined;
  functions: Map<string, RegisteredFunction>;
  hooks: Record<HookName, HookCallback[]>;
};

type SuppliedCore = {
  core: FunctionsCore;
  model: ProgrammingModel | undefined;
  loading: Loading | undefined;
  log: CoreLog;
};

/**
 * The process has one core, because `@azure/functions` loads it once and caches it (tryGetCoreApiLazy.ts). A global
 * symbol finds it again if this module is loaded twice.
 */
const suppliedKey = Symbol.for("local functions host: supplied @azure/functions-core");

function supplyCore(): SuppliedCore {
  // The global object's type does not contain this key.
  const shared = globalThis as { [suppliedKey]?: SuppliedCore };
  shared[suppliedKey] ??= installCore();
  return shared[suppliedKey];
}

function installCore(): SuppliedCore {
  const supplied: SuppliedCore = {
    core: {
      version: workerVersion,
      hostVersion,
      setProgrammingModel: (model) => setModel(supplied, model),
      getProgrammingModel: () => supplied.model,
      registerFunction: (metadata, callback) => registerFunction(supplied, metadata, callback),
      registerHook: (name, callback) => registerHook(supplied, name, callback),
      log: (level, category, message) => supplied.log(level, category, message),
      Disposable,
    },
    model: undefined,
    loading: undefined,
    log: () => {},
  };
  const { require } = Module.prototype;
  Module.prototype.require = Object.assign(function (this: NodeJS.Module, id: string): unknown {
    return id === "@azure/functions-core" ? supplied.core : require.call(this, id);
  }, require);
  return supplied;
}

/**
 * Every copy of the library calls this once, at its first registration. An installed copy stays loaded for later starts in
 * this process; one that is bundled into the app is loaded again at each start, and replaces the previous one.
 */
function setModel(supplied: SuppliedCore, model: ProgrammingModel): void {
  const { loading } = supplied;
  if (loading?.libraryVersion !== undefined) {
    throw new Error(
      `Cannot use @azure/functions ${model.version} because ${loading.libraryVersion} is already in use: ` +
        "two copies of the library are installed, see `npm ls @azure/functions` and `npm dedupe`",
    );
  }
  if (loading !== undefined) loading.libraryVersion = model.version;
  supplied.model = model;
}

function registerFunction(
  supplied: SuppliedCore,
  metadata: FunctionMetadata,
  callback: FunctionCallback,
): Disposable {
  const { name } = metadata;
  const loading = requireLoading(supplied, `function "${name}"`);
  if (!functionName.test(name) || name.toLowerCase() === "host") {
    throw new Error(
      `Cannot register function because its name is not a letter followed by up to 127 letters, ` +
        `digits, "_" or "-", or is the reserved "host": "${name}"`,
    );
  }
  // Names that differ only in case would share a route and a durable name.
  const taken = [...loading.functions.keys()].find(
    (other) => other.toLowerCase() === name.toLowerCase(),
  );
  if (taken !== undefined) {
    throw new Error(`Cannot register function because its name is already used: "${taken}"`);
  }
  if (typeof callback !== "function") {
    throw new Error(`Cannot register function because it has no handler: "${name}"`);
  }
  loading.functions.set(name, { metadata, callback });
  return new Disposable(() => {
    requireLoading(supplied, `removal of function "${name}"`).functions.delete(name);
  });
}

function registerHook(supplied: SuppliedCore, name: string, callback: HookCallback): Disposable {
  const hookName = hookNames.find((known) => known === name);
  if (hookName === undefined) {
    const error = new RangeError(`Unrecognized hook "${name}"`);
    throw Object.assign(error, { isAzureFunctionsSystemError: true });
  }
  const hooks = requireLoading(supplied, `hook "${name}"`).hooks[hookName];
  hooks.push(callback);
  return new Disposable(() => {
    const index = hooks.indexOf(callback);
    if (index >= 0) hooks.splice(index, 1);
  });
}

function requireLoading(supplied: SuppliedCore, item: string): Loading {
  if (supplied.loading !== undefined) return supplied.loading;
  throw new Error(
    `Cannot register ${item} because functions can only be registered during app startup`,
  );
}

/** A class, because the core's interface contains a constructor of this name. */
class Disposable {
  readonly #dispose: () => void;
  constructor(dispose: () => void) {
    this.#dispose = dispose;
  }
  dispose(): void {
    this.#dispose();
  }
}
