import { settingsTable } from "../../src/settings/settings-table.ts";
import type { Resource } from "./bicep.ts";
import { appSettings } from "./policies.ts";

/** Settings that the app reads but the templates do not write, each with its reason. */
const notWritten: Record<string, string> = {
  AZURE_FUNCTIONS_ENVIRONMENT: "the Functions host sets it on a developer's machine",
  AzureWebJobsSecretStorageSas:
    "the host stores the keys in the app's own account, with its identity",
  AzureWebJobsStorage: "a connection string contains a key",
  AzureWebJobsStorage__accountName: "the URIs of the services are written instead",
  COPY_EMULATOR: "only on a developer's machine",
  COPY_EMULATOR_FILES: "only on a developer's machine",
  COPY_EVENT_QUEUE_CONNECTION: "the queue is in the app's own account, which is the default",
  COPY_NOTICE_TOPIC_KEY: "the app's identity sends to the topic",
  SCM_RUN_FROM_PACKAGE:
    "a Flex Consumption app has its package in the container of functionAppConfig",
  WEBSITE_AUTH_ENABLED: "the platform sets it",
  WEBSITE_CONTENTSHARE: "the platform sets it",
  WEBSITE_HOSTNAME: "the platform sets it",
  WEBSITE_RUN_FROM_PACKAGE: "as SCM_RUN_FROM_PACKAGE",
};

/** Other settings that the Functions host, its extensions and the Azure SDKs read. */
const hostSettings = [
  "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
  "APPLICATIONINSIGHTS_CONNECTION_STRING",
  "AZURE_CLIENT_ID",
  "AzureWebJobsStorage__clientId",
  "AzureWebJobsStorage__credential",
  "AzureWebJobsStorage__queueServiceUri",
  "AzureWebJobsStorage__tableServiceUri",
];

/** The settings that the app reads: test/unit/settings/settings-page.test.ts compares the table with the code. */
const read = Object.keys(settingsTable);

/** Compares the settings of a predicted app with those that it reads, in both directions. Returns nothing without an app. */
export function settingsProblems(
  predicted: readonly Resource[],
  hasEveryOption: boolean,
): string[] {
  const written = Object.keys(appSettings(predicted));
  if (written.length === 0) return [];
  const unread = written.filter((name) => !read.includes(name) && !hostSettings.includes(name));
  const unwritten = [...read, ...hostSettings].filter(
    (name) => !written.includes(name) && !(name in notWritten),
  );
  const isBackend = (name: string) => name === "DURABLE_TASK_SCHEDULER_CONNECTION_STRING";
  return [
    ...unread.map((name) => `The templates write ${name}, which the app does not read`),
    ...(hasEveryOption ? unwritten.filter((name) => !isBackend(name)) : []).map(
      (name) => `The templates do not write ${name}, which the app reads`,
    ),
    ...Object.keys(notWritten)
      .filter((name) => written.includes(name))
      .map((name) => `The templates write ${name}, although ${notWritten[name]}`),
  ];
}
