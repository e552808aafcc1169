import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../src/local/clock.ts";
import {
  type HostLogEntry,
  type LogLevel,
  openLogger,
  terminalLog,
} from "../../../src/local/log.ts";

const entry = (level: LogLevel, message: string): HostLogEntry => ({
  at: Date.parse("2026-03-01T10:00:00.250Z"),
  level,
  kind: "request",
  subject: "GET /api/copies",
  message,
});

const written = (isTTY: boolean, entries: HostLogEntry[], level?: LogLevel) => {
  let text = "";
  const log = terminalLog({ isTTY, write: (line: string) => void (text += line) }, level);
  for (const each of entries) log(each);
  return text;
};

test("a pipe gets plain lines that contain the level", () => {
  const lines = written(false, [
    entry("information", "200 in 3 ms"),
    entry("warning", "slow"),
    entry("error", "first\n  second"),
    entry("debug", "detail"),
  ]);
  expect(lines).toBe(
    "10:00:00.250  GET /api/copies  200 in 3 ms\n" +
      "10:00:00.250  GET /api/copies  warning: slow\n" +
      "10:00:00.250  GET /api/copies  error: first\n                second\n",
  );
});

test("a terminal gets colors, unless NO_COLOR is set", () => {
  const lines = [entry("error", "down")];
  expect(written(true, lines)).toContain("\u001B[31m");
  process.env["NO_COLOR"] = "1";
  onTestFinished(() => void delete process.env["NO_COLOR"]);
  expect(written(true, lines)).toBe(written(false, lines));
});

test("lines below the level are omitted", () => {
  const entries = [entry("debug", "detail"), entry("warning", "slow")];
  expect(written(false, entries, "debug")).toContain("detail");
  expect(written(false, entries, "error")).toBe("");
});

test("control characters are escaped, except the line feeds of a stack trace", () => {
  const entries: HostLogEntry[] = [];
  const logger = openLogger(systemClock(), (each) => entries.push(each));
  const forged = "x\n05:00:00.000  FORGED\r\u001b[31m\u009b\u007f\u2028";
  logger("error", "function", forged, `${forged}\n    at start (a.js:1)\n    at run (b.js:2)`);
  const escaped = "x\\u000a05:00:00.000  FORGED\\u000d\\u001b[31m\\u009b\\u007f\\u2028";
  expect(entries[0]).toMatchObject({
    subject: escaped,
    message: `${escaped}\n    at start (a.js:1)\n    at run (b.js:2)`,
  });
});

test.each([
  ["GET /api/copies/sv%3D1%26sig%3DSECRET%26x%3D1", "GET /api/copies/sv%3D1%26sig%3D***%26x%3D1"],
  ["film.mp4%3Fsig%3DSECRET and more", "film.mp4%3Fsig%3D*** and more"],
  ["a%253fsv%253d1%2526SIG%253dSECRET%252Fx", "a%253fsv%253d1%2526SIG%253d***"],
  ["a?code%3DSECRET&b", "a?code%3D***&b"],
  ["%3Fdesign%3Dx", "%3Fdesign%3Dx"],
])("an encoded secret does not reach the log: %s", (subject, expected) => {
  const entries: HostLogEntry[] = [];
  openLogger(systemClock(), (each) => entries.push(each))(
    "information",
    "request",
    subject,
    subject,
  );
  expect(entries).toMatchObject([{ subject: expected, message: expected }]);
});

test("keys and signatures never reach the log", () => {
  const entries: HostLogEntry[] = [];
  const logger = openLogger(systemClock(), (each) => entries.push(each));
  logger(
    "error",
    "function",
    "x?sig=SECRET",
    "at https://a/b?se=1&SIG=SECRET&x=1 and ?code=SECRET\n",
  );
  expect(entries[0]).toMatchObject({
    subject: "x?sig=***",
    message: "at https://a/b?se=1&SIG=***&x=1 and ?code=***\n",
  });
});
