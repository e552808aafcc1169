import { randomUUID } from "node:crypto";
import { BlobServiceClient } from "@azure/storage-blob";
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

/** A planned copy and its steps, without the orchestration: to run them in an order that is seldom. */
async function planned() {
  const { emulator, clock, credential, service } = await startStorage({
    copies: { bytesPerSecond: 10 },
  });
  const account = `${emulator.blobUrl}/${credential.accountName}`;
  const container = new BlobServiceClient(account, credential).getContainerClient("ferry-ledger");
  const ledger = createBlobLedger(container);
  const steps = createActivities({
    client: createBlobCopyClient(createCredentialFor()),
    ledger,
    seal: createSeal([]),
    now: () => clock.now(),
    newRun: randomUUID,
  });
  const source = await uploaded(service, "x".repeat(1_000));
  const destination = service.getContainerClient("source").getBlobClient("copy.mp4");
  const body = { source: source.url, destination: destination.url };
  const parsed = parseCopyRequest(body, emulator.blobUrl);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const createdAt = new Date(clock.now()).toISOString();
  const copy: CopyInput = {
    version: 1,
    ...parsed.request,
    sourceSas: null,
    destinationSas: null,
    createdAt,
  };
  const instanceId = newInstanceId(new Date(clock.now()));
  const prepared = await steps.prepareCopy({ instanceId, copy });
  if (prepared.state !== "planned") throw new Error(prepared.state);
  const { plan } = prepared;
  const settleAborted = () =>
    steps.settleCopy(
      {
        instanceId,
        copy,
        plan,
        copyId: null,
        ending: { state: "not-started", why: "aborted" },
        record: { abortRequested: true, startedAt: null, statusReads: 0 },
        lastTry: false,
      },
      { log: () => {} },
    );
  const { requests } = emulator;
  return { steps, ledger, copy, instanceId, plan, clock, requests, settleAborted };
}

test("a start that runs again after it was given up is followed, not forgotten", async () => {
  const { steps, copy, instanceId, plan, settleAborted } = await planned();
  const again = await steps.startCopy({ instanceId, copy, plan });
  if (again.state !== "started") throw new Error(again.state);
  expect(await settleAborted()).toEqual({ state: "found", started: again.started });
});

test("a start that comes once settling has begun starts nothing", async () => {
  const { steps, ledger, copy, instanceId, plan, clock, requests } = await planned();
  const closing = {
    plan,
    copyId: null,
    ending: { state: "not-started", why: "aborted" },
    record: { abortRequested: true, startedAt: null, statusReads: 0 },
  } as const;
  // As far as a settle came that died in the middle.
  await ledger.closeSlot(copy.destination, { instanceId, now: clock.now(), closing });
  expect(await steps.startCopy({ instanceId, copy, plan })).toMatchObject({ state: "failed" });
  expect(requests.filter(({ operation }) => operation === "CopyBlob")).toEqual([]);
});

test("a start that runs after the end frees the slot that a late prepare took with it", async () => {
  const { steps, ledger, copy, instanceId, plan, settleAborted } = await planned();
  expect(await settleAborted()).toMatchObject({ state: "settled" });
  await ledger.takeSlot(instanceId, copy); // as far as the late prepare came
  expect(await steps.startCopy({ instanceId, copy, plan })).toMatchObject({ state: "failed" });
  expect(await ledger.slotOf(copy.destination)).toBeNull();
});
