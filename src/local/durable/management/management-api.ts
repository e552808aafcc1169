import { buildManagementUrls } from "./client-binding.ts";
import type { DurableOptions, ManagementRequest, ManagementResponse } from "../api/engine-api.ts";
import { isFinal } from "../history/history.ts";
import type { InstanceFilter } from "../hub/hub-instances.ts";
import {
  checkInstanceId,
  type Delivery,
  newInstanceId,
  purge,
  raiseEvent,
  startInstance,
  terminate,
} from "./instance-requests.ts";
import { buildStatus } from "./instance-status.ts";
import type { TaskHub } from "../hub/task-hub.ts";
import { missingFunctionText, findName } from "../turn/take-turn.ts";

export type ManagementDependencies = DurableOptions & {
  hub: TaskHub;
  wake: (instanceId: string) => void;
};

/** The management routes of HttpApiHandler.cs, for what this engine can do; the rest is refused by name. */
export function manage(
  request: ManagementRequest,
  tools: ManagementDependencies,
): ManagementResponse {
  const segments = decodePath(request.path);
  if (segments === undefined) return json(400, { Message: "Cannot read the path: bad encoding" });
  const [room = "", ...rest] = segments;
  const method = request.method.toUpperCase();
  const [first = "", operation = "", eventName = ""] = rest;
  switch (room.toLowerCase()) {
    case "orchestrators":
      if (method !== "POST" || first === "" || rest.length > 2) return notFound;
      return start(request, tools, { functionName: first, instanceId: operation });
    case "instances":
      if (operation === "") return routeInstances(request, tools, { method, instanceId: first });
      if (method !== "POST") return notFound;
      return routeOperation(request, tools, { instanceId: first, operation, eventName });
    case "entities":
      return notImplemented("entities");
    default:
      return notFound;
  }
}

