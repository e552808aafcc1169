import { randomUUID } from "node:crypto";
import { BlobServiceClient } from "@azure/storage-blob";
import type { StorageSharedKeyCredential } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { createActivities } from "../../src/activities/create-activities.ts";
import { parseCopyRequest } from "../../src/copy/copy-request.ts";
import type { CopyInput } from "../../src/copy/steps.ts";
import { createBlobLedger } from "../../src/ledger/blob-ledger.ts";
import { newInstanceId } from "../../src/ledger/instance-id.ts";
import { createSeal } from "../../src/secrets/seal.ts";
import { createBlobCopyClient } from "../../src/storage/blob-copy-client.ts";
import { createCredentialFor } from "../../src/storage/credentials.ts";
import { startStorage, uploaded } from "../support/emulator.ts";
import type { Storage } from "../support/emulator.ts";

const slowly = { copies: { bytesPerSecond: 10 } };

/** The five steps over real Storage calls, without the orchestration: to run one again, late. */
function stepsOf({ emulator, clock, credential }: Storage) {
  const ledger = new BlobServiceClient(
    `${emulator.blobUrl}/${credential.accountName}`,
    credential satisfies StorageSharedKeyCredential,
  ).getContainerClient("ferry-ledger");
  const deps = {
    client: createBlobCopyClient(createCredentialFor()),
    ledger: createBlobLedger(ledger),
    seal: createSeal([]),
    now: () => clock.now(),
    newRun: randomUUID,
  };
  return { ...createActivities(deps), ledger: deps.ledger };
}

function inputOf({ emulator, clock }: Storage, body: unknown): CopyInput {
  const parsed = parseCopyRequest(body, emulator.blobUrl);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { source, destination, options } = parsed.request;
  const createdAt = new Date(clock.now()).toISOString();
  return {
    version: 1,
    source,
    destination,
    sourceSas: null,
    destinationSas: null,
    options,
    createdAt,
  };
}

test("ifBusy replace: a prepare that runs again, late, does not abort our own copy", async () => {
  const storage = await startStorage(slowly);
  const steps = stepsOf(storage);
  const source = await uploaded(storage.service, "x".repeat(1_000));
  const destination = storage.service.getContainerClient("source").getBlobClient("copy.mp4");
  const options = { overwrite: "always", ifBusy: "replace" };
  const copy = inputOf(storage, { source: source.url, destination: destination.url, options });
  const instanceId = newInstanceId(new Date(storage.clock.now()));

  const prepared = await steps.prepareCopy({ instanceId, copy });
  if (prepared.state !== "planned") throw new Error(prepared.state);
  expect(await steps.startCopy({ instanceId, copy, plan: prepared.plan })).toMatchObject({
    state: "started",
  });
  expect(await steps.prepareCopy({ instanceId, copy })).toMatchObject({ state: "busy" });
  expect(await destination.getProperties()).toMatchObject({ copyStatus: "pending" });
  expect(storage.emulator.requests.some(({ operation }) => operation === "AbortCopyBlob")).toBe(
    false,
  );
});

async function planWithRollback() {
  const storage = await startStorage(slowly);
  const steps = stepsOf(storage);
  const source = await uploaded(storage.service, "x".repeat(1_000));
  const destination = await uploaded(storage.service, "former", { blob: "copy.mp4" });
  const options = { overwrite: "always", rollback: "snapshot" };
  const copy = inputOf(storage, { source: source.url, destination: destination.url, options });
  const instanceId = newInstanceId(new Date(storage.clock.now()));
  const snapshots = async () => {
    const times = [];
    const box = storage.service.getContainerClient("source");
    for await (const { snapshot } of box.listBlobsFlat({ includeSnapshots: true })) {
      if (snapshot !== undefined) times.push(snapshot);
    }
    return times;
  };
  return { storage, steps, copy, instanceId, destination, snapshots };
}

test("a prepare that runs twice takes one snapshot of one state, and another of the next", async () => {
  const { steps, copy, instanceId, destination, snapshots } = await planWithRollback();
  const first = await steps.prepareCopy({ instanceId, copy });
  expect(await steps.prepareCopy({ instanceId, copy })).toEqual(first);
  expect(first).toMatchObject({ plan: { snapshot: (await snapshots())[0] } });
  expect(await snapshots()).toHaveLength(1);
  await destination.upload("changed", 7);
  expect(await steps.prepareCopy({ instanceId, copy })).not.toEqual(first);
  expect(await snapshots()).toHaveLength(2);
});

test("a prepare that runs while its copy is settled leaves no snapshot behind", async () => {
  const { storage, steps, copy, instanceId, snapshots } = await planWithRollback();
  await steps.prepareCopy({ instanceId, copy });
  const record = { abortRequested: true, startedAt: null, statusReads: 0 };
  const ending = { state: "not-started", why: "aborted" } as const;
  const closing = { plan: null, copyId: null, ending, record };
  const { ledger } = steps;
  const now = storage.clock.now();
  await ledger.closeSlot(copy.destination, { instanceId, now, closing });
  expect(await steps.prepareCopy({ instanceId, copy })).toMatchObject({ state: "trouble" });
  expect(await snapshots()).toEqual([]);
});
