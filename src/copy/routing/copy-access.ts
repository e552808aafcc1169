import type { EpochMs } from "../time.ts";
import { isAllowed } from "../request/access-policy.ts";
import type { AllowedPair } from "../request/access-policy.ts";
import type { CopyOptions } from "../request/copy-options.ts";
import type { CopyRequest } from "../request/copy-request.ts";
import { lockTooLong, pairGrant } from "../request/grants.ts";
import { isOwnState } from "../request/own-state.ts";
import type { OwnState } from "../request/own-state.ts";
import { missingGrants } from "../request/powers.ts";
import type { Granter } from "../request/powers.ts";
import type { Problem } from "../request/request-problem.ts";
import { containerOf, endpointUrl, serviceUrl } from "../location/endpoint.ts";
import type { BlobEndpoint, Endpoint } from "../location/endpoint.ts";
import type { Origins } from "../location/parse-endpoint.ts";
import { isWellFormed, isWellFormedDestination } from "../location/trusted-endpoint.ts";
import { buildDestination, isRouted } from "./routes.ts";
import type { Route } from "./routes.ts";

/** The settings that decide which copies are allowed. */
export type AccessPolicy = {
  allowed: readonly AllowedPair[];
  routes: readonly Route[];
  origins: Origins;
  /** Where the app and its host keep their state. Copies from or to it are never allowed. */
  own: OwnState;
  /** The maximum number of days that an immutability policy may last. */
  maxLockDays: number;
};

/** A copy to decide on. */
export type WantedCopy = Pick<CopyRequest, "source" | "destination" | "options"> & {
  /** The name of its route, and the time for dates in the route's template (epoch ms); null for a copy without one. */
  route: { name: string; at: EpochMs } | null;
};

/** `reason` completes "Cannot start the copy because …"; `problems` contains the options that are not allowed. */
export type AccessDenial = { reason: string; fix: string; problems: Problem[] };

/**
 * Returns why the copy is not allowed; null when it is. The HTTP trigger checks this before anything else happens. The
 * activity start checks it again, because the settings may have changed since, and because a client with access to the
 * task hub may have started the orchestration. `now` is epoch ms.
 */
export function checkAccess(
  policy: AccessPolicy,
  copy: WantedCopy,
  now: EpochMs,
): AccessDenial | null {
  const refused = refuseEndpoints(policy, copy);
  if (refused !== null) return refused;
  const granter = copy.route === null ? findPairs(policy, copy) : findRoute(policy, copy);
  return "reason" in granter ? granter : refuseOptions(policy, { ...copy, granter, now });
}

/**
 * Copies to decide on together: from each name in one folder to the same name in the other. The path of a folder is ""
 * for the whole container, or ends in a slash.
 */
export type WantedFolders = {
  source: BlobEndpoint;
  destination: BlobEndpoint;
  options: CopyOptions;
};

/**
 * Returns why the copies are not allowed; null when a single copy of each name that can exist in the source is. So a
 * pair must contain the folders themselves: one that contains only some of their blobs is not enough.
 */
export function checkFolderAccess(
  policy: AccessPolicy,
  folders: WantedFolders,
  now: EpochMs,
): AccessDenial | null {
  const { source, destination } = folders;
  // Only readability is decided with an invented name, because a folder has none.
  const inside = (folder: BlobEndpoint) => ({ ...folder, path: `${folder.path}x` });
  const refused = refuseEndpoints(policy, {
    source: inside(source),
    destination: inside(destination),
  });
  if (refused !== null) return refused;
  const granter = isFolder(source) && isFolder(destination) ? findPairs(policy, folders) : noFolder;
  return "reason" in granter ? granter : refuseOptions(policy, { ...folders, granter, now });
}

function isFolder({ path }: BlobEndpoint): boolean {
  return path === "" || path.endsWith("/");
}

const noFolder = denied(
  "its source or destination is not a folder",
  "End the URLs with a slash, or name containers",
);

