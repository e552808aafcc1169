import { expect, test } from "vitest";
import {
  formatTraceparent,
  parseTraceparent,
  traceIdOf,
} from "../../../src/telemetry/trace-context.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";

test.each([
  ["00-01", `00-${traceId}-${spanId}-01`, true],
  ["00-00", `00-${traceId}-${spanId}-00`, false],
  ["other flags", `00-${traceId}-${spanId}-fe`, false],
  ["a later version", `01-${traceId}-${spanId}-03`, true],
  ["a later version with more fields", `cc-${traceId}-${spanId}-01-what-comes`, true],
])("a traceparent with %s is read", (_, text, isSampled) => {
  expect(parseTraceparent(text)).toEqual({ traceId, spanId, isSampled });
  const again = formatTraceparent({ traceId, spanId, isSampled });
  expect(again).toBe(`00-${traceId}-${spanId}-0${isSampled ? 1 : 0}`);
  expect(traceIdOf(again)).toBe(traceId);
});

test.each([
  ["version ff", `ff-${traceId}-${spanId}-01`],
  ["more fields", `00-${traceId}-${spanId}-01-x`],
  ["a dash at the end", `00-${traceId}-${spanId}-01-`],
  ["zeros for a trace", `00-${"0".repeat(32)}-${spanId}-01`],
  ["zeros for a span", `00-${traceId}-${"0".repeat(16)}-01`],
  ["capitals", `00-${traceId.toUpperCase()}-${spanId}-01`],
  ["a short trace", `00-${traceId.slice(1)}-${spanId}-01`],
  ["a space before", ` 00-${traceId}-${spanId}-01`],
  ["a line after", `00-${traceId}-${spanId}-01\n`],
  ["two headers", `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`],
  ["a kilobyte", `cc-${traceId}-${spanId}-01-${"x".repeat(1_000)}`],
  ["nothing", ""],
])("a traceparent with %s is ignored", (_, text) => {
  expect(parseTraceparent(text)).toBe(null);
});

test.each([undefined, null, 42, {}, []])("%j is not a traceparent", (value) => {
  expect(parseTraceparent(value)).toBe(null);
});
