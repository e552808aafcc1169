import { randomUUID } from "node:crypto";
import { BlobServiceClient, newPipeline } from "@azure/storage-blob";
import { createActivities } from "../../../src/activities/create-activities.ts";
import { parseCopyRequest } from "../../../src/copy/request/copy-request.ts";
import type {
  ActivityContext,
  CopyInput,
  CopyActivities,
  SettleInput,
  StartInput,
} from "../../../src/copy/contract/activities.ts";
import type { Origins } from "../../../src/copy/location/parse-endpoint.ts";
import type { AllowedPair } from "../../../src/copy/request/access-policy.ts";
import { grants } from "../../../src/copy/request/grants.ts";
import { createBlobLedger } from "../../../src/ledger/blob-ledger.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { createSeal } from "../../../src/secrets/seal.ts";
import type { Seal } from "../../../src/secrets/seal.ts";
import { createBlobCopyClient } from "../../../src/storage/blob-copy-client.ts";
import type { CopyClient } from "../../../src/storage/copy-client.ts";
import { createCredentialFor } from "../../../src/storage/credentials.ts";
import { createSasMint } from "../../../src/storage/sas-mint.ts";
import type { Storage } from "./emulator.ts";
import { epochMs, toIso } from "../../../src/copy/time.ts";
import type { InstanceId } from "../../../src/copy/contract/ids.ts";

/** The activities with real Storage calls, without the orchestration, to run them in unusual orders. */
export function createSteps(
  { emulator, clock, credential }: Storage,
  client: Partial<CopyClient> = {},
  seal: Seal = createSeal([]),
  beforeLedgerRequest: () => Promise<void> = async () => {},
): Steps & { ledger: Ledger } {
  const account = `${emulator.blobUrl}/${credential.accountName}`;
  const pipeline = newPipeline(credential);
  pipeline.factories.push({
    create: (next) => ({
      async sendRequest(request) {
        await beforeLedgerRequest();
        return await next.sendRequest(request);
      },
    }),
  });
  const container = new BlobServiceClient(account, pipeline).getContainerClient("ferry-ledger");
  const ledger = createBlobLedger(container);
  const origins = { emulator: { blob: emulator.blobUrl, file: emulator.fileUrl }, external: [] };
  const credentialFor = createCredentialFor(origins.emulator);
  const steps = createActivities({
    client: { ...createBlobCopyClient(credentialFor), ...client },
    mint: createSasMint(credentialFor),
    ledger,
    seal,
    notifications: { targets: [], send: async () => ({ ok: true }), report: async () => [] },
    access: { allowed: allowAll(origins), routes: [], origins, own, maxLockDays: 3_653 },
    now: () => epochMs(clock.now()),
    newGuid: randomUUID,
  });
  const wake = async () => "gone" as const;
  const withContext =
    <Input, Result>(step: (input: Input, context: ActivityContext) => Promise<Result>) =>
    (input: Input, context: Partial<ActivityContext> = {}) =>
      step(input, { log: () => {}, wake, ...context });
  return {
    ...steps,
    startCopy: withContext((input: Given<StartInput>, context) =>
      steps.startCopy({ attempt: 1, kept: null, ...input }, context),
    ),
    settleCopy: withContext((input: Given<SettleInput>, context) =>
      steps.settleCopy({ kept: null, ...input }, context),
    ),
    sendNotifications: withContext(steps.sendNotifications),
    ledger,
  };
}

const own = { account: "devstoreaccount1", contentShare: null, named: [] };

/** Allows every copy within the emulator's accounts, with every option. */
function allowAll({ emulator }: Origins): AllowedPair[] {
  const places = [emulator.blob, emulator.file].flatMap((origin) =>
    origin === null
      ? []
      : ["devstoreaccount1", "devstoreaccount2"].map((account) => ({
          origin,
          account,
          segments: [],
        })),
  );
  return places.flatMap((from) => places.map((to) => ({ from, to, allow: grants })));
}

/** By default, an attempt is the first, and no ETag of the ledger is known. */
type Given<Input> = Omit<Input, "attempt" | "kept"> & Partial<Pick<StartInput, "attempt" | "kept">>;

/** The activities; parts that their context lacks do nothing, and no waiter can be woken. */
type Steps = {
  [Name in keyof CopyActivities]: (
    input: Given<Parameters<CopyActivities[Name]>[0]>,
    context?: Partial<ActivityContext>,
  ) => ReturnType<CopyActivities[Name]>;
};

/** The input that an orchestration would get for a request made now. */
export function createCopyInput(
  { emulator, clock }: Storage,
  body: unknown,
): { instanceId: InstanceId; copy: CopyInput } {
  const parsed = parseCopyRequest(body, {
    emulator: { blob: emulator.blobUrl, file: null },
    external: [],
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { source, destination, options } = parsed.request;
  const now = epochMs(clock.now());
  const copy: CopyInput = {
    version: 1,
    source,
    destination,
    sourceSas: null,
    destinationSas: null,
    options,
    createdAt: toIso(now),
  };
  return { instanceId: newInstanceId(now), copy };
}
