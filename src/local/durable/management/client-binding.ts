import { urlEncode } from "./request-parts.ts";

/**
 * The system key that Azure requires in `code`. The local host does not check it, like Core Tools without
 * `--enableAuth`. It is present because clients build URLs around it.
 */
const systemKey = "local";

/** Name of the app setting with the hub's connection; the extension's default. */
const connectionName = "Storage";

/** Path prefix of the extension's routes. */
export const webhookPath = "/runtime/webhooks/durabletask";

/** URLs to query and control one instance, and its `id`. */
export type ManagementUrls = Readonly<Record<string, string>>;

/**
 * Builds the URLs of one instance (HttpApiHandler.cs, CreateHttpManagementPayload). The response to a start omits
 * `rewindPostUri`; the binding has it.
 */
export function buildManagementUrls(
  origin: string,
  hubName: string,
  instanceId: string,
): ManagementUrls {
  const query = `taskHub=${hubName}&connection=${connectionName}&code=${systemKey}`;
  const instance = `${origin}${webhookPath}/instances/${urlEncode(instanceId)}`;
  return {
    id: instanceId,
    statusQueryGetUri: `${instance}?${query}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${instance}?${query}`,
    restartPostUri: `${instance}/restart?${query}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
    resumePostUri: `${instance}/resume?reason={text}&${query}`,
  };
}

/**
 * Builds the durable client binding's JSON text (BindingHelper.cs). `rpcBaseUrl` is the base of the same routes; it
 * must end with a slash, because the library resolves relative URLs against it.
 */
export function buildClientBinding(origin: string, hubName: string): string {
  const placeholder = "INSTANCEID"; // the library replaces its first occurrence in every URL
  const base = `${origin}${webhookPath}`;
  const query = `taskHub=${hubName}&connection=${connectionName}&code=${systemKey}`;
  const create = `${base}/orchestrators/{functionName}[/{instanceId}]?code=${systemKey}`;
  return JSON.stringify({
    taskHubName: hubName,
    connectionName: null,
    creationUrls: {
      createNewInstancePostUri: create,
      createAndWaitOnNewInstancePostUri: create.replace(
        "?",
        "?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&",
      ),
    },
    managementUrls: {
      ...buildManagementUrls(origin, hubName, placeholder),
      rewindPostUri: `${base}/instances/${placeholder}/rewind?reason={text}&${query}`,
    },
    baseUrl: base,
    requiredQueryStringParameters: `code=${systemKey}`,
    rpcBaseUrl: `${base}/`,
    httpBaseUrl: null,
    maxGrpcMessageSizeInBytes: null,
    grpcHttpClientTimeout: null,
  });
}
