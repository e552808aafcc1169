import type { Clock } from "../../clock.ts";
import type { SdkTasks } from "./open-tasks.ts";

/** The durable engine's view of the Functions host: the app's functions, and calls of them. */
export type DurableFunctions = {
  /** Names of the registered orchestrators, as the app spelled them. */
  orchestrators(): readonly string[];
  /** Names of the registered activities, as the app spelled them. */
  activities(): readonly string[];
  /** Invokes an orchestrator once. `trigger` is the orchestration trigger's JSON text. */
  invokeOrchestrator(name: string, trigger: string): Promise<InvocationResult>;
  /** Invokes an activity once. */
  invokeActivity(name: string, activity: ActivityCall): Promise<InvocationResult>;
};

/** `input` is the JSON text of `input` in the orchestrator's CallActivity action; null if absent. */
export type ActivityCall = { instanceId: string; input: string | null };

/**
 * `json` is the function's return value as JSON text. A failure has the message and stack that the worker would report.
 * `tasks` is the result of `readSdkTasks` for an orchestrator's context after the call. Without it, the engine does not
 * detect turns in which library and extension would number their tasks differently.
 */
export type InvocationResult =
  | { ok: true; json: string | null; tasks?: SdkTasks | undefined }
  | { ok: false; message: string; stack: string; tasks?: SdkTasks | undefined };

export type DurableOptions = {
  clock: Clock;
  /** A SQLite file, or ":memory:" for a task hub that is deleted at `stop`. */
  file: string;
  hubName: string;
  functions: DurableFunctions;
  maxConcurrentOrchestrators: number;
  maxConcurrentActivities: number;
  log: DurableLog;
  /** Gets the error when the disk is full, or the file can no longer be used. The engine then does nothing more. */
  onFileError?: ((error: unknown) => void) | undefined;
  visibilityTimeouts?: VisibilityTimeouts | undefined;
  /**
   * Fail an orchestration in the first turn that would be non-deterministic in Azure. Default: true. With false it
   * continues as it would in Azure, for tests that demonstrate the consequences.
   */
  failsOnNonDeterminism?: boolean | undefined;
  /**
   * Called at each commit point, before and after the commit. Tests crash the process here. If it throws, the engine
   * behaves as if it was killed: it closes the file and does nothing more.
   */
  probe?: ((point: CommitPoint, when: "before" | "after") => void) | undefined;
  /** Returns when to run an activity again: ms after its result was recorded. Rare in Azure, frequent in tests. */
  redeliver?: ((activity: DurableActivity) => readonly number[]) | undefined;
  /**
   * Returns the delay (ms) with which a raised event arrives. In Azure, events that are raised within a few ms can
   * arrive in a different order; by default they keep their order here.
   */
  eventDelay?: ((event: RaisedEvent) => number) | undefined;
  /** Called to run each activity, so that tests can attribute its requests to it. */
  wrapActivity?: (<T>(activity: DurableActivity, run: () => Promise<T>) => Promise<T>) | undefined;
};

/**
 * How long a message that a process took from a queue stays invisible (ms), even if the process dies. Default for each:
 * 5 minutes.
 */
export type VisibilityTimeouts = { controlQueueMs: number; workItemQueueMs: number };

export type RaisedEvent = { instanceId: string; name: string };

export type DurableActivity = { name: string; instanceId: string };

export type CommitPoint = "client request" | "turn" | "activity completion" | "timer";

/** Receives the engine's log entries; the host renders them. */
export type DurableLog = (entry: DurableLogEntry) => void;

export type DurableLogEntry = {
  level: "debug" | "information" | "warning" | "error";
  instanceId: string;
  message: string;
};

export type DurableEngine = {
  /** Serves the extension's management routes below `/runtime/webhooks/durabletask`. */
  handle(request: ManagementRequest): Promise<ManagementResponse>;
  /** Returns the durable client binding's JSON text. `origin` is the host's, e.g. "http://127.0.0.1:7071". */
  clientBinding(origin: string): string;
  /** Starts work, including the unfinished work of a former process. */
  start(): void;
  /** Starts no more work, waits for running work and closes the hub. */
  stop(): Promise<void>;
};

export type ManagementRequest = {
  method: string;
  /** Without the prefix `/runtime/webhooks/durabletask/`, still percent-encoded. */
  path: string;
  query: URLSearchParams;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  body: string;
  /** The URL as the client called it; responses contain URLs with its origin. */
  url: URL;
};

export type ManagementResponse = { status: number; headers: Record<string, string>; body: string };
