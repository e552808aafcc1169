/**
 * The system key that Azure would ask for in `code`. Locally nobody checks it, as with Core Tools
 * without `--enableAuth`; it is there because clients paste URLs together around it.
 */
const systemKey = "local";

/** Name of the app setting behind the hub; the extension's default. */
const connectionName = "Storage";

/** Where the host serves the extension's routes. */
export const webhookPath = "/runtime/webhooks/durabletask";

/** The URLs by which one instance is watched and steered, `id` among them. */
export type ManagementUrls = Readonly<Record<string, string>>;

/**
 * URLs of one instance (HttpApiHandler.cs, CreateHttpManagementPayload). An answer to a start leaves
 * `rewindPostUri` out; the binding has it.
 */
export function buildManagementUrls(
  origin: string,
  hubName: string,
  instanceId: string,
): ManagementUrls {
  const query = `taskHub=${hubName}&connection=${connectionName}&code=${systemKey}`;
  const instance = `${origin}${webhookPath}/instances/${instanceId}`;
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
 * The durable client binding's JSON text (BindingHelper.cs). `rpcBaseUrl` points at the same routes;
 * it must end in a slash, because the library resolves relative URLs against it.
 */
export function buildClientBinding(origin: string, hubName: string): string {
  const placeholder = "INSTANCEID"; // replaced by the library, at its first place in every URL
  const base = `${origin}${webhookPath}`;
  const query = `taskHub=${hubName}&connection=${connectionName}&code=${systemKey}`;
  const create = `${base}/orchestrators/{functionName}[/{instanceId}]?code=${systemKey}`;
  return JSON.stringify({
    taskHubName: hubName,
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
  });
}
