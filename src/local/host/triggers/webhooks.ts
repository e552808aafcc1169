import type { HostRequest, HostResponse } from "../http/http-server.ts";

/** A request to an extension. `extension` is in lower case; `path` is the rest of the path, without a leading slash. */
export type Webhook = { extension: string; path: string };

/** Methods of ExtensionWebHookHandler (HostController.cs). With another method the route does not match. */
const methods = new Set(["GET", "PUT", "POST", "DELETE", "OPTIONS"]);

/** Matches `/runtime/webhooks/{extensionName}/{*extra}`; undefined for other requests. */
export function matchWebhook({ method, path }: HostRequest): Webhook | undefined {
  const [, extension, rest = ""] = /^\/runtime\/webhooks\/([^/]+)(?:\/(.*))?$/i.exec(path) ?? [];
  if (extension === undefined || !methods.has(method)) return undefined;
  return { extension: extension.toLowerCase(), path: rest };
}

const durablePath = "/runtime/webhooks/durabletask/";
const localRpcPath = "/durabletask/";

/**
 * Returns the durable client binding with a base for local calls that needs no key. The library sends none to
 * `rpcBaseUrl`: in Azure that is the extension's own listener on the loopback address (LocalHttpListener.cs).
 */
export function withLocalRpc(clientBinding: string, origin: string): string {
  const base = (path: string) => JSON.stringify({ rpcBaseUrl: origin + path }).slice(1, -1);
  return clientBinding.replace(base(durablePath), () => base(localRpcPath));
}

/** Returns the path of a local call, as it would follow the extension's webhook; undefined for other requests. */
export function matchLocalRpc({ path }: HostRequest): string | undefined {
  return path.startsWith(localRpcPath) ? path.slice(localRpcPath.length) : undefined;
}

/**
 * States the body's length. Extensions respond with a whole message (HttpResponseMessageOutputFormatter); the rest of
 * the host responds in chunks.
 */
export function withContentLength(response: HostResponse): HostResponse {
  const length = Buffer.byteLength(response.body);
  if (length === 0) return response;
  return { ...response, headers: { "content-length": String(length), ...response.headers } };
}
