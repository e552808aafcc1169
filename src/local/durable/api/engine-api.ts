import type { Clock } from "../../clock.ts";
import type { SdkTasks } from "./open-tasks.ts";

/** What the durable engine needs from the Functions host: the app's functions, and a way to call one. */
export type DurableFunctions = {
  /** Names of the registered orchestrators and activities, as the app wrote them. */
  orchestrators(): readonly string[];
  activities(): readonly string[];
  /** One invocation of an orchestrator; `trigger` is the orchestration trigger's JSON text. */
  invokeOrchestrator(name: string, trigger: string): Promise<InvocationResult>;
  /** One invocation of an activity. */
  invokeActivity(name: string, activity: ActivityCall): Promise<InvocationResult>;
};

/** `input` is the JSON text of `input` in the orchestrator's CallActivity action, null where absent. */
export type ActivityCall = { instanceId: string; input: string | null };

/**
 * `json` is the function's return value as JSON text; a failure carries what the worker would report.
 * `tasks` is what `sdkTasksOf` read from an orchestrator's context after the call; without it, turns
 * in which library and extension would number their tasks differently go unnoticed until they hurt.
 */
export type InvocationResult =
  | { ok: true; json: string | null; tasks?: SdkTasks | undefined }
  | { ok: false; message: string; stack: string; tasks?: SdkTasks | undefined };

export type DurableOptions = {
  clock: Clock;
  /** A SQLite file, or ":memory:" for a task hub that is forgotten at `stop`. */
  file: string;
  hubName: string;
  functions: DurableFunctions;
  maxConcurrentOrchestrators: number;
  maxConcurrentActivities: number;
  log: DurableLog;
  /**
   * Whether an orchestration fails in the turn in which it would begin to drift on Azure (the
   * default), or drifts as it would there. Tests that show the drift itself switch this off.
   */
  failsOnNonDeterminism?: boolean | undefined;
  /**
   * Called at each commit point, before and after the commit. Tests crash the process here; when it
   * throws, the engine behaves as if killed: it closes the file and never acts again.
   */
  probe?: ((point: CommitPoint, when: "before" | "after") => void) | undefined;
  /** Extra runs of an activity: delays in ms after its result was recorded. Azure does this rarely; tests, often. */
  redeliver?: ((activity: DurableActivity) => readonly number[]) | undefined;
  /** Runs each activity, so that tests can tell its work from all other. */
  wrapActivity?: (<T>(activity: DurableActivity, run: () => Promise<T>) => Promise<T>) | undefined;
};

export type DurableActivity = { name: string; instanceId: string };

export type CommitPoint = "client request" | "turn" | "activity completion" | "timer";

/** Happenings worth a line in the log; the host renders them. */
export type DurableLog = (entry: DurableLogEntry) => void;

export type DurableLogEntry = {
  level: "debug" | "information" | "warning" | "error";
  instanceId: string;
  message: string;
};

export type DurableEngine = {
  /** Serves the extension's management routes below `/runtime/webhooks/durabletask`. */
  handle(request: ManagementRequest): Promise<ManagementResponse>;
  /** The durable client binding's JSON text; `origin` is the host's own, e.g. "http://localhost:7071". */
  clientBinding(origin: string): string;
  /** Begins to work: what a former life left undone goes on. */
  start(): void;
  /** Takes no new work, waits for what runs, closes the hub. */
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
  /** The URL as the client called it; answers point back to it. */
  url: URL;
};

export type ManagementResponse = { status: number; headers: Record<string, string>; body: string };
