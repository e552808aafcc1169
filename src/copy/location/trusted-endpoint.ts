import { z } from "zod";
import { maxCopySourceLength } from "./endpoint.ts";
import type { Destination, Endpoint } from "./endpoint.ts";
import type { Origins } from "./parse-endpoint.ts";
import { isManagedDisk, parseStorageHost } from "./storage-hosts.ts";
import { storageTime } from "./storage-query.ts";
import { isWellNamed } from "./well-named.ts";

/*
 * Endpoints of activity inputs. Ferry's triggers pass on only endpoints that they have parsed, but a client that can
 * start orchestrations or write to the task hub can pass any JSON. So these functions do not rely on the shape of the
 * input.
 */

/** Names in Storage, and paths outside it, are shorter (location/README.md). */
const path = z.string().max(maxCopySourceLength);
/** Accounts are labels of a host; names of containers and shares are as short. */
const label = z.string().max(64);
/** A scheme, a host of at most 253 characters and a port. */
const origin = z
  .string()
  .max(300)
  .refine((value) => URL.canParse(value));
const inStorage = {
  origin,
  account: label,
  path,
  secondary: z.boolean(),
  emulated: z.boolean(),
};
const selector = z.string().regex(storageTime).exactOptional();

/** The fields of an endpoint; they may still name any host. */
export const endpointShape = z.discriminatedUnion("service", [
  z.object({
    service: z.literal("blob"),
    container: label,
    snapshot: selector,
    version: selector,
    ...inStorage,
  }),
  z.object({ service: z.literal("file"), share: label, snapshot: selector, ...inStorage }),
  z.object({ service: z.literal("external"), origin, path }),
]);

/** Returns true if the JSON has the fields of an endpoint; they may still name any host. */
function isEndpoint(json: unknown): json is Endpoint {
  return endpointShape.safeParse(json).success;
}

/**
 * Returns true if the app's token, or a SAS, may be sent to the endpoint's host: it is the host of a Storage service in
 * a known cloud, or the emulator's, and the endpoint's account and service are those of the host.
 */
export function isOnStorageHost(
  endpoint: Endpoint,
  emulator: Origins["emulator"],
): endpoint is Destination {
  if (!isEndpoint(endpoint) || endpoint.service === "external") return false;
  const { service, origin, account, secondary, emulated } = endpoint;
  if (emulated) {
    return origin === emulator[service] && /^[a-z0-9]{3,24}$/.test(account) && !secondary;
  }
  const url = new URL(origin);
  const host = parseStorageHost(url.hostname);
  return (
    url.origin === origin &&
    url.protocol === "https:" &&
    url.port === "" &&
    host?.account === account &&
    host.secondary === secondary &&
    host.kind !== "private-link" &&
    host.service === service
  );
}

/**
 * Returns true if Ferry could have parsed the endpoint from a URL or an event: its host is trusted, or it is outside
 * Storage, and its URL contains exactly its names. Only then can it be compared with pairs and routes.
 */
export function isWellFormed(endpoint: Endpoint, { emulator }: Origins): boolean {
  if (!isEndpoint(endpoint) || !isWellNamed(endpoint)) return false;
  if ("snapshot" in endpoint && "version" in endpoint) return false;
  return endpoint.service === "external"
    ? new URL(endpoint.origin).origin === endpoint.origin
    : isOnStorageHost(endpoint, emulator);
}

/**
 * Whether Ferry could have parsed the destination from a URL: it has a trusted host and readable names, and is not a
 * secondary, a snapshot or a version. A selector would give one blob a second lock.
 */
export function isWellFormedDestination(
  endpoint: Endpoint,
  origins: Origins,
): endpoint is Destination {
  return (
    isWellFormed(endpoint, origins) &&
    endpoint.service !== "external" &&
    !endpoint.secondary &&
    !isManagedDisk(endpoint) &&
    !("snapshot" in endpoint) &&
    !("version" in endpoint)
  );
}
