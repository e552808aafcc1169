import { styleText } from "node:util";
import type { Clock } from "./clock.ts";

export type LogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical";

/** One line of the log. `at` is epoch ms on the host's clock. */
export type HostLogEntry = {
  at: number;
  level: LogLevel;
  kind: "host" | "request" | "function" | "orchestration" | "activity";
  /** A method and path, a function's name or an instance id. */
  subject: string;
  message: string;
};

/** Receives log entries: the terminal's log, or a test's array. */
export type HostLog = (entry: HostLogEntry) => void;

/** Writes one line; adds the time and removes secrets. */
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

/** Query parameters whose values are secrets, a function key and the signature of a SAS, also percent-encoded once or more. */
const secretInQuery =
  /((?:[?&]|%(?:25){0,3}(?:3f|26))(?:code|sig)(?:=|%(?:25){0,3}3d))[^&\s"'<>]+?(?=%(?:25){0,3}26|[&\s"'<>]|$)/gi;

/**
 * Control characters (C0, DEL, C1, line separators, marks that change the direction of text), except the line feeds of
 * stack traces and at the end.
 */
const controls =
  /\n(?! {4}at |$)|[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Returns a logger that writes to `log`, adds the clock's time to each line, removes keys and signatures, and escapes
 * control characters, so that no text from outside can imitate another line or control a terminal.
 */
export function openLogger(clock: Clock, log: HostLog): Logger {
  return (level, kind, subject, message) => {
    log({
      at: clock.now(),
      level,
      kind,
      subject: escapeControls(redact(subject)),
      message: escapeControls(redact(message)),
    });
  };
}

/** Returns `text` with the values of the query parameters `code` and `sig` replaced by `***`. */
export function redact(text: string): string {
  return text.replace(secretInQuery, "$1***");
}

function escapeControls(text: string): string {
  return text.replace(controls, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/**
 * Returns a log that writes readable lines to `stream`: colored on a terminal unless NO_COLOR is set, plain in a pipe.
 * It omits entries below `level`. Times are UTC, for comparison with Storage's dates.
 */
export function terminalLog(stream: TerminalStream, level: LogLevel = "information"): HostLog {
  const colored = stream.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";
  const paint = (style: Style, text: string) =>
    colored ? styleText(style, text, { validateStream: false }) : text;
  return (entry) => {
    if (levels.indexOf(entry.level) < levels.indexOf(level)) return;
    const time = new Date(entry.at).toISOString().slice(11, 23);
    const subject = entry.subject === "" ? "" : `${paint("cyan", entry.subject)}  `;
    const lines = entry.message.trimEnd().split("\n").join("\n              ");
    const message = `${levelPrefix(entry.level)}${lines}`;
    stream.write(`${paint("dim", time)}  ${subject}${paint(levelStyle(entry.level), message)}\n`);
  };
}

type Style = "dim" | "cyan" | "yellow" | "red" | "reset";

/** Text, not only color, shows the level, because a pipe has no color. */
function levelPrefix(level: LogLevel): string {
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
