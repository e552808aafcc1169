import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as df from "durable-functions";
import { systemClock } from "../../../src/local/clock.ts";
import type { DurableEngine, DurableFunctions } from "../../../src/local/durable/api/engine-api.ts";
import { openDurableEngine } from "../../../src/local/durable/engine.ts";
import { durableFunctions } from "../../../src/local/host/triggers/durable-triggers.ts";
import { collectApp } from "../../../src/local/host/worker/functions-core.ts";
import {
  type Contestant,
  pollingInput,
  type PollingLoad,
  type ReadResult,
  readProgress,
  type ReadInput,
} from "./polling.ts";

/** Ferry's durable engine under the published durable-functions library. */
export function ferryEngine(taskHub: "on disk" | "in memory"): Contestant {
  return {
    name: `Ferry, ${taskHub}`,
    async run(run) {
      if (taskHub === "in memory") return await runPolling(run, ":memory:");
      const folder = mkdtempSync(join(tmpdir(), "ferry-bench-"));
      try {
        return await runPolling(run, join(folder, "task-hub.sqlite"));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

async function runPolling({ instances, polls }: PollingLoad, file: string) {
  let turns = 0;
  let running = instances;
  let lastEnded: () => void;
  const allEnded = new Promise<void>((resolve) => (lastEnded = resolve));
  const engine = openDurableEngine({
    clock: systemClock(),
    file,
    hubName: "Bench",
    functions: await pollingApp(polls, () => turns++),
    maxConcurrentOrchestrators: 10, // the local host's default
    maxConcurrentActivities: 10,
    // The engine logs the end of each instance once, after the turn was written.
    log({ level, message }) {
      if (level === "error" || message.includes(" finished: ")) running--;
      if (running === 0) lastEnded();
    },
  });
  try {
    const begun = performance.now();
    engine.start();
    const ids = await Promise.all(Array.from({ length: instances }, () => start(engine)));
    await allEnded;
    const milliseconds = performance.now() - begun;
    const wanted = JSON.stringify(readProgress({ attempt: polls, polls, destination: "" }));
    for (const id of ids) {
      const { runtimeStatus, output } = await request(engine, "GET", `instances/${id}`);
      if (runtimeStatus !== "Completed" || JSON.stringify(output) !== wanted) {
        throw new Error(
          `Ferry's engine did not end an instance with ${wanted}: ${runtimeStatus} ${JSON.stringify(output)}`,
        );
      }
    }
    return { turns, milliseconds };
  } finally {
    await engine.stop();
  }
}

/** The orchestration of `durabletaskInMemory`, written for durable-functions. */
async function pollingApp(polls: number, turn: () => void): Promise<DurableFunctions> {
  const app = await collectApp(
    async () => {
      df.app.activity("readProgress", { handler: (input: ReadInput) => readProgress(input) });
      df.app.orchestration("pollCopy", function* (context: df.OrchestrationContext): Generator<
        df.Task,
        ReadResult,
        // The result of a yield depends on the task; the library types it as unknown.
        ReadResult
      > {
        turn();
        const input = context.df.getInput<typeof pollingInput>();
        const read = (attempt: number) =>
          context.df.callActivity("readProgress", {
            attempt,
            polls,
            destination: input.destination,
          });
        let response = yield read(0);
        for (let attempt = 1; response.state === "pending"; attempt++) {
          const due = context.df.createTimer(context.df.currentUtcDateTime);
          yield context.df.Task.any([context.df.waitForExternalEvent("abort"), due]);
          response = yield read(attempt);
        }
        return response;
      });
    },
    () => {},
  );
  return durableFunctions({ ...app, appHookData: {}, log: () => {} });
}

async function start(engine: DurableEngine): Promise<string> {
  const { id } = await request(engine, "POST", "orchestrators/pollCopy", pollingInput);
  if (id === undefined)
    throw new Error("Cannot start an instance because the engine returned no id");
  return id;
}

type InstanceStatus = { id?: string; runtimeStatus?: string; output?: unknown };

/** One request to the management routes, as a durable client sends it, but without HTTP. */
async function request(
  engine: DurableEngine,
  method: string,
  path: string,
  body?: unknown,
): Promise<InstanceStatus> {
  const url = new URL(path, "http://localhost:7071/runtime/webhooks/durabletask/");
  const response = await engine.handle({
    method,
    path,
    query: url.searchParams,
    headers: { "content-type": "application/json" },
    body: body === undefined ? "" : JSON.stringify(body),
    url,
  });
  if (response.status > 202)
    throw new Error(`${method} ${path} returned ${response.status}: ${response.body}`);
  // The engine's own response, in the shape of the extension's HTTP API.
  return JSON.parse(response.body) as InstanceStatus;
}
