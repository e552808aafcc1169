import type { Response } from "../support/stack.ts";

/** A response as both engines must give it: what differs from one call to the next is masked. */
export type MaskedResponse = { status: number; headers: Record<string, string>; body: unknown };

const comparedHeaders = ["location", "retry-after", "content-type"];

/** `ids` are masked in the order of their first use; guids, times, addresses and stack traces by their form. */
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
    if (key === "StackTrace" || key === "Details") return value === "" ? "" : `<${key}>`;
    return maskText(value);
  }
  if (Array.isArray(value)) return value.map((each) => maskJson(each, ""));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, maskJson(each, name)]),
  );
}

function maskText(text: string): string {
  return text
    .replaceAll(/https?:\/\/(localhost|127\.0\.0\.1)(:\d+)?/g, "<host>")
    .replaceAll(/[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}/gi, "<guid>")
    .replaceAll(/taskHub=\w+/g, "taskHub=<hub>")
    .replaceAll(/code=\w+/g, "code=<key>")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?/g, (time) =>
      time.replaceAll(/\d+/g, (digits, at: number) => (at === 20 ? "<fraction>" : "0".repeat(digits.length))),
    );
}
