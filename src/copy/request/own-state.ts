import type { Endpoint } from "../location/endpoint.ts";
import type { Origins } from "../location/parse-endpoint.ts";
import { parseStorageHost } from "../location/storage-hosts.ts";
import type { Place } from "./access-policy.ts";

/** Where the app, its task hub and the Functions host keep their state. */
export type OwnState = {
  /** The app's own storage account, by name. */
  account: string;
  /** The share in which the Functions host stores the app's code; null if there is none. */
  contentShare: string | null;
  /**
   * The places in any account that settings name by a URL, from which the host reads the app's package and its keys.
   */
  named: readonly NamedState[];
};

/** A container, or a share, of an account. */
export type NamedState = { service: "blob" | "file"; account: string; container: string };

/**
 * Returns true if the endpoint is where the app, its task hub or the Functions host keep their state. No pair and no
 * route can allow these, because a caller who writes there could control the copies of other callers.
 */
export function isOwnState(own: OwnState, endpoint: Endpoint): boolean {
  if (endpoint.service === "external") return false;
  const { service, account } = endpoint;
  return isOwnContainer(own, {
    service,
    account,
    container: service === "blob" ? endpoint.container : endpoint.share,
  });
}

/**
 * Why a pair cannot contain this place; null if it can. In the app's own account, a pair must name a container, because
 * that account is for the app's state, including containers that a later release or the platform adds. The emulator's
 * account is also the developer's account, so a pair may contain all of it.
 */
export function ownStateProblem(
  own: OwnState,
  { origin, account, segments }: Place,
  emulator: Origins["emulator"],
): string | null {
  if (account === null) return null;
  const isEmulated = origin === emulator.blob || origin === emulator.file;
  const [container] = segments;
  if (container === undefined) {
    return account === own.account && !isEmulated
      ? `contains the whole account in which this app and its host keep their state; name a container of it: ${origin}/<container>`
      : null;
  }
  const isFile = isEmulated
    ? origin === emulator.file
    : parseStorageHost(new URL(origin).hostname)?.service === "file";
  return isOwnContainer(own, { service: isFile ? "file" : "blob", account, container })
    ? "is where this app and its host keep their state"
    : null;
}

function isOwnContainer(own: OwnState, { service, account, container }: NamedState): boolean {
  const isNamed = own.named.some(
    (each) => each.service === service && each.account === account && each.container === container,
  );
  if (isNamed) return true;
  // In any account, because the share may be in another account. The host generates its name, so it is unique.
  if (service === "file") return container === own.contentShare;
  return account === own.account && (codeOrEvents.has(container) || hostState.test(container));
}

/**
 * Containers of the ledger, the host, Durable, and of packages (`app-package-…`, from Core Tools and the portal). A
 * setting can rename the task hub, so only its suffix counts. `$web` is not one of them: it is public.
 */
const hostState = /^(ferry-|azure-webjobs-|app-package-|\$logs$)|-(leases|largemessages|applease)$/;

/**
 * The containers that the templates create, and those in which Core Tools, the deployment site and the two pipelines
 * store an app's code.
 */
const codeOrEvents: ReadonlySet<string> = new Set([
  "app-package",
  "dead-letters",
  "function-releases",
  "scm-releases",
  "github-actions-deploy",
  "azure-pipelines-deploy",
]);
