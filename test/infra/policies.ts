import type { Resource } from "./bicep.ts";
import { evaluate } from "./arm-expression.ts";

/* The policies for every predicted deployment. Each returns one sentence per violation. */

type Properties = Record<string, unknown>;
type Policy = (resources: Evaluated[]) => string[];
type Evaluated = Omit<Resource, "properties"> & { properties: Properties };

/** Azure's role reference, 2026-07: a second copy, to compare the table in the templates with. */
const builtInRoles: Record<string, string> = {
  "Durable Task Data Contributor": "0ad04412-c4d5-4796-b79c-f76d14c8d402",
  "EventGrid Data Sender": "d5a91429-5739-47e2-a06b-3470a27159e7",
  "Key Vault Secrets Officer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
  "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
  "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
  "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
  "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
  "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
  "Storage Blob Delegator": "db58b8e5-c6ad-4a2a-8342-4190687cbf4a",
  "Storage File Data Privileged Contributor": "69566ab7-960f-475b-8e7c-b3118f30c6bd",
  "Storage File Data Privileged Reader": "b8eda974-7b85-4f76-af95-65846b26df6d",
  "Storage File Delegator": "765a04e0-5de8-4bb2-9bf6-b2a30bc03e91",
  "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
  "Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
};

/** What each role may be assigned for, and on which type of resource. Anything wider is a violation. */
const grants: Record<string, { role: string[]; on: string }> = {
  "keep the state of the host and the ledger": {
    role: ["Storage Blob Data Owner"],
    on: "storageAccounts",
  },
  "keep the task hub and the diagnostic events of the host": {
    role: ["Storage Table Data Contributor"],
    on: "storageAccounts",
  },
  "keep the task hub": { role: ["Storage Queue Data Contributor"], on: "storageAccounts" },
  "send logs and traces": { role: ["Monitoring Metrics Publisher"], on: "components" },
  "run its orchestrations": { role: ["Durable Task Data Contributor"], on: "taskHubs" },
  "read the sealing keys": { role: ["Key Vault Secrets User"], on: "vaults" },
  "send notifications": { role: ["EventGrid Data Sender"], on: "topics" },
  "sign a SAS for the source of one copy": {
    role: ["Storage Blob Delegator", "Storage File Delegator"],
    on: "storageAccounts", // a delegation key is that of an account
  },
  "read a source": { role: ["Storage Blob Data Reader"], on: "containers" },
  "read a source, and its tags": { role: ["Storage Blob Data Owner"], on: "containers" },
  "read a source, and lease it": { role: ["Storage Blob Data Contributor"], on: "containers" },
  "read a source file": { role: ["Storage File Data Privileged Reader"], on: "shares" },
  "write a destination": { role: ["Storage Blob Data Contributor"], on: "containers" },
  "write a destination, and its tags": { role: ["Storage Blob Data Owner"], on: "containers" },
  "write a destination file": { role: ["Storage File Data Privileged Contributor"], on: "shares" },
};
/** Assignments to identities other than the app's. */
const otherGrants: Record<string, { role: string; on: string }> = {
  "for Event Grid to write dead letters": {
    role: "Storage Blob Data Contributor",
    on: "containers",
  },
  "for the deployer to create and rotate the sealing keys": {
    role: "Key Vault Secrets Officer",
    on: "vaults",
  },
};

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

function roleProblem({ id, properties }: Evaluated): string | null {
  const described = /^Ferry: (.+?), (?:to )?(.+)$/.exec(String(properties["description"]));
  const [, role = "", why = ""] = described ?? [];
  const guid = String(properties["roleDefinitionId"]).split("/").at(-1) ?? "";
  if (builtInRoles[role] !== guid) return `calls ${guid} "${role}"`;
  if (typeof properties["principalType"] !== "string") return `has no principalType (${role})`;
  const type = (id.split("/providers/").at(-2) ?? "").split("/").at(-2) ?? "";
  const grant = grants[why];
  const isGranted = grant?.role.includes(role) === true && grant.on === type;
  const other = otherGrants[why];
  const isOther = other?.role === role && other.on === type;
  return isGranted || isOther ? null : `assigns ${role} on ${type} to ${why}`;
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
