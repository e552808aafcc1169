/** A setting: a variable of the app's environment. The tables of README.md are generated from these. */
type Setting = {
  /** A part of a sentence, in Markdown. */
  meaning: string;
  /** The value that is used when the setting is missing, "required", or what happens without the setting. */
  default: string;
  /** A value that must not be shown: it grants access. */
  isSecret?: true;
  /** The writer of the setting: the deployment, a developer (only on the developer's machine), or the host. */
  madeBy: "deployment" | "developer" | "host";
};

/** The watchdog's schedule if COPY_WATCHDOG is missing (NCRONTAB). */
export const defaultWatchdog = "0 */5 * * * *";

/** The longest immutability policy if COPY_MAX_LOCK_DAYS is missing (days): ten years, with their leap days. */
export const defaultMaxLockDays = "3653";

/** The number of days that copies are kept if COPY_RETENTION_DAYS is missing. */
export const defaultRetentionDays = "30";

/** The settings of the event queue's account if COPY_EVENT_QUEUE_CONNECTION is missing: the app's own account. */
export const defaultEventQueueConnection = "AzureWebJobsStorage";

/** Every setting that the app or its host.json reads. `Environment` has no other names. */
export const settingsTable = {
  COPY_ALLOWED: {
    meaning: "Which copies requests may start",
    default: "none",
    madeBy: "deployment",
  },
  COPY_ROUTES: {
    meaning: "[Routes](../copy/routing/README.md): which new blobs are copied",
    default: "none",
    madeBy: "deployment",
  },
  COPY_AUTH: {
    meaning: "How callers authenticate: `keys` or `entra`",
    default: "`keys`",
    madeBy: "deployment",
  },
  COPY_EVENT_QUEUE: {
    meaning:
      "[Queue](../copy/routing/README.md#events-from-a-queue) from which events are also read",
    default: "none",
    madeBy: "deployment",
  },
  COPY_EVENT_QUEUE_CONNECTION: {
    meaning: "Name, or prefix, of the settings for the queue's account",
    default: `\`${defaultEventQueueConnection}\``,
    madeBy: "deployment",
  },
  COPY_NOTICE_TOPIC: {
    meaning: "Event Grid topic for [notifications](../notifications/README.md)",
    default: "unset",
    madeBy: "deployment",
  },
  COPY_NOTICE_TOPIC_KEY: {
    meaning: "Access key of the topic",
    default: "the app's identity",
    isSecret: true,
    madeBy: "deployment",
  },
  COPY_NOTICE_WEBHOOK: {
    meaning: "Webhook for notifications",
    default: "unset",
    isSecret: true, // the URL can contain a key
    madeBy: "deployment",
  },
  COPY_NOTICE_SECRET: {
    meaning: "Key that signs notifications to the webhook",
    default: "required for a webhook",
    isSecret: true,
    madeBy: "deployment",
  },
  COPY_SECRET_KEYS: {
    meaning: "Keys that encrypt each SAS",
    default: "none",
    isSecret: true,
    madeBy: "deployment",
  },
  COPY_MAX_LOCK_DAYS: {
    meaning: "How long an `immutabilityPolicy` may last; 1 to 36,525 days",
    default: `\`${defaultMaxLockDays}\``,
    madeBy: "deployment",
  },
  COPY_OPERATORS: {
    meaning:
      "[Principals](../SECURITY.md#authenticated-callers) that may read and abort every copy",
    default: "none",
    madeBy: "deployment",
  },
  COPY_RETENTION_DAYS: {
    meaning: "How long a copy or job is kept after it has ended; 3 to 3,650 days",
    default: `\`${defaultRetentionDays}\``,
    madeBy: "deployment",
  },
  COPY_WATCHDOG: {
    meaning: "When the watchdog runs (NCRONTAB)",
    default: `\`${defaultWatchdog}\``,
    madeBy: "deployment",
  },
  AzureWebJobsStorage: {
    meaning: "The app's own storage account, as a connection string",
    default: "required",
    isSecret: true,
    madeBy: "deployment",
  },
  AzureWebJobsStorage__blobServiceUri: {
    meaning: "The same account, with the app's identity",
    default: "unset",
    madeBy: "deployment",
  },
  AzureWebJobsStorage__accountName: {
    meaning: "The same account by name, in the public cloud",
    default: "unset",
    madeBy: "deployment",
  },
  TASKHUB_NAME: {
    meaning: "Name of the task hub; `host.json` reads it",
    default: "required",
    madeBy: "deployment",
  },
  DURABLE_TASK_SCHEDULER_CONNECTION_STRING: {
    meaning: "The scheduler, in a package that is built for it",
    default: "required there",
    madeBy: "deployment",
  },
  COPY_EMULATOR: {
    meaning: "URL of the emulator's Blob service",
    default: "unset",
    madeBy: "developer",
  },
  COPY_EMULATOR_FILES: {
    meaning: "URL of the emulator's Files service",
    default: "unset",
    madeBy: "developer",
  },
  AZURE_FUNCTIONS_ENVIRONMENT: {
    meaning: "`Development`: invalid settings stop the host with a message",
    default: "`Production`",
    madeBy: "host",
  },
  WEBSITE_AUTH_ENABLED: {
    meaning: "Whether App Service authentication is on",
    default: "off",
    madeBy: "host",
  },
  WEBSITE_CONTENTSHARE: {
    meaning: "The share that holds the app's files; never copied",
    default: "unset",
    madeBy: "host",
  },
  WEBSITE_RUN_FROM_PACKAGE: {
    meaning: "The app's package; if this is a URL, its container is never copied",
    default: "unset",
    isSecret: true, // the URL can contain a SAS
    madeBy: "host",
  },
  SCM_RUN_FROM_PACKAGE: {
    meaning: "The same, set by a deployment to the Consumption plan",
    default: "unset",
    isSecret: true, // the URL can contain a SAS
    madeBy: "host",
  },
  AzureWebJobsSecretStorageSas: {
    meaning: "The container with the host's keys; never copied",
    default: "`azure-webjobs-secrets`",
    isSecret: true, // the URL contains a SAS
    madeBy: "host",
  },
  WEBSITE_HOSTNAME: {
    meaning: "The app's host name, as `source` of notifications",
    default: "`localhost`",
    madeBy: "host",
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settingsTable;

/** Returns the settings that `madeBy` makes, as a table in Markdown. */
export function settingsMarkdown(madeBy: Setting["madeBy"]): string {
  const settings: Record<string, Setting> = settingsTable;
  const rows = Object.entries(settings)
    .filter(([, setting]) => setting.madeBy === madeBy)
    .map(([name, { meaning, default: fallback, isSecret }]) => [
      `\`${name}\``,
      meaning,
      isSecret === true ? `${fallback} (secret)` : fallback,
    ]);
  const all = [["Setting", "Meaning", "Default"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(all[0] ?? []), rule, ...rows.map(line)].join("\n");
}
