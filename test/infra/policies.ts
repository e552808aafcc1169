import type { Resource } from "./bicep.ts";
import { evaluate } from "./arm-expression.ts";
import { roleProblem } from "./role-policies.ts";

/* The policies for every predicted deployment. Each returns one sentence per violation. */

type Properties = Record<string, unknown>;
type Policy = (resources: Evaluated[]) => string[];
type Evaluated = Omit<Resource, "properties"> & { properties: Properties };

/** Settings that a Flex Consumption app must not have ("Flex Consumption plan deprecated properties and settings"). */
const forbiddenSettings = [
  "ENABLE_ORYX_BUILD",
  "FUNCTIONS_EXTENSION_VERSION",
  "FUNCTIONS_WORKER_RUNTIME",
  "FUNCTIONS_WORKER_RUNTIME_VERSION",
  "SCM_DO_BUILD_DURING_DEPLOYMENT",
  "TZ",
  "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
  "WEBSITE_CONTENTOVERVNET",
  "WEBSITE_CONTENTSHARE",
  "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT",
  "WEBSITE_NODE_DEFAULT_VERSION",
  "WEBSITE_RUN_FROM_PACKAGE",
  "WEBSITE_SKIP_CONTENTSHARE_VALIDATION",
  "WEBSITE_TIME_ZONE",
  "WEBSITE_VNET_ROUTE_ALL",
];

const policies: Record<string, Policy> = {
  "no shared keys": (resources) => [
    ...each(resources, "Microsoft.Storage/storageAccounts", ({ properties }) =>
      properties["allowSharedKeyAccess"] === false ? null : "accepts shared keys",
    ),
    ...each(resources, "Microsoft.Storage/storageAccounts", ({ properties }) =>
      properties["defaultToOAuthAuthentication"] === true ? null : "does not default to Entra",
    ),
    ...each(resources, "Microsoft.Insights/components", ({ properties }) =>
      properties["DisableLocalAuth"] === true ? null : "accepts instrumentation keys",
    ),
    ...each(resources, "Microsoft.EventGrid/topics", ({ properties }) =>
      properties["disableLocalAuth"] === true ? null : "accepts access keys",
    ),
    ...each(resources, "Microsoft.KeyVault/vaults", ({ properties }) =>
      properties["enableRbacAuthorization"] === true ? null : "has access policies",
    ),
    ...each(resources, "Microsoft.Web/sites/basicPublishingCredentialsPolicies", ({ properties }) =>
      properties["allow"] === false ? null : "accepts publishing passwords",
    ),
    ...missing(resources, "Microsoft.Web/sites/basicPublishingCredentialsPolicies", 2),
  ],
  "no public blobs": (resources) => [
    ...each(resources, "Microsoft.Storage/storageAccounts", ({ properties }) =>
      properties["allowBlobPublicAccess"] === false ? null : "allows public blobs",
    ),
    ...each(
      resources,
      "Microsoft.Storage/storageAccounts/blobServices/containers",
      ({ properties }) => (properties["publicAccess"] === "None" ? null : "is public"),
    ),
  ],
  "TLS 1.2": (resources) => [
    ...each(resources, "Microsoft.Storage/storageAccounts", ({ properties }) =>
      isTls12(properties["minimumTlsVersion"]) && properties["supportsHttpsTrafficOnly"] === true
        ? null
        : "accepts less than TLS 1.2",
    ),
    ...each(resources, "Microsoft.EventGrid/topics", ({ properties }) =>
      isTls12(properties["minimumTlsVersionAllowed"]) ? null : "accepts less than TLS 1.2",
    ),
    ...each(resources, "Microsoft.Web/sites", ({ properties }) =>
      isTls12(at(properties, "siteConfig")["minTlsVersion"]) && properties["httpsOnly"] === true
        ? null
        : "accepts less than TLS 1.2",
    ),
  ],
  "a private network is closed": (resources) => {
    const isPrivate = resources.some(({ type }) => type === "Microsoft.Network/virtualNetworks");
    const expected = isPrivate ? "Disabled" : "Enabled";
    const types = [
      "Microsoft.Storage/storageAccounts",
      "Microsoft.KeyVault/vaults",
      "Microsoft.DurableTask/schedulers",
    ];
    return types.flatMap((type) =>
      each(resources, type, ({ properties }) =>
        properties["publicNetworkAccess"] === expected
          ? null
          : `has publicNetworkAccess ${String(properties["publicNetworkAccess"])} instead of ${expected}`,
      ),
    );
  },
  roles: (resources) => each(resources, "Microsoft.Authorization/roleAssignments", roleProblem),
  "an identity, and no secret in a setting": (resources) => [
    ...each(resources, "Microsoft.Web/sites", ({ identity }) =>
      identity?.type === "UserAssigned" ? null : "has no user-assigned identity",
    ),
    ...each(resources, "Microsoft.Web/sites", ({ properties }) => {
      const storage = at(at(at(properties, "functionAppConfig"), "deployment"), "storage");
      return at(storage, "authentication")["type"] === "UserAssignedIdentity"
        ? null
        : "reads its package with a key";
    }),
    ...settingsOf(resources).flatMap(([name, value]) =>
      /AccountKey=|SharedAccessSignature=|[?&]sig=/i.test(String(value))
        ? [`${name} contains a key`]
        : [],
    ),
  ],
  "no setting that Flex forbids": (resources) =>
    settingsOf(resources)
      .filter(([name]) => forbiddenSettings.includes(name))
      .map(([name]) => `${name} must not be set on Flex Consumption`),
  "Flex Consumption": (resources) => [
    ...each(resources, "Microsoft.Web/serverfarms", ({ sku, properties }) =>
      sku?.name === "FC1" && properties["reserved"] === true
        ? null
        : "is not a Flex Consumption plan",
    ),
    ...each(resources, "Microsoft.Web/sites", ({ properties }) => {
      const runtime = at(at(properties, "functionAppConfig"), "runtime");
      return runtime["name"] === "node" && ["22", "24"].includes(String(runtime["version"]))
        ? null
        : "does not run on Node.js 22 or 24";
    }),
  ],
  "dead letters and retries": (resources) =>
    each(resources, "Microsoft.EventGrid/systemTopics/eventSubscriptions", ({ properties }) => {
      const retry = at(properties, "retryPolicy");
      const letters = at(properties, "deadLetterWithResourceIdentity");
      if (retry["maxDeliveryAttempts"] !== 30 || retry["eventTimeToLiveInMinutes"] !== 1440) {
        return "gives up before a day";
      }
      const target = at(at(letters, "deadLetterDestination"), "properties");
      return at(letters, "identity")["type"] === "SystemAssigned" &&
        target["blobContainerName"] === "dead-letters"
        ? null
        : "has no dead letters";
    }),
  "events reach the app without a key": (resources) =>
    each(resources, "Microsoft.EventGrid/systemTopics/eventSubscriptions", ({ properties }) => {
      const direct = at(properties, "destination");
      const identified = at(properties, "deliveryWithResourceIdentity");
      const queue = at(identified, "destination");
      const isFunction =
        direct["endpointType"] === "AzureFunction" && queue["endpointType"] == null;
      const isQueue =
        direct["endpointType"] == null &&
        queue["endpointType"] === "StorageQueue" &&
        at(identified, "identity")["type"] === "SystemAssigned";
      return isFunction || isQueue
        ? null
        : "delivers neither to the function nor, as itself, to a queue";
    }),
  "only the events of the named container": (resources) =>
    each(
      resources,
      "Microsoft.EventGrid/systemTopics/eventSubscriptions",
      ({ name, properties }) => {
        const container = name.split("/ferry-")[1];
        const filter = at(properties, "filter");
        const types = filter["includedEventTypes"];
        return filter["subjectBeginsWith"] ===
          `/blobServices/default/containers/${container}/blobs/` &&
          JSON.stringify(types) === '["Microsoft.Storage.BlobCreated"]'
          ? null
          : "receives the events of other containers";
      },
    ),
  "system topics have an identity": (resources) =>
    each(resources, "Microsoft.EventGrid/systemTopics", ({ identity }) =>
      identity?.type === "SystemAssigned" ? null : "has no identity for dead letters",
    ),
  "a vault that loses no keys": (resources) =>
    each(resources, "Microsoft.KeyVault/vaults", ({ properties }) =>
      properties["enablePurgeProtection"] === true && properties["enableSoftDelete"] === true
        ? null
        : "can lose the sealing keys",
    ),
};

