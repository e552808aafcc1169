import { day } from "../durations.ts";
import { endpointUrl, isOntoItself } from "../location/endpoint.ts";
import { optionsOff } from "../request/copy-options.ts";
import { conflictingOptions, incompatibleOptions } from "../request/option-rules.ts";
import { maxClockSkewMs, plusMs, toIso } from "../time.ts";
import type { EpochMs } from "../time.ts";
import { eventOwner, pickEndpoints } from "./activities.ts";
import type { ActivityInput, CopyInput } from "./activities.ts";
import { isInstanceId, timeOfId } from "./ids.ts";

/*
 * The rules that triggers enforce for every copy that they start. A client with the task hub's key can start a copy
 * that no trigger has checked, so the start activity enforces them again.
 */

/**
 * The maximum time in ms from a request to the first start of its copy. It is limited because the time in the id
 * determines the date in a route's destination and the copy's place in a queue. A later start needs a record, which
 * shows that the copy has waited. Records of ended copies are kept for at least as long (`COPY_RETENTION_DAYS`), so
 * that no late run starts such a copy again.
 */
export const maxFirstStartMs = 3 * day;

/** Returns why no trigger can have started the copy; null if one can. It completes "Cannot start the copy because …". */
export function requestProblem(
  { instanceId, copy }: ActivityInput<CopyInput>,
  now: EpochMs,
): string | null {
  const { source, destination, options, event, route, owner } = copy;
  const requestedAt = timeOfId(instanceId);
  // The time chooses dates in the destination of a route.
  if (copy.createdAt !== toIso(requestedAt)) return "it was not requested at the time in its id";
  if (requestedAt > plusMs(now, maxClockSkewMs)) return "the time in its id is in the future";
  const isByEvent = event !== undefined;
  if (isByEvent !== (owner === eventOwner) || (isByEvent && route !== undefined)) {
    return "it has an event and a caller, and only one of them can have caused it";
  }
  if (!haveOptions(copy)) return "its flags do not match its options";
  if (isOwnLease(options.destinationLease)) {
    return "its destinationLease is a UUID of version 7, which Ferry uses for its own leases";
  }
  const problems = [
    ...conflictingOptions(options),
    ...incompatibleOptions(options, source, destination),
  ];
  if (isOntoItself(source, destination) && options.rollback !== "snapshot") {
    const message = 'must be "snapshot" because the destination is the source itself';
    problems.push({ pointer: "/options/rollback", message });
  }
  if (problems.length === 0) return null;
  const named = problems.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`);
  return `no request is accepted with its options: ${named.join(", ")}`;
}

/**
 * Returns true if the lease id can be the id of a copy: a copy holds a lease with its own id on its source. It does not
 * check whether such a copy exists, because the response would show that to other callers.
 */
export function isOwnLease(leaseId: string | null): boolean {
  return isInstanceId(leaseId?.toLowerCase() ?? "");
}

const flags = ["destinationLease", "leasesSource", "mayWait", "rollsBack"] as const;

/** Returns true if the flags of the copy match its options. An input from a trigger has no flags yet. */
function haveOptions(copy: CopyInput): boolean {
  const expected = pickEndpoints(copy);
  return flags.every((flag) => copy[flag] === undefined || copy[flag] === expected[flag]);
}

/**
 * Returns a string that is the same for all inputs of one request, and different for every other request. It contains
 * only options that are set, so that a later release with more options returns the same string. It contains no SAS.
 */
export function requestText(copy: RequestedCopy): string {
  const { source, destination, createdAt, options, event, route, owner } = copy;
  const off: Record<string, unknown> = optionsOff;
  const set = Object.entries(options).filter(
    ([name, value]) => value !== null && value !== off[name],
  );
  const places = { source: endpointUrl(source), destination: endpointUrl(destination) };
  const parts = { ...places, createdAt, options: Object.fromEntries(set), event, route, owner };
  return JSON.stringify(parts, sortFields);
}

/** The parts of a copy's input that define the copy: endpoints and options. */
export type RequestedCopy = Pick<
  CopyInput,
  "source" | "destination" | "createdAt" | "options" | "event" | "route" | "owner"
>;

function sortFields(_name: string, value: unknown): unknown {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}
