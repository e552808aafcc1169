import type { HostLogEntry } from "../../../src/local/log.ts";
import { logLines } from "../../../src/telemetry/log-lines.ts";
import type { LogEvent } from "../../../src/telemetry/log-lines.ts";

/** A structured line of the log, parsed, and the level at which it was logged. */
export type ReadLine = { event: LogEvent; level: HostLogEntry["level"]; line: LineColumns };
// oxlint-disable-next-line typescript/no-explicit-any -- tests read columns of every type
type LineColumns = Record<string, any>;

/** The structured lines of a log, by a query's rule: the whole message is JSON that begins with the event. */
export function readLines(log: readonly HostLogEntry[]): ReadLine[] {
  return log.flatMap(({ message, level }) => {
    if (!message.startsWith('{"event":"ferry.')) return [];
    const { event, ...line } = JSON.parse(message) as LineColumns & { event: LogEvent };
    return [{ event, level, line }];
  });
}

export function linesOf(log: readonly HostLogEntry[], event: LogEvent): LineColumns[] {
  return readLines(log)
    .filter((each) => each.event === event)
    .map(({ line }) => line);
}

/** The problems of a line: missing and undeclared columns, and values of the wrong type. */
export function lineProblems({ event, line }: ReadLine): string[] {
  const declared: Record<string, string> = logLines[event] ?? {};
  const undeclared = Object.keys(line).filter((name) => !(name in declared));
  const wrong = Object.entries(declared).filter(([name, type]) => !fits(line[name], type));
  return [
    ...undeclared.map((name) => `${event} does not declare ${name}`),
    ...wrong.map(([name, type]) => `${event}: ${name} must be ${type}: ${line[name]}`),
  ];
}

function fits(value: unknown, type: string): boolean {
  if (value === null) return type.endsWith("?");
  switch (type.replace("?", "")) {
    case "string":
      return typeof value === "string";
    case "long":
      return Number.isInteger(value);
    case "real":
      return Number.isFinite(value);
    case "bool":
      return typeof value === "boolean";
    case "datetime":
      return typeof value === "string" && new Date(value).toISOString() === value;
    case "dynamic":
      return Array.isArray(value);
    default:
      return false;
  }
}
