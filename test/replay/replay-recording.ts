import type { AppDependencies } from "../../src/app.ts";
import { registerApp } from "../../src/app.ts";
import type { Clock } from "../../src/local/clock.ts";
import type { DurableFunctions } from "../../src/local/durable/api/engine-api.ts";
import { createStoredEvent } from "../../src/local/durable/history/history.ts";
import { takeTurn } from "../../src/local/durable/turn/take-turn.ts";
import { durableFunctions } from "../../src/local/host/triggers/durable-triggers.ts";
import { collectApp } from "../../src/local/host/worker/functions-core.ts";
import { toDecisions, splitTurns } from "./recording.ts";
import type { Decisions, Recording } from "./recording.ts";

/** The app's orchestrators, run by the real library; activities are never called. */
export async function currentFunctions(): Promise<DurableFunctions> {
  // Registration uses no other dependencies.
  const deps = {
    requests: {},
    activities: {},
    maintenance: { watchdogSchedule: "0 0 0 * * *" },
    eventQueue: null,
  } as AppDependencies;
  const app = await collectApp(
    async () => registerApp(deps),
    () => {},
  );
  return durableFunctions({ ...app, appHookData: {}, log: () => {} });
}

/**
 * Repeats every turn of a recording: each prefix of the history that ends with a turn is
 * replayed, and gets the next messages. Returns the decisions. A running copy is at one of these points.
 */
export async function replayRecording(
  recording: Recording,
  functions: DurableFunctions,
): Promise<Decisions[]> {
  const decided: Decisions[] = [];
  for (const { at, before, arrived } of splitTurns(recording)) {
    const { instanceId, executionId, name, createdAt, input } = recording;
    const execution = { instanceId, executionId, name, createdAt, input, customStatus: null };
    const outcome = await takeTurn(
      { ...execution, stored: before.map(createStoredEvent) },
      arrived,
      {
        clock: stoppedAt(at),
        functions,
        failsOnNonDeterminism: true,
        log: () => {},
      },
    );
    decided.push(toDecisions(outcome.added));
  }
  return decided;
}

/** A stopped clock: a turn takes no time. */
function stoppedAt(at: number): Clock {
  return {
    now: () => at,
    schedule: () => () => {},
    track: (work) => work,
  };
}
