import { DatabaseSync } from "node:sqlite";
import { openHubFile } from "../../../src/local/durable/hub/hub-schema.ts";
import { utf16Bytes, type HistorySizes } from "../../support/jobs/durable-limits.ts";

/*
 * The largest values that a task hub ever stores. An orchestration that continues as new loses its history, so reading
 * the hub now and then would miss the end of each history. Triggers in the hub's file miss none.
 */

/** Column → the kind of value that is compared. Sizes are compared in characters. */
const watched = [
  { table: "history", kind: "events", size: "NEW.seq + 1", text: "NEW.event" },
  { table: "history", kind: "message", size: "length(NEW.event)", text: "NEW.event" },
  { table: "messages", kind: "message", size: "length(NEW.event)", text: "NEW.event" },
  { table: "activities", kind: "message", size: "length(NEW.input)", text: "NEW.input" },
  { table: "instances", kind: "message", size: "length(NEW.input)", text: "NEW.input" },
  { table: "instances", kind: "message", size: "length(NEW.output)", text: "NEW.output" },
  {
    table: "instances",
    kind: "custom status",
    size: "length(NEW.custom_status)",
    text: "NEW.custom_status",
  },
] as const;

/** Creates the task hub's file, with the triggers. The app must not have opened it yet. */
export function recordPeaks(file: string): void {
  const database = openHubFile(file);
  database.exec(
    "CREATE TABLE peaks (kind TEXT PRIMARY KEY, size INTEGER NOT NULL, text TEXT NOT NULL)",
  );
  for (const [index, { table, kind, size, text }] of watched.entries()) {
    for (const change of ["INSERT", "UPDATE"]) {
      database.exec(`
        CREATE TRIGGER peak_${index}_${change} AFTER ${change} ON ${table} WHEN ${text} IS NOT NULL BEGIN
          INSERT INTO peaks VALUES ('${kind}', ${size}, ${text})
          ON CONFLICT (kind) DO UPDATE SET size = excluded.size, text = excluded.text
            WHERE excluded.size > size;
        END`);
    }
  }
  database.close();
}

/** Reads the largest values until now. Throws if no history was stored. */
export function readPeaks(file: string): HistorySizes {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = database.prepare("SELECT kind, size, text FROM peaks").all();
    const peak = (kind: string) => rows.find((row) => row["kind"] === kind);
    const bytes = (kind: string) => utf16Bytes(String(peak(kind)?.["text"] ?? ""));
    const events = Number(peak("events")?.["size"] ?? 0);
    if (events === 0) throw new Error(`Cannot find a history in the task hub: ${file}`);
    return { events, customStatusBytes: bytes("custom status"), messageBytes: bytes("message") };
  } finally {
    database.close();
  }
}
