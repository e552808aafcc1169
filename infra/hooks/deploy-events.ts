import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AzureCliError } from "./azure-cli.ts";
import type { AzureCli } from "./azure-cli.ts";

const attempts = 20;
const pauseMs = 30_000;

export type EventsOptions = {
  az: AzureCli;
  /** The folder of the templates. */
  directory: string;
  variables: {
    AZURE_ENV_NAME: string;
    AZURE_LOCATION: string;
    FERRY_APP_ID: string;
    FERRY_STATE_ACCOUNT_ID: string;
    FERRY_DEAD_LETTERS: string;
  };
  log(line: string): void;
  pause(ms: number): Promise<void>;
};

/**
 * Waits until the host lists the function that receives events, and deploys the subscriptions. Both can fail in the
 * first minutes after a deployment of code, so they are retried for ten minutes.
 */
export async function deployEvents(options: EventsOptions): Promise<void> {
  const { az, directory, variables, log } = options;
  const { copies, routes, eventQueue, actionGroupId } = await readParameters(
    join(directory, "main.parameters.json"),
  );
  const { existingTopics } = await readParameters(join(directory, "events.parameters.json"));
  await repeated(options, "the function storageEvents is not listed yet", async () => {
    await az("resource show", {
      ids: `${variables.FERRY_APP_ID}/functions/storageEvents`,
      output: "none",
    });
  });
  const folder = await mkdtemp(join(tmpdir(), "ferry-events-"));
  try {
    const file = join(folder, "events.parameters.json");
    const document = {
      $schema: "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
      contentVersion: "1.0.0.0",
      parameters: {
        copies,
        routes,
        existingTopics,
        eventQueue,
        actionGroupId,
        appId: { value: variables.FERRY_APP_ID },
        stateAccountId: { value: variables.FERRY_STATE_ACCOUNT_ID },
        deadLetterContainer: { value: variables.FERRY_DEAD_LETTERS },
      },
    };
    await writeFile(file, JSON.stringify(document));
    await repeated(options, "Event Grid does not find the function yet", async () => {
      await az("deployment sub create", {
        name: `ferry-events-${variables.AZURE_ENV_NAME}`,
        location: variables.AZURE_LOCATION,
        "template-file": join(directory, "events.bicep"),
        parameters: `@${file}`,
        output: "none",
      });
    });
  } finally {
    await rm(folder, { recursive: true });
  }
  log("Subscribed storageEvents to the events of every source of a route and of every destination");
}

type Parameters = Record<string, { value: unknown } | undefined>;

async function readParameters(file: string): Promise<Parameters> {
  // `npm run check:infra` checks the shape.
  return (JSON.parse(await readFile(file, "utf8")) as { parameters: Parameters }).parameters;
}

async function repeated(
  { pause, log }: EventsOptions,
  reason: string,
  work: () => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const canPass =
        error instanceof AzureCliError &&
        /not ?found|destination endpoint|could not be found|validation/i.test(error.message);
      if (!canPass || attempt === attempts) throw error;
      log(`Waiting for 30 seconds because ${reason}`);
      await pause(pauseMs);
    }
  }
}
