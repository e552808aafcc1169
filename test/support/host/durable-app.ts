import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as df from "durable-functions";
import { onTestFinished } from "vitest";
import { virtualClock, type VirtualClock } from "../../../src/local/clock.ts";
import type {
  DurableEngine,
  DurableFunctions,
  DurableLogEntry,
  DurableOptions,
  ManagementResponse,
} from "../../../src/local/durable/api/engine-api.ts";
import { openDurableEngine } from "../../../src/local/durable/engine.ts";
import { durableFunctions } from "../../../src/local/host/triggers/durable-triggers.ts";
import { collectApp } from "../../../src/local/host/worker/functions-core.ts";

export type Orchestrator = (context: df.OrchestrationContext) => Generator<df.Task>;

// oxlint-disable-next-line typescript/no-explicit-any -- every activity has its own input type
export type Activities = Record<string, (input: any, instanceId: string) => unknown>;

/** The functions of a test app, run by the real libraries. */
export type TestApp = { orchestrators: Record<string, Orchestrator>; activities?: Activities };

/** 2026-01-01T00:00Z; tests count from here. */
export const testStart = Date.UTC(2026, 0, 1);

/** A virtual clock; the real `Date` is restored after the test. */
export function testClock(): VirtualClock {
  const clock = virtualClock(testStart);
  onTestFinished(() => clock.dispose());
  return clock;
}

/** A task hub file in its own folder, which is removed after the test. */
export function testHubFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "ferry-hub-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "hub.sqlite");
}

/** Registers the app with the real libraries. Activities get the instance id as their second argument. */
export async function testFunctions(app: TestApp): Promise<DurableFunctions> {
  const collected = await collectApp(
    async () => {
      for (const [name, orchestrator] of Object.entries(app.orchestrators)) {
        df.app.orchestration(name, orchestrator);
      }
      for (const [name, handler] of Object.entries(app.activities ?? {})) {
        df.app.activity(name, {
          handler: (input, context) =>
            handler(input, String(context.triggerMetadata?.["instanceId"])),
        });
      }
    },
    () => {},
  );
  return durableFunctions({ ...collected, appHookData: {}, log: () => {} });
}

export type TestEngine = DurableEngine & {
  clock: VirtualClock;
  log: DurableLogEntry[];
  /** One management request; `target` is path and query, `body` is sent as JSON. */
  request(
    method: string,
    target: string,
    more?: { body?: unknown; headers?: Record<string, string> },
  ): Promise<ManagementResponse>;
  startNew(name: string, instanceId?: string, input?: unknown): Promise<string>;
  raise(instanceId: string, name: string, payload?: unknown): Promise<number>;
  /** The instance's status after all current work is done, without advancing the clock. */
  // oxlint-disable-next-line typescript/no-explicit-any -- JSON, compared with expected JSON
  status(instanceId: string): Promise<any>;
  /** The history in the shape of the status route. */
  // oxlint-disable-next-line typescript/no-explicit-any -- JSON, compared with expected JSON
  history(instanceId: string): Promise<any[]>;
};

export type TestEngineOptions = Partial<DurableOptions> & {
  app?: TestApp;
  clock?: VirtualClock;
  /** Whether the engine is started immediately (default); otherwise the test calls `start`. */
  begin?: boolean;
};

/** An engine for a test app; it is stopped after the test. */
export async function testEngine(options: TestEngineOptions): Promise<TestEngine> {
  const clock = options.clock ?? testClock();
  const functions =
    options.functions ?? (await testFunctions(options.app ?? { orchestrators: {} }));
  const log: DurableLogEntry[] = [];
  const engine = openDurableEngine({
    file: ":memory:",
    hubName: "TestHub",
    maxConcurrentOrchestrators: 10,
    maxConcurrentActivities: 10,
    log: (entry) => log.push(entry),
    ...options,
    clock,
    functions,
  });
  if (options.begin ?? true) engine.start();
  onTestFinished(() => engine.stop());

  const request: TestEngine["request"] = (method, target, { body, headers } = {}) => {
    const url = new URL(target, "http://localhost:7071/runtime/webhooks/durabletask/");
    return engine.handle({
      method,
      path: url.pathname.slice("/runtime/webhooks/durabletask/".length),
      query: url.searchParams,
      headers: { "content-type": "application/json", ...headers },
      body: body === undefined ? "" : JSON.stringify(body),
      url,
    });
  };
  const status: TestEngine["status"] = async (instanceId) => {
    await clock.settled();
    const response = await request("GET", `instances/${instanceId}`);
    return response.status === 404 ? undefined : JSON.parse(response.body);
  };
  return {
    ...engine,
    clock,
    log,
    request,
    status,
    async startNew(name, instanceId = "", input) {
      const response = await request("POST", `orchestrators/${name}/${instanceId}`, {
        body: input,
      });
      if (response.status !== 202) throw new Error(`${response.status} ${response.body}`);
      return JSON.parse(response.body).id;
    },
    async raise(instanceId, name, payload = null) {
      const target = `instances/${instanceId}/raiseEvent/${name}`;
      return (await request("POST", target, { body: payload })).status;
    },
    async history(instanceId) {
      await clock.settled();
      const target = `instances/${instanceId}?showHistory=true&showHistoryOutput=true`;
      return JSON.parse((await request("GET", target)).body).historyEvents;
    },
  };
}

export const seconds = (count: number) => count * 1000;
export const minutes = (count: number) => seconds(count) * 60;
export const hours = (count: number) => minutes(count) * 60;
export const days = (count: number) => hours(count) * 24;