/** The violations of all policies. */
export function policyProblems(predicted: readonly Resource[]): string[] {
  const resources = evaluated(predicted);
  return Object.entries(policies).flatMap(([name, policy]) =>
    policy(resources).map((problem) => `${name}: ${problem}`),
  );
}

/** The app's settings by name, with the values that are known before a deployment. */
export function appSettings(predicted: readonly Resource[]): Record<string, string> {
  return Object.fromEntries(
    settingsOf(evaluated(predicted)).map(([name, value]) => [name, String(value)]),
  );
}

function evaluated(predicted: readonly Resource[]): Evaluated[] {
  return predicted.map((resource) => {
    const properties = evaluate(resource.properties ?? {});
    return { ...resource, properties: properties as Properties }; // an object in every resource
  });
}

function settingsOf(resources: Evaluated[]): [string, unknown][] {
  return resources
    .filter(
      ({ type, name }) => type === "Microsoft.Web/sites/config" && name.endsWith("/appsettings"),
    )
    .flatMap(({ properties }) => Object.entries(properties));
}

function each(
  resources: Evaluated[],
  type: string,
  problem: (resource: Evaluated) => string | null,
): string[] {
  return resources
    .filter((resource) => resource.type === type)
    .flatMap((resource) => {
      const found = problem(resource);
      return found === null ? [] : [`${resource.name} ${found}`];
    });
}

function missing(resources: Evaluated[], type: string, atLeast: number): string[] {
  const hasApp = resources.some((resource) => resource.type === "Microsoft.Web/sites");
  const count = resources.filter((resource) => resource.type === type).length;
  return hasApp && count < atLeast ? [`${atLeast - count} of ${type} are missing`] : [];
}

function isTls12(version: unknown): boolean {
  return ["TLS1_2", "TLS1_3", "1.2", "1.3"].includes(String(version));
}

function at(properties: Properties, name: string): Properties {
  const value = properties[name];
  return typeof value === "object" && value !== null ? (value as Properties) : {}; // of JSON
}
