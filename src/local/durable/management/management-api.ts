import { buildManagementUrls } from "./client-binding.ts";
import type { DurableOptions, ManagementRequest, ManagementResponse } from "../api/engine-api.ts";
import { isFinal } from "../history/history.ts";
import {
  type Delivery,
  newInstanceId,
  purge,
  raiseEvent,
  startInstance,
  suspendOrResume,
  terminate,
} from "./instance-requests.ts";
import { buildStatus } from "./instance-status.ts";
import {
  isTrue,
  parseBody,
  parseList,
  parsePath,
  parsePurge,
  parseStatusParts,
  query,
} from "./request-parts.ts";
import { empty, internalError, invalidJson, json, notFound, notImplemented } from "./responses.ts";
import type { TaskHub } from "../hub/task-hub.ts";

export type ManagementDependencies = DurableOptions & {
  hub: TaskHub;
  wake: (instanceId: string) => void;
};

/** Handles the management routes of HttpApiHandler.cs. Rejects unimplemented operations by name with 501. */
export function manage(
  request: ManagementRequest,
  deps: ManagementDependencies,
): ManagementResponse {
  const [resource = "", ...rest] = parsePath(request.path);
  const method = request.method.toUpperCase();
  const [first = "", operation = "", eventName = "", ...more] = rest;
  if (more.length > 0) return notFound;
  switch (resource.toLowerCase()) {
    case "orchestrators":
      if (method !== "POST" || first === "" || eventName !== "") return notFound;
      return start(request, deps, { functionName: first, instanceId: operation });
    case "instances":
      if (operation === "") return routeInstances(request, deps, { method, instanceId: first });
      if (method !== "POST") return notFound;
      if (operation.toLowerCase() !== "raiseevent") {
        return eventName === "" ? routeOperation(request, deps, first, operation) : notFound;
      }
      return eventName === "" ? notFound : raise(request, deps, { instanceId: first, eventName });
    case "entities":
      return routeEntities(method, first);
    default:
      return notFound;
  }
}

/** The host rejects an app with entities, so there are none. */
function routeEntities(method: string, name: string): ManagementResponse {
  if (method !== "POST" && method !== "DELETE") return notFound;
  return json(400, {
    Message: `The function '${name}' doesn't exist, is disabled, or is not an entity function. Additional info: No entity functions are currently registered!`,
  });
}

function start(
  request: ManagementRequest,
  deps: ManagementDependencies,
  { functionName: name, instanceId: given }: { functionName: string; instanceId: string },
): ManagementResponse {
  const { hub, hubName, clock } = deps;
  if (query(request, "timeout") !== null && query(request, "pollingInterval") !== null) {
    return notImplemented("starting with a wait for completion (timeout, pollingInterval)");
  }
  const body = parseBody(request.body);
  if ("error" in body) return invalidJson(body.error);
  const instanceId = given === "" ? newInstanceId() : given;
  const result = startInstance(hub, clock, { instanceId, name, input: body.json });
  if (!result.started) {
    const { status } = result.existing;
    return json(409, {
      Message: `An Orchestration instance with the status ${status} already exists.`,
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

/**
 * Pages are ordered by instance id. The token is opaque for clients and ends with a space, like that of Azure Tables;
 * here it is the last id of the page. A full page has a token even if nothing follows.
 */
function list(request: ManagementRequest, { hub }: ManagementDependencies): ManagementResponse {
  const { token, ...filter } = parseList(request);
  if (filter.limit < 0) {
    return internalError({
      message: "An error occurred while communicating with Azure Storage",
      type: "DurableTask.AzureStorage.Storage.DurableTaskStorageException",
    });
  }
  const after = Buffer.from(token, "base64").toString();
  const page = hub.listInstances({ ...filter, after });
  const last = page.at(-1)?.instanceId ?? after;
  const next = page.length < filter.limit ? "" : `${Buffer.from(last).toString("base64")} `;
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
  if (!isFinal(instance.status)) {
    return json(
      412,
      `Only orchestrations in a terminal state can be purged, but the orchestration with instance ID ${instanceId} has status ${instance.status}`,
    );
  }
  return json(200, { instancesDeleted: purge(hub, [instance]) });
}

/** Unlike the purge of one instance, this one also removes instances that are not finished. */
function purgeMany(
  request: ManagementRequest,
  { hub }: ManagementDependencies,
): ManagementResponse {
  const filter = parsePurge(request);
  if (filter === undefined) {
    return json(400, "Please provide value for 'createdTimeFrom' parameter.");
  }
  const instancesDeleted = purge(hub, hub.listInstances({ ...filter, after: "" }));
  return instancesDeleted === 0 ? notFound : json(200, { instancesDeleted });
}

function raise(
  request: ManagementRequest,
  deps: ManagementDependencies,
  { instanceId, eventName: name }: { instanceId: string; eventName: string },
): ManagementResponse {
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
    return json(400, { Message: "Only application/json request content is supported" });
  }
  const body = parseBody(request.body);
  if ("error" in body) return invalidJson(body.error);
  if (body.json === null) {
    return invalidJson("Error reading JToken from JsonReader. Path '', line 0, position 0.");
  }
  const delayMs = deps.eventDelay?.({ instanceId, name }) ?? 0;
  const event = { instanceId, name, input: body.json, delayMs };
  return deliveryResponse(raiseEvent(deps.hub, deps.clock, event), instanceId, deps);
}

function routeOperation(
  request: ManagementRequest,
  deps: ManagementDependencies,
  instanceId: string,
  name: string,
): ManagementResponse {
  const { hub, clock } = deps;
  const reason = query(request, "reason");
  const operation = name.toLowerCase();
  switch (operation) {
    case "terminate": {
      const delivery = terminate(hub, clock, { instanceId, reason: reason ?? "" });
      return deliveryResponse(delivery, instanceId, deps);
    }
    case "suspend":
    case "resume": {
      const delivery = suspendOrResume(hub, clock, { instanceId, operation, reason });
      if (typeof delivery === "string") return deliveryResponse(delivery, instanceId, deps);
      return internalError({
        message: `Cannot ${operation} the orchestration instance ${instanceId} because instance is in the ${delivery.refused} state.`,
        type: "System.InvalidOperationException",
      });
    }
    case "rewind":
      return rewind(deps, instanceId);
    case "restart":
      return notImplemented(operation);
    default:
      return notFound;
  }
}

function rewind({ hub }: ManagementDependencies, instanceId: string): ManagementResponse {
  const instance = hub.instance(instanceId);
  if (instance === undefined) {
    // The dollar sign is the extension's.
    return json(404, `No orchestration with instance ID "$${instanceId}" found.`);
  }
  if (instance.status === "Failed") return notImplemented("rewind");
  return json(
    412,
    `This orchestration has status ${instance.status}, but only orchestrations in the "Failed" state can be rewound.`,
  );
}

function deliveryResponse(
  delivery: Delivery,
  instanceId: string,
  { wake }: ManagementDependencies,
): ManagementResponse {
  if (delivery === "no such instance") return notFound;
  if (delivery === "already finished") return empty(410);
  wake(instanceId);
  return empty(202);
}
