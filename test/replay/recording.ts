import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { eventTypes } from "../../src/local/durable/history/history.ts";
import type { HistoryEvent } from "../../src/local/durable/history/history.ts";

/** The stored history of one completed orchestration. */
export type Recording = {
  scenario: string;
  instanceId: string;
  executionId: string;
  /** The orchestrator's durable name. */
  name: string;
  /** Epoch ms. */
  createdAt: number;
  /** JSON texts. */
  input: string;
  output: string;
  events: readonly HistoryEvent[];
};

/** The input of one turn, and the decisions of the orchestrator. */
export type RecordedTurn = {
  /** Start of the turn (epoch ms): the orchestrator's current time. */
  at: number;
  before: readonly HistoryEvent[];
  arrived: readonly HistoryEvent[];
  decided: Decisions;
};

/** Ids, kinds and names in order: everything that Durable compares with a history. */
export type Decisions = { tasks: readonly string[]; completion: string | null; output: unknown };

/** The recordings, one folder per release. */
export const historiesFolder = new URL("histories", import.meta.url).pathname;

/**
 * Writes JSON Lines: the instance first, then one event per line. The emulator's port differs between
 * recordings, so the default port is written instead.
 */
export function writeRecording(folder: string, recording: Recording, emulatorUrl: string): void {
  const { events, ...instance } = recording;
  const lines = [instance, ...events].map((line) => JSON.stringify(line)).join("\n");
  const text = `${lines.replaceAll(emulatorUrl, "http://127.0.0.1:10000")}\n`;
  writeFileSync(join(folder, `${recording.scenario}.jsonl`), text);
}

/** Every recording of every release; `release` is its folder. */
export function readRecordings(): (Recording & { release: string })[] {
  return readdirSync(historiesFolder).flatMap((release) =>
    readdirSync(join(historiesFolder, release)).map((file) => {
      const text = readFileSync(join(historiesFolder, release, file), "utf8");
      const [instance, ...events] = text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      return { ...instance, events, release };
    }),
  );
}

/** Reads a completed orchestration from a task hub's file. */
export function readRecording(
  taskHub: string,
  { scenario, instanceId }: { scenario: string; instanceId: string },
): Recording {
  const hub = new DatabaseSync(taskHub, { readOnly: true });
  try {
    const row = hub.prepare("SELECT * FROM instances WHERE instance_id = ?").get(instanceId);
    if (row?.["status"] !== "Completed") {
      throw new Error(`Cannot record ${scenario} because it has not completed: ${row?.["status"]}`);
    }
    const executionId = String(row["execution_id"]);
    const rows = hub.prepare("SELECT event FROM history WHERE execution_id = ? ORDER BY seq");
    return {
      scenario,
      instanceId,
      executionId,
      name: String(row["name"]),
      createdAt: Number(row["created_at"]),
      input: String(row["input"]),
      output: String(row["output"]),
      events: rows.all(executionId).map(({ event }) => JSON.parse(String(event))),
    };
  } finally {
    hub.close();
  }
}

/** Splits a history into turns: in each, the messages come before the decisions. */
export function splitTurns({ events }: Recording): RecordedTurn[] {
  const starts = events.flatMap((event, index) =>
    event.EventType === eventTypes.OrchestratorStarted ? [index] : [],
  );
  return starts.map((start, turn) => {
    const own = events.slice(start, starts[turn + 1]);
    return {
      at: Date.parse(own[0]?.Timestamp ?? ""),
      before: events.slice(0, start),
      arrived: own.filter((event) => !isDecided(event) && !isFrame(event)),
      decided: toDecisions(own),
    };
  });
}

/**
 * The decisions in a turn's events, without the due times of timers: Durable uses the recorded
 * time, so a different poll policy does not strand a copy.
 */
export function toDecisions(events: readonly HistoryEvent[]): Decisions {
  const tasks: string[] = [];
  let completion: string | null = null;
  let output: unknown = null;
  for (const event of events) {
    if (event.EventType === eventTypes.TaskScheduled) tasks.push(`${event.EventId} ${event.Name}`);
    if (event.EventType === eventTypes.TimerCreated) tasks.push(`${event.EventId} timer`);
    if (event.EventType !== eventTypes.ExecutionCompleted) continue;
    const completed = event.OrchestrationStatus === 1;
    completion = completed ? "Completed" : `Failed: ${event.Result}`;
    output = completed ? JSON.parse(event.Result ?? "null") : null;
  }
  return { tasks, completion, output };
}

function isDecided({ EventType: type }: HistoryEvent): boolean {
  return (
    type === eventTypes.TaskScheduled ||
    type === eventTypes.TimerCreated ||
    type === eventTypes.ExecutionCompleted
  );
}

function isFrame({ EventType: type }: HistoryEvent): boolean {
  return type === eventTypes.OrchestratorStarted || type === eventTypes.OrchestratorCompleted;
}
