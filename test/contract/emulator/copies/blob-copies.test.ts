import { expect, test } from "vitest";
import { BlobSASPermissions, type BlockBlobClient } from "@azure/storage-blob";
import {
  kib,
  noon,
  day,
  rejection,
  second,
  startStorage,
  uploadBlob,
} from "../../../support/stack/emulator.ts";

/** Takes ten seconds at the tests' speed. */
const film = Buffer.alloc(10 * kib, "film");
const copies = { bytesPerSecond: kib };

async function startCopy(destination: BlockBlobClient, source: string, options = {}) {
  await destination.beginCopyFromURL(source, options);
  const { copyId } = await destination.getProperties();
  if (copyId === undefined)
    throw new Error("Cannot read the copyId because the start returned none");
  return copyId;
}

async function pendingCopy(settings = {}) {
  const storage = await startStorage({ copies: { ...copies, ...settings } });
  const source = await uploadBlob(storage.service, film);
  const destination = storage.service.getContainerClient("source").getBlockBlobClient("copy.mp4");
  const copyId = await startCopy(destination, source.url);
  return {
    ...storage,
    source,
    destination,
    copyId,
    where: { container: "source", blob: "copy.mp4" },
  };
}

test("a pending copy starts as an empty blob with the source's headers and metadata, reports progress, then has all bytes", async () => {
  const { clock, destination, copyId } = await pendingCopy();

  const started = await destination.getProperties();
  expect(started).toMatchObject({
    copyId,
    copyStatus: "pending",
    copyProgress: `0/${film.length}`,
    contentLength: 0,
    contentType: "video/mp4",
    cacheControl: "no-store",
    metadata: { project: "x" },
    accessTier: "Hot",
    accessTierInferred: true,
  });
  expect(started.copyCompletedOn).toBeUndefined();
  expect(started.contentMD5).toBeUndefined();

  await clock.advance(4 * second);
  const midway = await destination.getProperties();
  expect(midway).toMatchObject({ copyStatus: "pending", copyProgress: `4096/${film.length}` });
  expect(midway.etag).toBe(started.etag);
  expect((await destination.downloadToBuffer()).length).toBe(0);

  await clock.advance(60 * second);
  const completed = await destination.getProperties();
  expect(completed).toMatchObject({
    copyId,
    copyStatus: "success",
    copyProgress: `${film.length}/${film.length}`,
    contentLength: film.length,
    copyCompletedOn: new Date(noon + 10 * second),
    lastModified: new Date(noon + 10 * second),
  });
  expect(completed.etag).not.toBe(started.etag);
  expect(completed.contentMD5).toHaveLength(16);
  expect(await destination.downloadToBuffer()).toEqual(film);
});

test("progress is published in steps, after the start delay", async () => {
  const { clock, destination } = await pendingCopy({ startDelayMs: 5000, publishEveryBytes: 4096 });
  const progress = async () => (await destination.getProperties()).copyProgress;

  await clock.advance(5 * second);
  expect(await progress()).toBe(`0/${film.length}`);
  await clock.advance(7 * second);
  expect(await progress()).toBe(`4096/${film.length}`);
  await clock.advance(3 * second);
  expect(await progress()).toBe(`${film.length}/${film.length}`);
});

test("a trace of progress is played step by step until it ends, or a test controls the copy", async () => {
  const steps = [
    { afterMs: 2 * second, bytesCopied: 100 },
    { afterMs: 60 * second, bytesCopied: 5000 },
    { afterMs: 90 * second, bytesCopied: film.length },
  ];
  const { emulator, clock, service, source, destination } = await pendingCopy({ steps });
  const other = service.getContainerClient("source").getBlockBlobClient("other.mp4");
  await startCopy(other, source.url);
  const progress = async () => (await destination.getProperties()).copyProgress;

  const observed = [];
  for (const seconds of [1, 1, 57, 1, 29]) {
    await clock.advance(seconds * second);
    observed.push(await progress());
  }
  expect(observed).toEqual([0, 100, 100, 5000, 5000].map((bytes) => `${bytes}/${film.length}`));

  emulator.copies.stall({ container: "source", blob: "other.mp4" });
  await clock.advance(second);
  expect((await destination.getProperties()).copyCompletedOn).toEqual(new Date(noon + 90 * second));
  expect((await other.getProperties()).copyProgress).toBe(`5000/${film.length}`);
});

