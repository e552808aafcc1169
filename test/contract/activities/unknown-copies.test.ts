import { expect, test } from "vitest";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

/*
 * Goal: a client with the key of the task hub, which can start activities with any input, can neither read the state
 * of any destination by a poll, nor abort a copy that Ferry did not start.
 */

async function start() {
  const storage = await startStorage({ copies: { bytesPerSecond: 10 } });
  const steps = createSteps(storage);
  const source = await uploadBlob(storage.service, "x".repeat(1_000));
  const container = storage.service.getContainerClient("source");
  const destination = container.getBlobClient("copy.mp4");
  const request = { source: source.url, destination: destination.url };
  const { instanceId, copy } = createCopyInput(storage, request);
  return { storage, steps, source, container, destination, instanceId, copy };
}

const plan = { source: { etag: null, length: 0 }, destinationEtag: null };
const unobservable = {
  kind: "unobservable",
  failure: { cause: "not-allowed", message: expect.stringContaining("the ledger does not show") },
};

test("a poll of a copy that is not in the ledger returns the same result for any content of the destination", async () => {
  const { storage, steps, source, container, destination, instanceId, copy } = await start();
  await container.getBlockBlobClient("other copy").beginCopyFromURL(source.url);
  const paths = ["copy.mp4", decodeURIComponent(new URL(source.url).pathname.split("/")[3] ?? "")];
  const copyId = "5e1a9a36-22dc-4cbb-a3b2-1e4e3bd4a9f1" as never; // any id
  const statuses: unknown[] = [];
  for (const path of [...paths, "other copy"]) {
    const to = { ...copy.destination, path };
    statuses.push(
      await steps.readCopy({ instanceId, copy: { ...copy, destination: to }, plan, copyId }),
    );
  }
  const nowhere = { ...copy.destination, container: "nowhere" } as never; // a container that does not exist
  statuses.push(
    await steps.readCopy({ instanceId, copy: { ...copy, destination: nowhere }, plan, copyId }),
  );
  const remove = storage.emulator.faults.add({
    operation: "GetBlobProperties",
    do: "lose response",
  });
  statuses.push(await steps.readCopy({ instanceId, copy, plan, copyId }));
  remove();
  expect(statuses[0]).toMatchObject(unobservable);
  expect(new Set(statuses.map((status) => JSON.stringify(status))).size).toBe(1);
  expect(await destination.exists()).toBe(false);
});

test("an abort of a copy that is not in the ledger sends no request, even with its copyId", async () => {
  const { storage, steps, source, destination, instanceId, copy } = await start();
  await destination.beginCopyFromURL(source.url);
  const { copyId } = await destination.getProperties();
  const calls = () =>
    storage.emulator.requests.filter(({ url }) => url.includes("copy.mp4")).length;
  const before = calls();
  expect(await steps.abortCopy({ instanceId, copy, plan, copyId: copyId as never })).toMatchObject(
    unobservable,
  );
  expect(calls()).toBe(before);
  expect((await destination.getProperties()).copyStatus).toBe("pending");
});

test("a copy in the ledger is polled and aborted at its own destination only", async () => {
  const { steps, source, container, destination, instanceId, copy } = await start();
  const begun = await steps.startCopy({ instanceId, copy });
  if (begun.kind !== "started") throw new Error(begun.kind);
  const own = { instanceId, copy, ...begun.started };
  await container.getBlockBlobClient("other").uploadData(Buffer.from("other"));
  const other = { ...copy, destination: { ...copy.destination, path: "other" } };
  expect(await steps.readCopy({ ...own, copy: other })).toMatchObject(unobservable);
  expect(await steps.abortCopy({ ...own, copy: other })).toMatchObject(unobservable);
  expect(await steps.readCopy(own)).toMatchObject({ kind: "pending" });
  expect(await steps.abortCopy(own)).toMatchObject({ kind: "aborted" });
  await destination.delete();
  expect(await steps.readCopy(own)).toMatchObject({ kind: "gone" });
  await destination.beginCopyFromURL(source.url);
  expect(await steps.readCopy(own)).toMatchObject({ kind: "superseded" });
});
