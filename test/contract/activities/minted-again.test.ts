import { expect, test } from "vitest";
import { uploadBlob } from "../../support/stack/emulator.ts";
import { startIdentity } from "../../support/stack/identity.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

/** A copy from another account. Each `steps()` acts as a restarted app, with empty memory. */
async function planned() {
  const storage = await startIdentity();
  const { service, otherService, emulator } = storage;
  const source = await uploadBlob(otherService, "x".repeat(1_000));
  await service.createContainer("archive");
  const destination = service.getContainerClient("archive").getBlobClient("copy.mp4");
  const body = { source: source.url, destination: destination.url };
  const { instanceId, copy } = createCopyInput(storage, body);
  return {
    ...storage,
    start: (attempt = 1) => createSteps(storage).startCopy({ instanceId, copy, attempt }),
    lock: () => createSteps(storage).ledger.readLock(copy.destination),
    record: () => createSteps(storage).ledger.records.read(instanceId),
    scids: () =>
      emulator.requests
        .filter(({ operation }) => operation === "CopyBlob")
        .map(({ headers }) => new URL(headers["x-ms-copy-source"] ?? "").searchParams.get("scid")),
  };
}

test("each attempt mints its own SAS, with the correlation id of its plan", async () => {
  const { emulator, start, clock, record, scids } = await planned();
  emulator.faults.add({ operation: "CopyBlob", times: 1, do: "reset connection" });
  expect(await start()).toMatchObject({ kind: "transient-failure" });
  const first = (await record())?.plan?.mintedSas?.scid;
  await clock.advance(3_600_000);
  expect(await start(2)).toMatchObject({ kind: "started" });
  const second = (await record())?.plan?.mintedSas?.scid;
  expect(scids()).toEqual([first, second]);
  expect(first).not.toBe(second);
});

test("a second execution of a start recognizes the copy of the first", async () => {
  const { emulator, start, scids } = await planned();
  emulator.faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
  const first = await start();
  if (first.kind !== "started") throw new Error(first.kind);
  const { started } = first;
  expect(await start()).toMatchObject({ kind: "started", started });
  expect(scids()).toHaveLength(1);
});

test("a start that cannot sign a SAS sends nothing, and does not block the destination", async () => {
  const { emulator, start, lock, scids } = await planned();
  emulator.roles.splice(0, Infinity, {
    role: "Storage Blob Data Contributor",
    account: "devstoreaccount1",
  });
  expect(await start()).toMatchObject({
    kind: "settled",
    outcome: {
      failure: {
        cause: "source-unauthorized",
        fix: expect.stringContaining("Storage Blob Delegator"),
      },
    },
  });
  expect(scids()).toEqual([]);
  expect(await lock()).toBeNull();
});

test("a key that is temporarily unavailable is requested again later", async () => {
  const { emulator, start } = await planned();
  const busy = { response: { status: 503, code: "ServerBusy" } };
  const end = emulator.faults.add({ operation: "GetUserDelegationKey", do: busy });
  expect(await start()).toMatchObject({
    kind: "transient-failure",
    failure: { cause: "throttled" },
  });
  end();
  expect(await start(2)).toMatchObject({ kind: "started" });
});