test("settings are fixed when the copy starts, and can differ by destination", async () => {
  const { emulator, clock, service, source, destination } = await pendingCopy();
  emulator.copies.bytesPerSecond = Infinity;
  emulator.copies.forDestination = (container, blob) =>
    container === "source" && blob === "slow.mp4" ? { bytesPerSecond: 1 } : undefined;
  const container = service.getContainerClient("source");
  const fast = container.getBlockBlobClient("fast.mp4");
  const slow = container.getBlockBlobClient("slow.mp4");
  await startCopy(fast, source.url);
  await startCopy(slow, source.url);

  await clock.advance(9 * second);
  expect((await destination.getProperties()).copyProgress).toBe(`9216/${film.length}`);
  expect((await fast.getProperties()).copyStatus).toBe("success");
  expect((await slow.getProperties()).copyProgress).toBe(`9/${film.length}`);
});

test("a copy can finish immediately: the start returns success", async () => {
  const { service, otherService } = await startStorage({
    copies: { finishOnStart: "same-account" },
  });
  const source = await uploadBlob(service, film);
  const near = service.getContainerClient("source").getBlockBlobClient("near");
  const result = await (await near.beginCopyFromURL(source.url)).pollUntilDone();
  expect(result.copyStatus).toBe("success");
  expect(await near.downloadToBuffer()).toEqual(film);

  await otherService.createContainer("far");
  const far = otherService.getContainerClient("far").getBlockBlobClient("far");
  const sas = await source.generateSasUrl({
    permissions: BlobSASPermissions.parse("r"),
    expiresOn: new Date(noon + day),
  });
  await startCopy(far, sas);
  expect((await far.getProperties()).copyStatus).toBe("pending");
});

test("metadata and tier of the start replace the source's metadata", async () => {
  const { clock, source, destination } = await pendingCopy();
  await clock.advance(20 * second);
  await startCopy(destination, source.url, { metadata: { Own: "y" }, tier: "Cool" });
  await clock.advance(20 * second);
  const properties = await destination.getProperties();
  expect(properties.metadata).toEqual({ own: "y" });
  expect(properties).toMatchObject({ accessTier: "Cool", copyStatus: "success" });
  expect(properties.accessTierInferred).toBeUndefined();
});

test("an abort leaves zero bytes, the metadata, and the status aborted; a second abort is rejected", async () => {
  const { clock, destination, copyId } = await pendingCopy();
  await clock.advance(3 * second);

  const otherId = "00000000-0000-0000-0000-000000000000";
  expect(await rejection(destination.abortCopyFromURL(otherId))).toEqual({
    status: 409,
    code: "CopyIdMismatch",
  });
  const response = await destination.abortCopyFromURL(copyId);
  expect(response._response.status).toBe(204);

  const properties = await destination.getProperties();
  expect(properties).toMatchObject({
    copyId,
    copyStatus: "aborted",
    copyProgress: `3072/${film.length}`,
    copyCompletedOn: new Date(noon + 3 * second),
    contentLength: 0,
    metadata: { project: "x" },
  });
  expect(properties.copyStatusDescription).toBeUndefined();
  expect(await rejection(destination.abortCopyFromURL(copyId))).toEqual({
    status: 409,
    code: "NoPendingCopyOperation",
  });
});

