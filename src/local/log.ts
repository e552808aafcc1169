import { styleText } from "node:util";
import type { Clock } from "./clock.ts";

export type LogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical";

/** One line of the log. `at` is epoch ms on the host's clock. */
export type HostLogEntry = {
  at: number;
  level: LogLevel;
  kind: "host" | "request" | "function" | "orchestration" | "activity";
  /** What the line is about: a method and path, a function's name, an instance id. */
  subject: string;
  message: string;
};

/** Where log lines go: the terminal, or a test's array. */
export type HostLog = (entry: HostLogEntry) => void;

/** How the host's parts write: time and secrets are seen to. */
export type Logger = (
  level: LogLevel,
  kind: HostLogEntry["kind"],
  subject: string,
  message: string,
) => void;

type TerminalStream = { isTTY?: boolean; write(text: string): unknown };

const levels: readonly LogLevel[] = [
  "trace",
  "debug",
  "information",
  "warning",
  "error",
  "critical",
];

/** Query keys whose value opens something: a function key and the signature of a SAS. */
const secretInQuery = /([?&](?:code|sig)=)[^&\s"'<>]+/gi;

/** A logger over `log` that stamps each line with the clock's time and leaves out keys and signatures. */
export function openLogger(clock: Clock, log: HostLog): Logger {
  return (level, kind, subject, message) => {
    log({
      at: clock.now(),
      level,
      kind,
      subject: redact(subject),
      message: redact(message),
    });
  };
}

/** `text` with the values of `code=` and `sig=` query parameters replaced by `***`. */
export function redact(text: string): string {
  return text.replace(secretInQuery, "$1***");
}

/**
 * Writes lines for a person: coloured on a terminal unless NO_COLOR is set, plain in a pipe.
 * Entries below `level` are left out. Times are UTC, so that lines compare with Storage's dates.
 */
export function terminalLog(stream: TerminalStream, level: LogLevel = "information"): HostLog {
  const coloured = stream.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";
  const paint = (style: Style, text: string) =>
    coloured ? styleText(style, text, { validateStream: false }) : text;
  return (entry) => {
    if (levels.indexOf(entry.level) < levels.indexOf(level)) return;
    const time = new Date(entry.at).toISOString().slice(11, 23);
    const subject = entry.subject === "" ? "" : `${paint("cyan", entry.subject)}  `;
    const lines = entry.message.trimEnd().split("\n").join("\n              ");
    const message = `${levelMark(entry.level)}${lines}`;
    stream.write(`${paint("dim", time)}  ${subject}${paint(levelStyle(entry.level), message)}\n`);
  };
}

type Style = "dim" | "cyan" | "yellow" | "red" | "reset";

/** Colour alone must not carry the level: a pipe has none. */
function levelMark(level: LogLevel): string {
  switch (level) {
    case "warning":
      return "warning: ";
    case "error":
    case "critical":
      return "error: ";
    case "trace":
    case "debug":
    case "information":
      return "";
  }
}

function levelStyle(level: LogLevel): Style {
  switch (level) {
    case "warning":
      return "yellow";
    case "error":
    case "critical":
      return "red";
    case "trace":
    case "debug":
      return "dim";
    case "information":
      return "reset";
  }
}
