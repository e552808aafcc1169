import type { Response } from "../support/stack.ts";

/** A response as both engines must return it: values that differ from call to call are masked. */
export type MaskedResponse = { status: number; headers: Record<string, string>; body: unknown };

/** Fields whose values name files, lines and types of the extension. */
const maskedKeys = new Set(["StackTrace", "Details"]);
const historyTimes = new Set(["Timestamp", "ScheduledTime"]);
const comparedHeaders = ["location", "retry-after", "content-type"];

/** Masks guids, times, addresses, keys and stack traces, and sorts unordered lists. */
export function maskedResponse({ status, headers, text, json }: Response): MaskedResponse {
  const compared = comparedHeaders.flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, maskText(value)] as const];
  });
  if (headers.has("x-ms-continuation-token")) compared.push(["x-ms-continuation-token", "<token>"]);
  const body = json === undefined ? maskText(text) : maskJson(json, "");
  return { status, headers: Object.fromEntries(compared), body };
}

function maskJson(value: unknown, key: string): unknown {
  if (typeof value === "string") {
    if (maskedKeys.has(key)) return `<${key}>`;
    // Times of a history have a fraction, unless it is zero.
    return maskText(historyTimes.has(key) ? value.replace(/\.\d+/, "") : value);
  }
  if (Array.isArray(value)) return value.map((each) => maskJson(each, ""));
  if (typeof value !== "object" || value === null) return value;
  const masked = Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, maskJson(each, name)]),
  );
  // Json.NET's messages about invalid JSON.
  const isParsing = masked["ExceptionType"] === "Newtonsoft.Json.JsonReaderException";
  return isParsing && "ExceptionMessage" in masked
    ? { ...masked, ExceptionMessage: "<why it is not JSON>" }
    : masked;
}

function maskText(text: string): string {
  return (
    text
      .replaceAll(/https?:\/\/(localhost|127\.0\.0\.1)(:\d+)?/g, "<host>")
      // The extension's own listener, through which the bridge asks, has a shorter path.
      .replaceAll("<host>/durabletask/", "<host>/runtime/webhooks/durabletask/")
      // The order is not defined.
      .replaceAll(/(known orchestrator functions: ).*/g, "$1<names>")
      .replaceAll(/[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}/gi, "<guid>")
      .replaceAll(/taskHub=\w+/g, "taskHub=<hub>")
      .replaceAll(/code=\w+/g, "code=<key>")
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?/g, (time) =>
        time.replace(/\.\d+/, ".<fraction>").replaceAll(/\d/g, "0"),
      )
  );
}
