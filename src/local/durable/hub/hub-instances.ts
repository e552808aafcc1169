import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { createHistoryCache } from "../history/history-cache.ts";
import {
  type HistoryEvent,
  type RuntimeStatus,
  runtimeStatuses,
  isFinal,
  createStoredEvent,
  parseStoredEvent,
  type StoredEvent,
} from "../history/history.ts";

/** One orchestration instance. Instants in epoch ms; input and custom status as JSON text. */
export type Instance = {
  instanceId: string;
  name: string;
  executionId: string;
  status: RuntimeStatus;
  createdAt: number;
  updatedAt: number;
  input: string | null;
  /** JSON text, or plain text for a failure or a termination reason. */
  output: string | null;
  customStatus: string | null;
};

/** Selects instances, which are listed in the order of their ids. Bounds are inclusive, in epoch ms. */
export type InstanceFilter = {
  statuses: readonly string[];
  createdFrom: number;
  createdTo: number;
  idPrefix: string;
  /** Only ids greater than this one. */
  after: string;
  limit: number;
};

export type HubInstances = {
  instance(instanceId: string): Instance | undefined;
  /**
   * Inserts or overwrites the instance's row. The history is stored separately; the history of a final instance leaves
   * the cache.
   */
  saveInstance(instance: Instance): void;
  listInstances(filter: InstanceFilter): readonly Instance[];
  /** Removes an instance with its history, messages, activities and timers. */
  removeInstance(instance: Instance): void;
  /** Returns an execution's events, oldest first. */
  history(executionId: string): readonly StoredEvent[];
  /** Appends events to a history that already has `length` events. */
  appendHistory(executionId: string, length: number, events: readonly HistoryEvent[]): void;
  /** Clears the history cache. Necessary after a rollback, because only the file is correct then. */
  clearCache(): void;
  /** Removes the history and timers of a finished execution. */
  deleteExecution(executionId: string): void;
  /** Removes the timers of an execution. */
  deleteTimers(executionId: string): void;
};

export function openHubInstances(database: DatabaseSync): HubInstances {
  const columns = `instance_id AS instanceId, name, execution_id AS executionId, status,
    created_at AS createdAt, updated_at AS updatedAt, input, output, custom_status AS customStatus`;
  const select = database.prepare(`SELECT ${columns} FROM instances WHERE instance_id = ?`);
  // Not INSERT OR REPLACE, because that deletes and inserts the row and its index entry: two more pages per turn.
  const save = database.prepare(`
    INSERT INTO instances
      (instance_id, name, execution_id, status, created_at, updated_at, input, output, custom_status)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (instance_id) DO UPDATE SET
      name = excluded.name, execution_id = excluded.execution_id, status = excluded.status,
      created_at = excluded.created_at, updated_at = excluded.updated_at, input = excluded.input,
      output = excluded.output, custom_status = excluded.custom_status`);
  const list = database.prepare(`
    SELECT ${columns} FROM instances
    WHERE instance_id > :after
      AND substr(instance_id, 1, length(:idPrefix)) = :idPrefix
      AND created_at BETWEEN :createdFrom AND :createdTo
      AND (:statuses = '[]' OR status IN (SELECT value FROM json_each(:statuses)))
    ORDER BY instance_id LIMIT :limit`);
  const removal = ["instances", "messages", "activities", "timers"].map((table) =>
    database.prepare(`DELETE FROM ${table} WHERE instance_id = ?`),
  );
  const events = database.prepare("SELECT event FROM history WHERE execution_id = ? ORDER BY seq");
  const append = database.prepare(
    "INSERT INTO history (execution_id, seq, event) VALUES (?, ?, ?)",
  );
  const deleteHistoryRows = database.prepare("DELETE FROM history WHERE execution_id = ?");
  const deleteTimerRows = database.prepare("DELETE FROM timers WHERE execution_id = ?");
  const cache = createHistoryCache();

  return {
    instance(instanceId) {
      const row = select.get(instanceId);
      return row === undefined ? undefined : parseInstance(row);
    },
    saveInstance(instance) {
      const { instanceId, name, executionId, status, createdAt, updatedAt } = instance;
      const { input, output, customStatus } = instance;
      save.run(
        instanceId,
        name,
        executionId,
        status,
        createdAt,
        updatedAt,
        input,
        output,
        customStatus,
      );
      // Only turns read a history often, and a final instance has no more turns.
      if (isFinal(status)) cache.delete(executionId);
    },
    listInstances: ({ statuses, ...filter }) =>
      list.all({ ...filter, statuses: JSON.stringify(statuses) }).map(parseInstance),
    removeInstance({ instanceId, executionId }) {
      for (const statement of removal) statement.run(instanceId);
      deleteHistoryRows.run(executionId);
      cache.delete(executionId);
    },
    history(executionId) {
      const known = cache.get(executionId);
      if (known !== undefined) return known;
      const read = events.all(executionId).map(({ event }) => parseStoredEvent(String(event)));
      cache.set(executionId, read);
      return read;
    },
    appendHistory(executionId, length, added) {
      const rows = added.map(createStoredEvent);
      rows.forEach(({ text }, index) => append.run(executionId, length + index, text));
      const known = length === 0 ? [] : cache.get(executionId);
      if (known !== undefined) cache.set(executionId, [...known, ...rows]);
    },
    clearCache: () => cache.clear(),
    deleteExecution(executionId) {
      cache.delete(executionId);
      deleteHistoryRows.run(executionId);
      deleteTimerRows.run(executionId);
    },
    deleteTimers: (executionId) => void deleteTimerRows.run(executionId),
  };
}

function parseInstance(row: Record<string, SQLOutputValue>): Instance {
  return {
    instanceId: String(row["instanceId"]),
    name: String(row["name"]),
    executionId: String(row["executionId"]),
    status: parseRuntimeStatus(row["status"]),
    createdAt: Number(row["createdAt"]),
    updatedAt: Number(row["updatedAt"]),
    input: readText(row["input"]),
    output: readText(row["output"]),
    customStatus: readText(row["customStatus"]),
  };
}

function parseRuntimeStatus(value: SQLOutputValue | undefined): RuntimeStatus {
  const status = runtimeStatuses.find((each) => each === value);
  if (status === undefined)
    throw new Error(`Cannot read instance because its status is unknown: ${String(value)}`);
  return status;
}

function readText(value: SQLOutputValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}
