import type { ActivityInput, CopyInput } from "../../copy/contract/activities.ts";
import { failure } from "../../copy/contract/failure.ts";
import type { Failure } from "../../copy/contract/failure.ts";
import { requestProblem } from "../../copy/contract/request-rules.ts";
import type { Endpoint } from "../../copy/location/endpoint.ts";
import {
  isOnStorageHost,
  isWellFormed,
  isWellFormedDestination,
} from "../../copy/location/trusted-endpoint.ts";
import { checkAccess } from "../../copy/routing/copy-access.ts";
import { epochMs, parseTime } from "../../copy/time.ts";
import type { ActivityDependencies } from "./dependencies.ts";

/**
 * Returns why the copy must not be started; null when it may be. The settings may have changed since it was requested,
 * and its input may come from any client with access to the task hub.
 */
export function checkCopy(
  { access, now }: ActivityDependencies,
  input: ActivityInput<CopyInput>,
): Failure | null {
  const { copy } = input;
  const name = copy.event?.route ?? copy.route;
  const at = parseTime(copy.event?.at ?? copy.createdAt);
  const denial = checkAccess(
    access,
    {
      source: copy.source,
      destination: copy.destination,
      options: copy.options, // its flags must match them, which requestProblem checks
      route: name === undefined ? null : { name, at: Number.isNaN(at) ? epochMs(0) : at },
    },
    now(),
  );
  const reason = denial?.reason ?? requestProblem(input, now());
  return reason === null ? null : notAllowed(reason);
}

/** The failure of a copy that must not be started. `reason` completes "Cannot start the copy because …". */
export function notAllowed(reason: string): Failure {
  return failure("not-allowed", `Cannot start the copy because ${reason}`);
}

/**
 * Returns why Ferry must not call the destination; null when it may. A copy that is running is followed and cleaned up
 * even if it would no longer be allowed, so the other activities check only this.
 */
export function checkDestination(
  deps: ActivityDependencies,
  destination: Endpoint,
  action: string,
): Failure | null {
  const { origins } = deps.access;
  return isWellFormedDestination(destination, origins) ? null : refuse(deps, destination, action);
}

/** The same for a source in Storage. */
export function checkSource(
  deps: ActivityDependencies,
  source: Endpoint,
  action: string,
): Failure | null {
  const isCallable = isWellFormed(source, deps.access.origins) && source.service !== "external";
  return isCallable ? null : refuse(deps, source, action);
}

function refuse({ access }: ActivityDependencies, endpoint: Endpoint, action: string): Failure {
  if (isOnStorageHost(endpoint, access.origins.emulator)) {
    const message = `Cannot ${action} because its URL cannot be read unambiguously, or is read-only`;
    return failure("not-allowed", message);
  }
  const isPlain = /^[\w.:/[\]-]{1,200}$/.test(endpoint.origin);
  const shown = isPlain ? endpoint.origin : "(not shown)";
  const message = `Cannot ${action} because its host is not a Storage service of a known cloud: ${shown}`;
  return failure("not-allowed", message);
}