function refuseEndpoints(
  policy: AccessPolicy,
  { source, destination }: Pick<WantedCopy, "source" | "destination">,
): AccessDenial | null {
  if (!isWellFormed(source, policy.origins)) {
    return denied(
      "its source is not in a known Storage service, or its name cannot be read unambiguously",
      "Use a source whose URL has one meaning: without dot segments, encoded slashes and a port",
    );
  }
  if (!isWellFormedDestination(destination, policy.origins)) {
    return denied(
      "its destination is not in a known Storage service, is read-only, or its name cannot be read unambiguously",
      "Use a destination that can be written, and whose URL has one meaning",
    );
  }
  const ownEndpoint = [source, destination].find((endpoint) => isOwnState(policy.own, endpoint));
  return ownEndpoint === undefined
    ? null
    : denied(
        `this app and its host keep their state there: ${endpointUrl(ownEndpoint)}`,
        "Use another container",
      );
}

function refuseOptions(
  { maxLockDays }: AccessPolicy,
  { options, granter, now }: { options: CopyOptions; granter: Granter; now: EpochMs },
): AccessDenial | null {
  const problems = [
    ...missingGrants(options, granter),
    ...lockTooLong(options, { maxLockDays, now }),
  ];
  if (problems.length === 0) return null;
  const named = problems.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`);
  return {
    reason: `its options are not allowed: ${named.join(", ")}`,
    fix: 'Leave out these options, or ask an operator of the app to grant them: with the words in the "allow" list of the pair or route, or as options of the route',
    problems,
  };
}

function findPairs(
  policy: AccessPolicy,
  copy: Pick<WantedCopy, "source" | "destination">,
): Granter | AccessDenial {
  const pairs = policy.allowed.filter((pair) => isAllowed([pair], copy));
  if (pairs.length === 0) {
    const { source, destination } = copy;
    return denied(
      `no pair in COPY_ALLOWED allows a copy from ${endpointUrl(source)} to ${endpointUrl(destination)}`,
      `Ask an operator of the app to add a pair to COPY_ALLOWED, such as ${JSON.stringify({ from: placeOf(source), to: placeOf(destination) })}`,
    );
  }
  const allow: Granter["allow"] = new Set([...pairs.flatMap((pair) => pair.allow), pairGrant]);
  const name = "a pair in COPY_ALLOWED that contains the source and the destination";
  return { name, allow, route: null };
}

/**
 * A copy of a route needs no pair, but it must have the destination and the options that the route gives its source.
 */
function findRoute(
  { routes, origins }: AccessPolicy,
  { source, destination, options, route: wanted }: WantedCopy,
): Granter | AccessDenial {
  const route = routes.find(({ name }) => name === wanted?.name);
  if (wanted === null || route === undefined || !isRouted(route, source)) {
    return denied(
      `no route in COPY_ROUTES with its name matches ${endpointUrl(source)}`,
      "Use the name of a route in COPY_ROUTES, and a blob that it copies; or give a destination instead of the route",
    );
  }
  const { container, path } = source;
  const { parsed } = buildDestination(route.template, { container, path, at: wanted.at }, origins);
  if (!parsed.ok || endpointUrl(parsed.endpoint) !== endpointUrl(destination)) {
    return denied(
      `the route "${route.name}" does not copy ${endpointUrl(source)} to ${endpointUrl(destination)}`,
      "Start the copy again: the route has changed since",
    );
  }
  const changed = route.fixedOptions.filter(
    (name) => !isSameOption(name, options, route.sample.options),
  );
  if (changed.length > 0) {
    return denied(
      `the route "${route.name}" sets other options: ${changed.join(", ")}`,
      "Leave out the options that the route sets",
    );
  }
  return {
    name: `the route "${route.name}"`,
    allow: new Set(route.allow),
    route: { sets: route.fixedOptions, options: route.sample.options },
  };
}

/** Compares the JSON of an option, with the fields of objects in any order. */
function isSameOption(name: string, one: CopyOptions, other: CopyOptions): boolean {
  const json = (options: CopyOptions) =>
    JSON.stringify(Object.entries(options).find(([option]) => option === name)?.[1], sortFields);
  return json(one) === json(other);
}

function sortFields(_key: string, value: unknown): unknown {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}

/** The folder of an endpoint that a pair could name: its container or share, or its folder outside Storage. */
function placeOf(endpoint: Endpoint): string {
  if (endpoint.service === "external") return endpointUrl(endpoint).replace(/[^/]*$/, "");
  return `${serviceUrl(endpoint)}/${containerOf(endpoint)}`;
}

function denied(reason: string, fix: string): AccessDenial {
  return { reason, fix, problems: [] };
}
