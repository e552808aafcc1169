import type { Origins } from "../copy/location/parse-endpoint.ts";
import { parseStorageHost } from "../copy/location/storage-hosts.ts";
import { decodePercent } from "../copy/location/storage-names.ts";
import type { NamedState } from "../copy/request/own-state.ts";
import { nonEmpty } from "./environment.ts";
import type { Environment } from "./environment.ts";

/**
 * Reads the containers that the platform's settings name by a URL: the app's package ("App settings reference":
 * WEBSITE_RUN_FROM_PACKAGE, and SCM_RUN_FROM_PACKAGE, which a deployment sets) and the host's keys. A URL outside
 * Storage is ignored, because no copy writes there.
 */
export function parseNamedState(
  environment: Environment,
  emulator: Origins["emulator"],
): NamedState[] {
  return [
    environment["WEBSITE_RUN_FROM_PACKAGE"],
    environment["SCM_RUN_FROM_PACKAGE"],
    environment["AzureWebJobsSecretStorageSas"],
  ].flatMap((value) => parseStateUrl(nonEmpty(value) ?? "", emulator));
}

/**
 * The URL of a container or of an object in it. A path with only one part can name a container or a blob in `$root`.
 */
function parseStateUrl(text: string, emulator: Origins["emulator"]): NamedState[] {
  if (!URL.canParse(text)) return []; // "1": the package is a file of the app
  const { origin, hostname, pathname } = new URL(text);
  const segments = pathname
    .split("/")
    .filter((part) => part !== "")
    .map((part) => (decodePercent(part) ?? part).toLowerCase());
  const [first = "", second] = segments;
  if (origin === emulator.blob || origin === emulator.file) {
    const service = origin === emulator.blob ? "blob" : "file";
    return second === undefined ? [] : [{ service, account: first, container: second }];
  }
  const host = parseStorageHost(hostname);
  if (host === null) return [];
  const service = host.service === "file" ? "file" : "blob";
  const containers = second === undefined ? [first, "$root"] : [first];
  return containers.map((container) => ({ service, account: host.account, container }));
}