function decodePath(path: string): readonly string[] | undefined {
  try {
    return path.split("/").map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function start(
  request: ManagementRequest,
  tools: ManagementDependencies,
  { functionName, instanceId: given }: { functionName: string; instanceId: string },
): ManagementResponse {
  const { hub, hubName, clock, functions } = tools;
  if (query(request, "timeout") !== null && query(request, "pollingInterval") !== null) {
    return notImplemented("starting with a wait for the end (timeout, pollingInterval)");
  }
  const name = findName(functions.orchestrators(), functionName);
  if (name === undefined) {
    const known = functions.orchestrators().map((each) => `'${each}'`);
    return json(400, {
      Message: `${missingFunctionText(functionName, "orchestrator")}. Additional info: The following are the known orchestrator functions: ${known.join(", ")}.`,
    });
  }
  const bad = checkInstanceId(given);
  if (bad !== null) return json(400, { Message: bad });
  const input = compactJson(request.body);
  if (input === undefined)
    return invalidJson("One or more of the arguments submitted is incorrect");
  const instanceId = given === "" ? newInstanceId() : given;
  const answer = startInstance(hub, clock, { instanceId, name, input });
  if (!answer.started) {
    return json(500, {
      Message: "Something went wrong while processing your request",
      ExceptionMessage: `An Orchestration instance with the status ${answer.existing.status} already exists.`,
      ExceptionType: "System.InvalidOperationException",
      StackTrace: null,
    });
  }
  tools.wake(instanceId);
  const urls = buildManagementUrls(request.url.origin, hubName, instanceId);
  return json(202, urls, { location: urls["statusQueryGetUri"] ?? "", "retry-after": "10" });
}

function routeInstances(
  request: ManagementRequest,
  tools: ManagementDependencies,
  { method, instanceId }: { method: string; instanceId: string },
): ManagementResponse {
  switch (method) {
    case "GET":
      return instanceId === "" ? list(request, tools) : status(request, tools, instanceId);
    case "DELETE":
      return instanceId === "" ? purgeMany(request, tools) : purgeOne(tools, instanceId);
    default:
      return notFound;
  }
}

function status(
  request: ManagementRequest,
  { hub }: ManagementDependencies,
  instanceId: string,
): ManagementResponse {
  const instance = hub.instance(instanceId);
  if (instance === undefined) return notFound;
  const shown = parseStatusParts(request);
  const history = shown.history ? hub.history(instance.executionId) : [];
  const body = buildStatus(instance, history, shown);
  if (!isFinal(instance.status)) {
    return json(202, body, { location: request.url.href, "retry-after": "5" });
  }
  const asError = isTrue(request, "returnInternalServerErrorOnFailure", false);
  return json(asError && instance.status === "Failed" ? 500 : 200, body);
}

const defaultPageSize = 100;

/** Pages go by instance id; the token is the last id of a page, and empty at the end. */
function list(request: ManagementRequest, { hub }: ManagementDependencies): ManagementResponse {
  const filter = parseFilter(request);
  if (typeof filter === "string") return json(400, { Message: filter });
  const token = request.headers["x-ms-continuation-token"] ?? "";
  const after = Buffer.from(token, "base64url").toString();
  const found = hub.listInstances({ ...filter, after, limit: filter.limit + 1 });
  const page = found.slice(0, filter.limit);
  const last = found.length > page.length ? page.at(-1) : undefined;
  const next = last === undefined ? "" : Buffer.from(last.instanceId).toString("base64url");
  const shown = { ...parseStatusParts(request), history: false };
  return json(
    200,
    page.map((instance) => buildStatus(instance, [], shown)),
    { "x-ms-continuation-token": next },
  );
}

function purgeOne({ hub }: ManagementDependencies, instanceId: string): ManagementResponse {
  const instance = hub.instance(instanceId);
  if (instance === undefined) return notFound;
  return json(200, { instancesDeleted: purge(hub, [instance]) });
}

function purgeMany(
  request: ManagementRequest,
  { hub }: ManagementDependencies,
): ManagementResponse {
  if (query(request, "createdTimeFrom") === null) {
    return json(400, {
      Message: "Please provide value for 'createdTimeFrom' parameter.",
    });
  }
  const filter = parseFilter(request);
  if (typeof filter === "string") return json(400, { Message: filter });
  const found = hub.listInstances({ ...filter, after: "", limit: -1 }); // -1: no limit in SQLite
  const instancesDeleted = purge(hub, found);
  return instancesDeleted === 0 ? notFound : json(200, { instancesDeleted });
}

function routeOperation(
  request: ManagementRequest,
  tools: ManagementDependencies,
  { instanceId, operation, eventName }: Record<"instanceId" | "operation" | "eventName", string>,
): ManagementResponse {
  const { hub, clock } = tools;
  switch (operation.toLowerCase()) {
    case "raiseevent": {
      if (eventName === "") return notFound;
      if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
        return json(400, { Message: "Only application/json request content is supported" });
      }
      const input = compactJson(request.body);
      if (input === undefined || input === null) return invalidJson("Invalid JSON content");
      const delivery = raiseEvent(hub, clock, { instanceId, name: eventName, input });
      return deliveryResponse(delivery, instanceId, tools);
    }
    case "terminate": {
      const reason = query(request, "reason") ?? "";
      return deliveryResponse(terminate(hub, clock, { instanceId, reason }), instanceId, tools);
    }
    case "suspend":
    case "resume":
    case "rewind":
    case "restart":
      return notImplemented(operation.toLowerCase());
    default:
      return notFound;
  }
}

function deliveryResponse(
  delivery: Delivery,
  instanceId: string,
  { wake }: ManagementDependencies,
): ManagementResponse {
  if (delivery === "no such instance") return notFound;
  if (delivery === "ended") return { status: 410, headers: {}, body: "" };
  wake(instanceId);
  return { status: 202, headers: {}, body: "" };
}

function parseFilter(request: ManagementRequest): Omit<InstanceFilter, "after"> | string {
  const createdFrom = parseInstant(request, "createdTimeFrom", 0);
  const createdTo = parseInstant(request, "createdTimeTo", Number.MAX_SAFE_INTEGER);
  const limit = Number(query(request, "top") ?? defaultPageSize);
  if (createdFrom === undefined) return "Cannot read createdTimeFrom as a date";
  if (createdTo === undefined) return "Cannot read createdTimeTo as a date";
  if (!Number.isInteger(limit) || limit < 1) return "Cannot read top as a number above zero";
  const statuses = (query(request, "runtimeStatus") ?? "").split(",").filter((name) => name !== "");
  const idPrefix = query(request, "instanceIdPrefix") ?? "";
  return { statuses, createdFrom, createdTo, idPrefix, limit };
}

function parseInstant(
  request: ManagementRequest,
  name: string,
  absent: number,
): number | undefined {
  const text = query(request, name);
  if (text === null || text === "") return absent;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

function parseStatusParts(request: ManagementRequest) {
  return {
    history: isTrue(request, "showHistory", false),
    historyOutput: isTrue(request, "showHistoryOutput", false),
    input: isTrue(request, "showInput", true),
  };
}

function isTrue(request: ManagementRequest, name: string, absent: boolean): boolean {
  const text = query(request, name);
  return text === null ? absent : text.toLowerCase() === "true";
}

/** Query names compare without case. */
function query(request: ManagementRequest, name: string): string | null {
  for (const [key, value] of request.query) {
    if (key.toLowerCase() === name.toLowerCase()) return value;
  }
  return null;
}

/** A body as compact JSON text; null where it is empty, undefined where it is no JSON. */
function compactJson(body: string): string | null | undefined {
  if (body.trim() === "") return null;
  try {
    return JSON.stringify(JSON.parse(body));
  } catch {
    return undefined;
  }
}

const notFound: ManagementResponse = { status: 404, headers: {}, body: "" };

function invalidJson(message: string): ManagementResponse {
  return json(400, { Message: message, ExceptionType: "Newtonsoft.Json.JsonReaderException" });
}

function notImplemented(what: string): ManagementResponse {
  return json(501, { Message: `Ferry's local Durable engine has not implemented ${what}` });
}

function json(
  status: number,
  body: object,
  headers: Record<string, string> = {},
): ManagementResponse {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(body),
  };
}
