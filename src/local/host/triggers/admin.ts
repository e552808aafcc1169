import { hostname } from "node:os";
import type { Clock } from "../../clock.ts";
import type { Logger } from "../../log.ts";
import { type AppFunction } from "../worker/app-functions.ts";
import { hostVersion } from "../worker/functions-core.ts";
import { buildEventInvocation } from "./event-grid.ts";
import type { FunctionKeys, KeyLevel } from "../http/function-keys.ts";
import type { HostRequest, HostResponse } from "../http/http-server.ts";
import type { Invocation, InvocationOutcome } from "../worker/invocation.ts";
import { buildTimerInfo } from "./timer-trigger.ts";

export type AdminOptions = {
  functions: readonly AppFunction[];
  /** Returns the URL of an HTTP function; undefined for other functions. */
  urlOf: (name: string) => string | undefined;
  keys: FunctionKeys | undefined;
  /** Epoch ms. */
  startedAt: number;
  clock: Clock;
  logger: Logger;
  run: (invocation: Invocation) => Promise<InvocationOutcome>;
};

/** The route of one request. Its key must be checked before `respond` is called. */
export type AdminRoute = { requiredKey: KeyLevel; respond: () => HostResponse };

/**
 * Finds the host's route below `/admin/` for a request; undefined if there is none. The routes that people
 * call by hand are implemented (HostController.cs, KeysController.cs and FunctionsController.cs): the host's status, its
 * keys, the list of functions, and running a function now.
 */
export function findAdminRoute(
  options: AdminOptions,
  request: HostRequest,
): AdminRoute | undefined {
  const [root = "", area = "", name = "", ...rest] = request.path
    .replace(/^\/|\/$/g, "")
    .split("/");
  if (root.toLowerCase() !== "admin") return undefined;
  const isOfFunction = area.toLowerCase() === "functions" && name !== "";
  const route = [area, isOfFunction ? "{name}" : name, ...rest].filter((part) => part !== "");
  const respond = routes[`${request.method} ${route.join("/").toLowerCase()}`];
  if (respond === undefined) return undefined;
  const found = options.functions.find((each) => each.name.toLowerCase() === name.toLowerCase());
  return {
    requiredKey: name.toLowerCase() === "ping" && !isOfFunction ? "anonymous" : "admin",
    respond: () => respond({ options, request, found }),
  };
}

type AdminRequest = {
  options: AdminOptions;
  request: HostRequest;
  /** The function that the path names. */
  found: AppFunction | undefined;
};

const routes: Readonly<Record<string, (request: AdminRequest) => HostResponse>> = {
  "GET host/status": ({ options }) => json(200, hostStatus(options)),
  "GET host/ping": () => pong,
  "POST host/ping": () => pong,
  "GET host/drain/status": () =>
    json(200, { state: "Disabled", outstandingInvocations: 0, outstandingRetries: 0 }),
  "GET host/keys": (call) => listKeys(call, call.options.keys?.host),
  "GET host/functionkeys": (call) => listKeys(call, call.options.keys?.host),
  "GET host/systemkeys": (call) => listKeys(call, call.options.keys?.system),
  "GET functions": ({ options }) =>
    json(
      200,
      options.functions.map((each) => describeFunction(options, each)),
    ),
  "GET functions/{name}": ({ options, found }) =>
    found === undefined ? empty(404) : json(200, describeFunction(options, found)),
  "GET functions/{name}/status": ({ found }) => (found === undefined ? empty(404) : json(200, {})),
  "POST functions/{name}": runNow,
};

const pong: HostResponse = {
  status: 200,
  headers: { "cache-control": "no-store,no-cache", pragma: "no-cache" },
  body: "",
};

/** The members of HostStatus.cs; those that App Service supplies are empty, as on any other machine. */
function hostStatus(options: AdminOptions): object {
  return {
    id: hostname().toLowerCase(),
    state: "Running",
    version: `${hostVersion}.0`,
    versionDetails: hostVersion,
    platformVersion: "",
    instanceId: "",
    computerName: "",
    processUptime: options.clock.now() - options.startedAt,
    functionAppContentEditingState: "Unknown",
  };
}

function listKeys(
  { request }: AdminRequest,
  keys: Readonly<Record<string, string>> | undefined,
): HostResponse {
  const listed = Object.entries(keys ?? {}).map(([name, value]) => ({ name, value }));
  const self = { rel: "self", href: `${request.url.origin}${request.url.pathname}` };
  return json(200, { keys: listed, links: [self] });
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

/**
 * Responds immediately and runs the function in the background, as the host does. The log shows its result. Nothing
 * runs for HTTP functions and orchestrators: the host responds in the same way, and then their bindings fail.
 */
function runNow({ options, request, found }: AdminRequest): HostResponse {
  const input = parseInput(request.body);
  if (input === undefined) return empty(400);
  if (found === undefined) return empty(404);
  const invocation = buildInvocation(found, input);
  if (invocation !== undefined) void options.run(invocation);
  else {
    const reason = `its trigger takes no input from an admin request: ${howToRun(found)}`;
    options.logger("error", "function", found.name, `Cannot run the function because ${reason}`);
  }
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
    case "queuetrigger":
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