test("an abort after the end is rejected, and the copy stays successful", async () => {
  const { clock, destination, copyId } = await pendingCopy();
  await clock.advance(10 * second);
  expect((await rejection(destination.abortCopyFromURL(copyId))).code).toBe(
    "NoPendingCopyOperation",
  );
  expect((await destination.getProperties()).copyStatus).toBe("success");
});

test("while a copy is pending, its destination cannot be written, leased or copied onto", async () => {
  const { destination, source } = await pendingCopy();
  const pending = { status: 409, code: "PendingCopyOperation" };
  expect(await rejection(destination.upload("x", 1))).toEqual(pending);
  expect(await rejection(destination.setMetadata({ a: "b" }))).toEqual(pending);
  expect(await rejection(destination.setHTTPHeaders({}))).toEqual(pending);
  expect(await rejection(destination.stageBlock("AAAA", "x", 1))).toEqual(pending);
  expect(await rejection(destination.commitBlockList([]))).toEqual(pending);
  expect(await rejection(destination.delete())).toEqual(pending);
  expect(await rejection(destination.getBlobLeaseClient().acquireLease(-1))).toEqual(pending);
  expect(await rejection(destination.beginCopyFromURL(source.url))).toEqual(pending);
});

test.for<[string, (source: BlockBlobClient) => Promise<unknown>, string]>([
  ["overwritten", (source) => source.upload("new", 3), "412 ConditionNotMet"],
  ["given other metadata", (source) => source.setMetadata({ a: "b" }), "412 ConditionNotMet"],
  ["deleted", (source) => source.delete(), "404 ResourceNotFound"],
])(
  "a pending copy whose source is %s fails with a description",
  async ([, change, description]) => {
    const { clock, source, destination } = await pendingCopy();
    await clock.advance(2 * second);
    await change(source);
    await clock.advance(day);
    const properties = await destination.getProperties();
    expect(properties).toMatchObject({
      copyStatus: "failed",
      copyStatusDescription: `${description} "Copy failed when reading the source."`,
      copyCompletedOn: new Date(noon + 2 * second),
      contentLength: 0,
    });
  },
);

test("a source that changes after the copy completed, or is only leased, does not affect the copy", async () => {
  const { clock, source, destination } = await pendingCopy();
  await source.getBlobLeaseClient().acquireLease(-1);
  await clock.advance(10 * second);
  await rejection(source.upload("new", 3));
  expect((await destination.getProperties()).copyStatus).toBe("success");
});

