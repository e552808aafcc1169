import { randomUUID } from "node:crypto";
import { BlobServiceClient } from "@azure/storage-blob";
import { createActivities } from "../../../src/activities/create-activities.ts";
import { parseCopyRequest } from "../../../src/copy/request/copy-request.ts";
import type { CopyInput, CopyActivities } from "../../../src/copy/contract/activities.ts";
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
): CopyActivities & { ledger: Ledger } {
  const account = `${emulator.blobUrl}/${credential.accountName}`;
  const container = new BlobServiceClient(account, credential).getContainerClient("ferry-ledger");
  const ledger = createBlobLedger(container);
  const credentialFor = createCredentialFor();
  const steps = createActivities({
    client: { ...createBlobCopyClient(credentialFor), ...client },
    mint: createSasMint(credentialFor),
    ledger,
    seal,
    notifications: { targets: [], send: async () => ({ ok: true }), report: async () => [] },
    now: () => epochMs(clock.now()),
    newGuid: randomUUID,
  });
  return { ...steps, ledger };
}

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
