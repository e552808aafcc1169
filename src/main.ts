/** The app's entry point: reads the settings, creates the clients and registers the functions. */
import { randomUUID } from "node:crypto";
import { BlobServiceClient, newPipeline } from "@azure/storage-blob";
import { registerApp, registerDashboard, registerHealth } from "./app.ts";
import type { AppDependencies } from "./app.ts";
import { printable } from "./copy/printable.ts";
import { defaultJobLimits } from "./activities/jobs/support/job-run.ts";
import { createBlobLedger } from "./ledger/blob-ledger.ts";
import { newInstanceId } from "./ledger/instance-id.ts";
import { createNotifications } from "./notifications/notifications.ts";
import { createSeal } from "./secrets/seal.ts";
import { isDeveloperMachine } from "./settings/environment.ts";
import { readSettings, SettingsError } from "./settings/settings.ts";
import type { LedgerAccount } from "./settings/own-account.ts";
import type { Settings } from "./settings/settings.ts";
import { systemSleep, systemTime } from "./settings/system-time.ts";
import { createAppIdentity } from "./storage/app-identity.ts";
import { createCopyClient } from "./storage/create-copy-client.ts";
import { createCredentialFor } from "./storage/credentials.ts";
import { observed } from "./storage/pipeline.ts";
import { createJobStorage } from "./storage/jobs/create-job-storage.ts";
import { createSasMint } from "./storage/sas-mint.ts";
import { createSourceLookup } from "./storage/source-lookup.ts";

try {
  registerApp(connect(readSettings(process.env)));
} catch (error) {
  // A developer sees the message where the host was started. In Azure the host would respond with 404 on every path.
  if (!(error instanceof SettingsError) || isDeveloperMachine(process.env)) throw error;
  console.error(printable(error.message));
  registerHealth(error.problems);
  registerDashboard();
}

/** Creates the clients that the settings describe. */
function connect(settings: Settings): AppDependencies {
  const ledger = createBlobLedger(
    ledgerService(settings.ledger, settings.own.account).getContainerClient("ferry-ledger"),
  );
  const credentialFor = createCredentialFor(settings.origins.emulator);
  const client = createCopyClient(credentialFor);
  const seal = createSeal(settings.secretKeys);
  const mint = createSasMint(credentialFor);
  const { allowed, routes, origins, own, maxLockDays } = settings;
  const access = { allowed, routes, origins, own, maxLockDays };
  const { auth, principals, watchdogSchedule, retentionDays } = settings;
  return {
    auth,
    requests: {
      ...access,
      principals,
      ledger,
      seal,
      lookUpSource: createSourceLookup(client),
      notifies: settings.notificationTargets.length > 0,
      newInstanceId,
      canMint: (source) => mint.isPossible(source),
      now: systemTime,
      sleep: systemSleep,
    },
    activities: {
      client,
      mint,
      ledger,
      seal,
      notifications: createNotifications({
        targets: settings.notificationTargets,
        source: settings.source,
        token: eventGridToken,
        now: systemTime,
      }),
      access,
      now: systemTime,
      newGuid: randomUUID,
      storage: createJobStorage(credentialFor, mint),
      limits: defaultJobLimits,
    },
    maintenance: { ledger, now: systemTime, watchdogSchedule, retentionDays },
    eventQueue: settings.eventQueue,
  };
}

/** Returns a token of the app's identity ("Authenticate publishing clients with Microsoft Entra ID"). */
async function eventGridToken(): Promise<string> {
  const token = await createAppIdentity().getToken("https://eventgrid.azure.net/.default");
  if (token === null) throw new Error("Cannot send to the topic because the identity has no token");
  return token.token;
}

/** Drops the SDK's error, because its text and its fields may quote the connection string, which contains a key. */
function ledgerService(account: LedgerAccount, name: string): BlobServiceClient {
  try {
    return createLedgerService(account, name);
  } catch {
    throw new SettingsError([
      "AzureWebJobsStorage must be a connection string that the Storage SDK can read: copy it again from the account's access keys",
    ]);
  }
}

function createLedgerService(account: LedgerAccount, name: string): BlobServiceClient {
  const options = { retryOptions: { maxTries: 2, tryTimeoutInMs: 15_000 } };
  const { url, credential } =
    "connectionString" in account
      ? BlobServiceClient.fromConnectionString(account.connectionString)
      : { url: account.blobServiceUri, credential: createAppIdentity() };
  const target = { purpose: "ledger", account: name, service: "blob" } as const;
  return new BlobServiceClient(url, observed(newPipeline(credential, options), target));
}
