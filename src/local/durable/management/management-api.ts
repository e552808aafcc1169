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
import { findName, missingFunctionText } from "../turn/function-names.ts";

export type ManagementDependencies = DurableOptions & {
  hub: TaskHub;
  wake: (instanceId: string) => void;
};

/** Handles the management routes of HttpApiHandler.cs. Rejects unimplemented operations by name with 501. */
export function manage(
  request: ManagementRequest,
  deps: ManagementDependencies,
): ManagementResponse {
  const segments = decodePath(request.path);
  if (segments === undefined)
    return json(400, { Message: "Cannot read the path because its encoding is invalid" });
  const [resource = "", ...rest] = segments;
  const method = request.method.toUpperCase();
  const [first = "", operation = "", eventName = ""] = rest;
  switch (resource.toLowerCase()) {
    case "orchestrators":
      if (method !== "POST" || first === "" || rest.length > 2) return notFound;
      return start(request, deps, { functionName: first, instanceId: operation });
    case "instances":
      if (operation === "") return routeInstances(request, deps, { method, instanceId: first });
      if (method !== "POST") return notFound;
      return routeOperation(request, deps, { instanceId: first, operation, eventName });
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
  deps: ManagementDependencies,
  { functionName, instanceId: given }: { functionName: string; instanceId: string },
): ManagementResponse {
  const { hub, hubName, clock, functions } = deps;
  if (query(request, "timeout") !== null && query(request, "pollingInterval") !== null) {
    return notImplemented("starting with a wait for completion (timeout, pollingInterval)");
  }
  const name = findName(functions.orchestrators(), functionName);
  if (name === undefined) {
    const known = functions.orchestrators().map((each) => `'${each}'`);
    return json(400, {
      Message: `${missingFunctionText(functionName, "orchestrator")}. Additional info: The following are the known orchestrator functions: ${known.join(", ")}.`,
    });
  }
  const problem = checkInstanceId(given);
  if (problem !== null) return json(400, { Message: problem });
  const input = compactJson(request.body);
  if (input === undefined)
    return invalidJson("One or more of the arguments submitted is incorrect");
  const instanceId = given === "" ? newInstanceId() : given;
  const result = startInstance(hub, clock, { instanceId, name, input });
  if (!result.started) {
    return json(500, {
      Message: "Something went wrong while processing your request",
      ExceptionMessage: `An Orchestration instance with the status ${result.existing.status} already exists.`,
      ExceptionType: "System.InvalidOperationException",
      StackTrace: null,
    });
  }
  deps.wake(instanceId);
  const urls = buildManagementUrls(request.url.origin, hubName, instanceId);
  return json(202, urls, { location: urls["statusQueryGetUri"] ?? "", "retry-after": "10" });
}

function routeInstances(
  request: ManagementRequest,
  deps: ManagementDependencies,
  { method, instanceId }: { method: string; instanceId: string },
): ManagementResponse {
  switch (method) {
    case "GET":
      return instanceId === "" ? list(request, deps) : status(request, deps, instanceId);
    case "DELETE":
      return instanceId === "" ? purgeMany(request, deps) : purgeOne(deps, instanceId);
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
  const parts = parseStatusParts(request);
  const history = parts.history ? hub.history(instance.executionId) : [];
  const body = buildStatus(instance, history, parts);
  if (!isFinal(instance.status)) {
    return json(202, body, { location: request.url.href, "retry-after": "5" });
  }
  const asError = isTrue(request, "returnInternalServerErrorOnFailure", false);
  return json(asError && instance.status === "Failed" ? 500 : 200, body);
}

const defaultPageSize = 100;

/** Pages are ordered by instance id. The token is the last id of a page; it is empty on the last page. */
function list(request: ManagementRequest, { hub }: ManagementDependencies): ManagementResponse {
  const filter = parseFilter(request);
  if (typeof filter === "string") return json(400, { Message: filter });
  const token = request.headers["x-ms-continuation-token"] ?? "";
  const after = Buffer.from(token, "base64url").toString();
  const found = hub.listInstances({ ...filter, after, limit: filter.limit + 1 });
  const page = found.slice(0, filter.limit);
  const last = found.length > page.length ? page.at(-1) : undefined;
  const next = last === undefined ? "" : Buffer.from(last.instanceId).toString("base64url");
  const parts = { ...parseStatusParts(request), history: false };
  return json(
    200,
    page.map((instance) => buildStatus(instance, [], parts)),
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
  deps: ManagementDependencies,
  { instanceId, operation, eventName }: Record<"instanceId" | "operation" | "eventName", string>,
): ManagementResponse {
  const { hub, clock } = deps;
  switch (operation.toLowerCase()) {
    case "raiseevent": {
      if (eventName === "") return notFound;
      if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
        return json(400, { Message: "Only application/json request content is supported" });
      }
      const input = compactJson(request.body);
      if (input === undefined || input === null) return invalidJson("Invalid JSON content");
      const delivery = raiseEvent(hub, clock, { instanceId, name: eventName, input });
      return deliveryResponse(delivery, instanceId, deps);
    }
    case "terminate": {
      const reason = query(request, "reason") ?? "";
      return deliveryResponse(terminate(hub, clock, { instanceId, reason }), instanceId, deps);
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
  if (delivery === "already finished") return { status: 410, headers: {}, body: "" };
  wake(instanceId);
  return { status: 202, headers: {}, body: "" };
}

function parseFilter(request: ManagementRequest): Omit<InstanceFilter, "after"> | string {
  const createdFrom = parseInstant(request, "createdTimeFrom", 0);
  const createdTo = parseInstant(request, "createdTimeTo", Number.MAX_SAFE_INTEGER);
  const limit = Number(query(request, "top") ?? defaultPageSize);
  if (createdFrom === undefined) return "Cannot read createdTimeFrom because it is not a date";
  if (createdTo === undefined) return "Cannot read createdTimeTo because it is not a date";
  if (!Number.isInteger(limit) || limit < 1)
    return "Cannot read top because it is not a whole number above zero";
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

/** Returns a query parameter's value; names are case-insensitive. */
function query(request: ManagementRequest, name: string): string | null {
  for (const [key, value] of request.query) {
    if (key.toLowerCase() === name.toLowerCase()) return value;
  }
  return null;
}

/** Returns a body as compact JSON text; null if it is empty, undefined if it is not JSON. */
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

function notImplemented(feature: string): ManagementResponse {
  return json(501, { Message: `Ferry's local Durable engine does not implement ${feature}` });
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
