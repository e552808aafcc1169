import { expect, test } from "vitest";
import { uploadBlob } from "../../support/stack/emulator.ts";
import { startIdentity } from "../../support/stack/identity.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

const reader = { role: "Storage Blob Data Reader", account: "devstoreaccount2" } as const;

/** A planned copy from another account. Each `steps()` acts as a restarted app, with empty memory. */
async function planned() {
  const storage = await startIdentity();
  const { service, otherService, emulator } = storage;
  const source = await uploadBlob(otherService, "x".repeat(1_000));
  await service.createContainer("archive");
  const destination = service.getContainerClient("archive").getBlobClient("copy.mp4");
  const body = { source: source.url, destination: destination.url };
  const { instanceId, copy } = createCopyInput(storage, body);
  const prepared = await createSteps(storage).prepareCopy({ instanceId, copy });
  if (prepared.kind !== "planned") throw new Error(JSON.stringify(prepared));
  const { plan } = prepared;
  return {
    ...storage,
    plan,
    steps: () => createSteps(storage),
    start: () => createSteps(storage).startCopy({ instanceId, copy, plan }),
    lock: () => createSteps(storage).ledger.readLock(copy.destination),
    scids: () =>
      emulator.requests
        .filter(({ operation }) => operation === "CopyBlob")
        .map(({ headers }) => new URL(headers["x-ms-copy-source"] ?? "").searchParams.get("scid")),
  };
}

test("each start of a plan mints a SAS with the plan's correlation id and expiry", async () => {
  const { emulator, start, clock, plan, scids } = await planned();
  emulator.faults.add({ operation: "CopyBlob", times: 1, do: "reset connection" });
  expect(await start()).toMatchObject({ kind: "transient-failure" });
  await clock.advance(3_600_000);
  expect(await start()).toMatchObject({ kind: "started" });
  expect(scids()).toEqual([plan.mintedSas?.scid, plan.mintedSas?.scid]);
  const expiries = emulator.requests.flatMap(
    ({ headers }) => /[?&]se=([^&]*)/.exec(headers["x-ms-copy-source"] ?? "")?.[1] ?? [],
  );
  expect(new Set(expiries).size).toBe(1);
});

test("a second execution of a start recognizes the copy of the first", async () => {
  const { emulator, start, scids } = await planned();
  emulator.faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
  const first = await start();
  expect(first).toMatchObject({ kind: "started" });
  expect(await start()).toEqual(first);
  expect(scids()).toHaveLength(1);
});

test("a start that can no longer sign a SAS sends nothing, and does not block the destination", async () => {
  const { emulator, start, lock, scids } = await planned();
  const roles = emulator.roles.splice(0, Infinity, {
    role: "Storage Blob Data Contributor",
    account: "devstoreaccount1",
  });
  expect(await start()).toMatchObject({
    kind: "failed",
    failure: {
      cause: "source-unauthorized",
      message: expect.stringContaining("sign a SAS"),
      fix: expect.stringContaining("Storage Blob Delegator"),
    },
  });
  expect(scids()).toEqual([]);
  expect(await lock()).toMatchObject({ copyId: null, busyUntil: 0 });
  emulator.roles.splice(0, Infinity, ...roles, reader);
  expect(await start()).toMatchObject({ kind: "started" });
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
  expect(await start()).toMatchObject({ kind: "started" });
});
