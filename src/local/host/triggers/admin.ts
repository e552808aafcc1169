import type { Clock } from "../../clock.ts";
import { type AppFunction } from "../worker/app-functions.ts";
import { hostVersion } from "../worker/functions-core.ts";
import { buildEventInvocation } from "./event-grid.ts";
import type { HostRequest, HostResponse } from "../http/http-server.ts";
import type { Invocation, InvocationOutcome } from "../worker/invocation.ts";
import { buildTimerInfo } from "./timer-trigger.ts";

export type AdminOptions = {
  functions: readonly AppFunction[];
  /** Returns the URL of an HTTP function; undefined for other functions. */
  urlOf: (name: string) => string | undefined;
  /** Epoch ms. */
  startedAt: number;
  clock: Clock;
  run: (invocation: Invocation) => Promise<InvocationOutcome>;
};

/**
 * Handles the host's routes below `/admin/` that people call by hand (HostController.cs and FunctionsController.cs):
 * the host's status, the list of functions, and running a function now.
 */
export function respondAdmin(options: AdminOptions, request: HostRequest): HostResponse {
  const [, , area = "", name = "", detail, ...more] = request.path.replace(/\/$/, "").split("/");
  if (more.length > 0) return empty(404);
  const route = [area, area === "host" ? name : name && "{name}", detail]
    .filter((part) => part !== undefined && part !== "")
    .join("/")
    .toLowerCase();
  const found = options.functions.find(
    (candidate) => candidate.name.toLowerCase() === name.toLowerCase(),
  );
  switch (`${request.method} ${route}`) {
    case "GET host/status":
      return json(200, hostStatus(options));
    case "GET host/ping":
    case "POST host/ping":
      return empty(200);
    case "GET functions":
      return json(
        200,
        options.functions.map((each) => describeFunction(options, each)),
      );
    case "GET functions/{name}":
      return found === undefined ? empty(404) : json(200, describeFunction(options, found));
    case "GET functions/{name}/status":
      return found === undefined ? empty(404) : json(200, {});
    case "POST functions/{name}":
      return found === undefined ? empty(404) : runNow(options, found, request.body);
    default:
      return empty(404);
  }
}

function hostStatus(options: AdminOptions): object {
  return {
    id: "local",
    state: "Running",
    version: hostVersion,
    versionDetails: hostVersion,
    processUptime: options.clock.now() - options.startedAt,
    functionAppContentEditingState: "NotAllowed",
  };
}

function describeFunction(options: AdminOptions, { name, metadata }: AppFunction): object {
  const bindings = Object.entries(metadata.bindings).map(([key, binding]) => ({
    ...binding,
    name: key,
  }));
  return {
    name,
    invoke_url_template: options.urlOf(name) ?? "",
    config: { bindings },
    isDisabled: false,
    language: "node",
  };
}

/** Responds immediately and runs the function in the background, as the host does. The log shows its result. */
function runNow(options: AdminOptions, found: AppFunction, body: Buffer): HostResponse {
  const input = parseInput(body);
  if (input === undefined) return text(400, `The body must be {"input": "<text>"}`);
  const invocation = buildInvocation(found, input);
  if (invocation === undefined) {
    return text(400, `Cannot run function "${found.name}" here: ${howToRun(found)}`);
  }
  void options.run(invocation);
  return empty(202);
}

function parseInput(body: Buffer): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    if (typeof parsed !== "object" || parsed === null) return undefined;
    const input = "input" in parsed ? parsed.input : "";
    return typeof input === "string" ? input : JSON.stringify(input);
  } catch {
    return undefined;
  }
}

function buildInvocation({ name, trigger }: AppFunction, input: string): Invocation | undefined {
  switch (trigger.type.toLowerCase()) {
    case "timertrigger":
      return { functionName: name, trigger: buildTimerInfo(undefined, false) };
    case "eventgridtrigger":
      return buildEventInvocation(name, input);
    case "activitytrigger":
      return { functionName: name, trigger: { string: input } };
    default:
      return undefined;
  }
}

function howToRun({ trigger }: AppFunction): string {
  return trigger.type.toLowerCase() === "httptrigger"
    ? "call its route"
    : "start an orchestration through a durable client";
}

function empty(status: number): HostResponse {
  return { status, headers: {}, body: "" };
}

function json(status: number, body: object): HostResponse {
  const headers = { "content-type": "application/json; charset=utf-8" };
  return { status, headers, body: JSON.stringify(body) };
}

function text(status: number, body: string): HostResponse {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}
