import type { HostRequest, HostResponse } from "../http/http-server.ts";
import type { Invocation, InvocationOutcome } from "../worker/invocation.ts";
import type { TypedData } from "../worker/typed-data.ts";

export type EventGridOptions = {
  /** Names of the functions with an Event Grid trigger. */
  functions: readonly string[];
  run: (invocation: Invocation) => Promise<InvocationOutcome>;
};

/**
 * Handles Event Grid's webhook `/runtime/webhooks/EventGrid?functionName=…` (HttpRequestProcessor.cs of the Event Grid
 * extension): the handshakes and deliveries. Each event of a batch is one invocation; they run
 * concurrently. If one fails, the response is 500, and Event Grid sends the whole batch again.
 */
export async function receiveEvents(
  options: EventGridOptions,
  request: HostRequest,
): Promise<HostResponse> {
  const functionName = request.url.searchParams.get("functionName") ?? "";
  if (!options.functions.includes(functionName)) {
    return text(404, `cannot find function: '${functionName}'`);
  }
  if (request.method === "OPTIONS") return allowEventGrid;
  switch (request.headers["aeg-event-type"]?.toLowerCase()) {
    case "subscriptionvalidation":
      return validateSubscription(request.body);
    case "notification":
      return deliver(options, functionName, request.body);
    case "unsubscribe":
      return text(202, "");
    default:
      return text(400, "");
  }
}

/** The handshake of cloud events; the extension gives this response to every origin. */
const allowEventGrid: HostResponse = {
  status: 200,
  headers: { "Webhook-Allowed-Origin": "eventgrid.azure.net" },
  body: "",
};

/** The extension fails on a body that it cannot read, and the host's response does not contain the error. */
const failed: HostResponse = { status: 500, headers: {}, body: "" };

/** "Webhook event delivery" in the Event Grid documentation: the endpoint echoes the code. */
function validateSubscription(body: Buffer): HostResponse {
  const parsed = parseJson(body);
  // A cloud event is not in an array, and its data is JSON text.
  const content = Array.isArray(parsed) ? member(parsed[0], "data") : member(parsed, "data");
  const validation: unknown = typeof content === "string" ? parseJson(content) : content;
  const code = member(validation, "validationCode");
  if (typeof code !== "string") return failed;
  return text(200, JSON.stringify({ validationResponse: code }));
}

async function deliver(
  options: EventGridOptions,
  functionName: string,
  body: Buffer,
): Promise<HostResponse> {
  const parsed = parseJson(body);
  if (typeof parsed !== "object" || parsed === null) return failed;
  const events: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  const outcomes = await Promise.all(
    events.map((event) => options.run(buildEventInvocation(functionName, JSON.stringify(event)))),
  );
  return outcomes.every((outcome) => outcome.ok)
    ? text(202, "")
    : text(500, `Exception while executing function: Functions.${functionName}`);
}

/** Builds the invocation for one event. Trigger metadata contains `data` and the other properties of the event. */
export function buildEventInvocation(functionName: string, event: string): Invocation {
  return { functionName, trigger: { json: event }, triggerMetadata: buildJsonMetadata(event) };
}

/**
 * Builds trigger metadata from each property of a JSON object that is not an array, as Utility.cs of the host binds them:
 * objects as JSON, other values as text.
 */
export function buildJsonMetadata(text: string): Record<string, TypedData> {
  const metadata: Record<string, TypedData> = {};
  for (const [name, value] of Object.entries(properties(parseJson(text)))) {
    if (Array.isArray(value) || value === null) continue;
    metadata[name] =
      typeof value === "object" ? { json: JSON.stringify(value) } : { string: String(value) };
  }
  return metadata;
}

function parseJson(body: Buffer | string): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

function properties(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

function member(value: unknown, name: string): unknown {
  return Object.entries(properties(value)).find(([key]) => key === name)?.[1];
}

function text(status: number, body: string): HostResponse {
  const headers = body === "" ? {} : { "content-type": "text/plain; charset=utf-8" };
  return { status, headers, body };
}
