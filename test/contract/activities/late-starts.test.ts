import { expect, test } from "vitest";
import { LedgerError } from "../../../src/ledger/ledger-error.ts";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

const day = 24 * 3_600_000;

async function requested() {
  const storage = await startStorage({});
  const steps = createSteps(storage);
  const source = await uploadBlob(storage.service, "film");
  const destination = storage.service.getContainerClient("source").getBlobClient("copy.mp4");
  const body = { source: source.url, destination: destination.url };
  const input = createCopyInput(storage, body);
  const { records } = steps.ledger;
  /** Makes the next read of the record fail. */
  const failRead = () => {
    const { read } = records;
    records.read = async () => {
      records.read = read;
      throw new LedgerError("read", { cause: new Error("Storage is busy") });
    };
  };
  /** Makes the next lock fail. */
  const failLock = () => {
    const { acquireLock } = steps.ledger;
    steps.ledger.acquireLock = async () => {
      steps.ledger.acquireLock = acquireLock;
      throw new LedgerError("read", { cause: new Error("Storage is busy") });
    };
  };
  const start = (attempt: number) => steps.startCopy({ ...input, attempt });
  return { ...storage, input, records, failRead, failLock, start };
}

const denied = {
  kind: "failed",
  failure: { cause: "not-allowed", message: expect.stringContaining("more than three days ago") },
};

test("a late first start whose check fails transiently is denied by the next attempt, and leaves no record", async () => {
  const { clock, input, records, failRead, start } = await requested();
  await clock.advance(3 * day + 1);
  failRead();
  expect(await start(1)).toMatchObject({ kind: "transient-failure" });
  expect(await records.read(input.instanceId)).toBeNull();
  expect(await start(2)).toMatchObject(denied);
});

test("a copy whose first attempt failed transiently within three days starts after more than three days", async () => {
  const { clock, input, records, failLock, start } = await requested();
  await clock.advance(3 * day);
  failLock();
  expect(await start(1)).toMatchObject({ kind: "transient-failure" });
  expect(await records.read(input.instanceId)).not.toBeNull();
  await clock.advance(day);
  expect(await start(2)).toMatchObject({ kind: "started" });
});
