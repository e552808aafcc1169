import { z } from "zod";
import { endpointUrl } from "./endpoint.ts";
import type { Destination, Endpoint } from "./endpoint.ts";
import type { Origins } from "./parse-endpoint.ts";
import { parseStorageHost } from "./storage-hosts.ts";
import { externalPathProblems } from "./storage-names.ts";

/*
 * Endpoints of activity inputs. Ferry's triggers only pass on what they have parsed, but a client that can start
 * orchestrations or write to the task hub can pass any JSON. So these functions expect no shape.
 */

const text = z.string();
const inStorage = { origin: text, account: text, path: text, emulated: z.boolean() };
const selector = text.exactOptional();
const shape = z.discriminatedUnion("service", [
  z.object({
    service: z.literal("blob"),
    container: text,
    snapshot: selector,
    version: selector,
    ...inStorage,
  }),
  z.object({ service: z.literal("file"), share: text, snapshot: selector, ...inStorage }),
  z.object({ service: z.literal("external"), origin: text, path: text }),
]);

/** Whether the JSON has the fields of an endpoint; they may still name any host. */
export function isEndpoint(json: unknown): json is Endpoint {
  return shape.safeParse(json).success;
}

/**
 * Whether the app's token, or a SAS, may be sent to the endpoint's host: it is the host of a Storage service in a known
 * cloud, or the emulator's, and the endpoint's account and service are those of the host.
 */
export function isOnStorageHost(
  endpoint: Endpoint,
  emulator: Origins["emulator"],
): endpoint is Destination {
  if (!isEndpoint(endpoint) || endpoint.service === "external") return false;
  const { service, origin, account, emulated } = endpoint;
  if (emulated) return origin === emulator[service] && /^[a-z0-9]{3,24}$/.test(account);
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  const host = parseStorageHost(url.hostname);
  return (
    url.origin === origin &&
    url.protocol === "https:" &&
    url.port === "" &&
    host?.account === account &&
    host.service === service
  );
}

/**
 * Whether Ferry could have parsed the endpoint from a URL: its host is trusted, or it is outside Storage, and its URL
 * has no part that a URL parser would read in another way, such as a dot segment. Only then can the endpoint be
 * compared with pairs and routes.
 */
export function isWellFormed(endpoint: Endpoint, { emulator }: Origins): boolean {
  if (!isEndpoint(endpoint)) return false;
  if (endpoint.service === "external") {
    return isReadAsWritten(endpoint) && externalPathProblems(endpoint.path).length === 0;
  }
  if (!isOnStorageHost(endpoint, emulator)) return false;
  const top = endpoint.service === "blob" ? endpoint.container : endpoint.share;
  return /^[$a-z0-9-]+$/.test(top) && isReadAsWritten(endpoint);
}

function isReadAsWritten(endpoint: Endpoint): boolean {
  try {
    const url = endpointUrl(endpoint);
    const { href, origin, pathname } = new URL(url);
    // An external path could begin with "@" and another host, or have a query.
    const hasPath = endpoint.service !== "external" || pathname === endpoint.path;
    return href === url && origin === endpoint.origin && hasPath;
  } catch {
    return false; // no URL, or an unpaired surrogate, which cannot be encoded
  }
}