test("a copy that is not complete after two weeks fails as canceled", async () => {
  const { clock, destination } = await pendingCopy({ bytesPerSecond: 0 });
  await clock.advance(14 * day - 1);
  expect((await destination.getProperties()).copyStatus).toBe("pending");
  await clock.advance(1);
  expect(await destination.getProperties()).toMatchObject({
    copyStatus: "failed",
    copyStatusDescription: expect.stringMatching(/^500 OperationCancelled "/),
    contentLength: 0,
  });
});

test("a copy fails when its source's SAS expires before it completes", async () => {
  const { clock, service, otherService } = await startStorage({ copies });
  const source = await uploadBlob(service, film);
  await otherService.createContainer("far");
  const far = otherService.getContainerClient("far").getBlockBlobClient("far");
  const sas = await source.generateSasUrl({
    permissions: BlobSASPermissions.parse("r"),
    expiresOn: new Date(noon + 5 * second),
  });
  await startCopy(far, sas);
  await clock.advance(day);
  expect(await far.getProperties()).toMatchObject({
    copyStatus: "failed",
    copyStatusDescription: '403 AuthenticationFailed "Copy failed when reading the source."',
    copyProgress: `5120/${film.length}`,
  });
});

test("a single pending copy can be stalled, resumed, warned about, failed and finished", async () => {
  const { clock, destination, source, emulator, where } = await pendingCopy();
  const read = () => destination.getProperties();

  emulator.copies.stall(where);
  await clock.advance(day);
  expect(await read()).toMatchObject({ copyStatus: "pending", copyProgress: `0/${film.length}` });

  emulator.copies.warn(where, '502 BadGateway "Encountered a retryable error."');
  expect((await read()).copyStatusDescription).toMatch(/^502 BadGateway/);

  emulator.copies.resume(where);
  await clock.advance(5 * second);
  expect((await read()).copyProgress).toBe(`5120/${film.length}`);
  emulator.copies.fail(where, '500 InternalServerError "Broken."');
  expect(await read()).toMatchObject({
    copyStatus: "failed",
    copyStatusDescription: '500 InternalServerError "Broken."',
  });

  await startCopy(destination, source.url);
  emulator.copies.finish(where);
  expect((await read()).copyStatus).toBe("success");
  expect(() => emulator.copies.stall(where)).toThrow("no copy is pending");
});

test("every write except Lease Blob and Put Block removes the copy properties", async () => {
  const { clock, destination } = await pendingCopy();
  await clock.advance(10 * second);
  await destination.stageBlock("AAAA", "x", 1);
  const lease = destination.getBlobLeaseClient();
  await lease.acquireLease(-1);
  await lease.releaseLease();
  expect((await destination.getProperties()).copyStatus).toBe("success");
  await destination.setMetadata({ a: "b" });
  expect((await destination.getProperties()).copyId).toBeUndefined();
});

test("a copy onto itself keeps the content", async () => {
  const { clock, source } = await pendingCopy();
  await clock.advance(20 * second);
  await startCopy(source, source.url, { metadata: { again: "1" } });
  await clock.advance(20 * second);
  expect(await source.downloadToBuffer()).toEqual(film);
  expect((await source.getProperties()).metadata).toEqual({ again: "1" });
});

test("a copy that reads another copy's destination fails when the other one ends, unless it completed before", async () => {
  const { clock, destination, service, emulator } = await pendingCopy();
  const container = service.getContainerClient("source");
  const early = container.getBlockBlobClient("early.mp4");
  const late = container.getBlockBlobClient("late.mp4");
  emulator.copies.startDelayMs = 5 * second;
  await startCopy(early, destination.url);
  emulator.copies.startDelayMs = 60 * second;
  await startCopy(late, destination.url);

  await clock.advance(20 * second);
  expect(await early.getProperties()).toMatchObject({ copyStatus: "success", copyProgress: "0/0" });
  expect(await late.getProperties()).toMatchObject({
    copyStatus: "failed",
    copyStatusDescription: '412 ConditionNotMet "Copy failed when reading the source."',
    copyCompletedOn: new Date(noon + 10 * second),
  });
  expect((await destination.getProperties()).copyStatus).toBe("success");
});

test("a copy that is stalled and resumed during its start delay keeps the delay", async () => {
  const { clock, destination, emulator, where } = await pendingCopy({ startDelayMs: 5 * second });
  emulator.copies.stall(where);
  emulator.copies.resume(where);
  await clock.advance(6 * second);
  expect((await destination.getProperties()).copyProgress).toBe(`1024/${film.length}`);
});

test("a copy onto a blob discards the destination's uncommitted blocks", async () => {
  const { clock, source, destination } = await pendingCopy();
  await clock.advance(20 * second);
  await destination.stageBlock("AAAA", "x", 1);
  await startCopy(destination, source.url);
  await clock.advance(20 * second);
  expect((await destination.getBlockList("uncommitted")).uncommittedBlocks ?? []).toEqual([]);
});

test("deleting a container fails the copies that read from it, and removes those onto it", async () => {
  const { clock, service, source } = await pendingCopy();
  await service.createContainer("elsewhere");
  const elsewhere = service.getContainerClient("elsewhere").getBlockBlobClient("x");
  await startCopy(elsewhere, source.url);
  await service.deleteContainer("source");
  await clock.advance(20 * second);
  expect(await elsewhere.getProperties()).toMatchObject({
    copyStatus: "failed",
    copyStatusDescription: expect.stringMatching(/^404 /),
  });
});
