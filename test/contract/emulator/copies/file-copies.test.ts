import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BlobSASPermissions } from "@azure/storage-blob";
import {
  FileSASPermissions,
  ShareFileClient,
  StorageSharedKeyCredential,
} from "@azure/storage-file-share";
import {
  atEnd,
  day,
  kib,
  noon,
  rejection,
  second,
  startStorage,
  uploadBlob,
} from "../../../support/stack/emulator.ts";
import { startFileStorage, uploadFile } from "../../../support/stack/file-storage.ts";

/** Takes ten seconds at the tests' speed. */
const film = Buffer.alloc(10 * kib, "film");
const copies = { bytesPerSecond: kib };
const tomorrow = new Date(noon + day);

async function pendingCopy(settings = {}) {
  const storage = await startFileStorage({ copies: { ...copies, ...settings } });
  const source = await uploadFile(storage.file("film.mp4"), film);
  const destination = storage.file("copy.mp4");
  const { copyId, copyStatus } = await destination.startCopyFromURL(source.url);
  return {
    ...storage,
    source,
    destination,
    copyId: copyId ?? "",
    copyStatus,
    where: { share: "media", path: "copy.mp4" },
  };
}

function readSas(file: ShareFileClient, expiresOn = tomorrow): Promise<string> {
  return Promise.resolve(
    file.generateSasUrl({ permissions: FileSASPermissions.parse("r"), expiresOn }),
  );
}

test("a pending file copy starts as an empty file with the source's headers and metadata, reports progress, then has all bytes", async () => {
  const { clock, destination, copyId, copyStatus, source } = await pendingCopy();
  expect(copyStatus).toBe("pending");

  const started = await destination.getProperties();
  expect(started).toMatchObject({
    copyId,
    copyStatus: "pending",
    copySource: source.url,
    copyProgress: `0/${film.length}`,
    contentLength: 0,
    contentType: "video/mp4",
    cacheControl: "no-store",
    metadata: { project: "x" },
  });
  expect(started.copyCompletedOn).toBeUndefined();

  await clock.advance(4 * second);
  expect(await destination.getProperties()).toMatchObject({
    copyStatus: "pending",
    copyProgress: `4096/${film.length}`,
    contentLength: 0,
  });

  await clock.advance(60 * second);
  const completed = await destination.getProperties();
  expect(completed).toMatchObject({
    copyId,
    copyStatus: "success",
    copyProgress: `${film.length}/${film.length}`,
    contentLength: film.length,
    copyCompletedOn: new Date(noon + 10 * second),
  });
  expect(completed.etag).not.toBe(started.etag);
  expect(await destination.downloadToBuffer()).toEqual(film);
});

test("an abort leaves zero bytes and the metadata; another id and a second abort are rejected", async () => {
  const { clock, destination, copyId } = await pendingCopy();
  await clock.advance(3 * second);
  expect(
    await rejection(destination.abortCopyFromURL("00000000-0000-0000-0000-000000000000")),
  ).toEqual({ status: 409, code: "CopyIdMismatch" });

  const response = await destination.abortCopyFromURL(copyId);
  expect(response._response.status).toBe(204);
  const aborted = await destination.getProperties();
  expect(aborted).toMatchObject({
    copyId,
    copyStatus: "aborted",
    copyProgress: `3072/${film.length}`,
    contentLength: 0,
    metadata: { project: "x" },
  });
  expect(aborted.copyStatusDescription).toBeUndefined();
  expect(await rejection(destination.abortCopyFromURL(copyId))).toEqual({
    status: 409,
    code: "NoPendingCopyOperation",
  });
});

test("copies between Blob and Files work in both directions, with a SAS", async () => {
  const { clock, service, file, share } = await startFileStorage({ copies });
  const blob = await uploadBlob(service, film);
  const sas = await blob.generateSasUrl({
    permissions: BlobSASPermissions.parse("r"),
    expiresOn: tomorrow,
  });
  await share.rootDirectoryClient.getDirectoryClient("in").create();
  const fromBlob = file("in/film.mp4");
  expect(await fromBlob.startCopyFromURL(sas)).toMatchObject({ copyStatus: "pending" });

  const source = await uploadFile(file("song.mp3"), film);
  const toBlob = service.getContainerClient("source").getBlockBlobClient("song.mp3");
  await toBlob.beginCopyFromURL(await readSas(source));
  expect((await toBlob.getProperties()).copyStatus).toBe("pending");

  await clock.advance(20 * second);
  expect(await fromBlob.getProperties()).toMatchObject({
    copyStatus: "success",
    contentType: "video/mp4",
    metadata: { project: "x" },
  });
  expect(await fromBlob.downloadToBuffer()).toEqual(film);
  expect(await toBlob.getProperties()).toMatchObject({
    copyStatus: "success",
    blobType: "BlockBlob",
    contentType: "video/mp4",
    cacheControl: "no-store",
    metadata: { project: "x" },
  });
  expect(await toBlob.downloadToBuffer()).toEqual(film);
});

test("a copy onto itself keeps the content, an empty file is copied, and a small one is copied immediately", async () => {
  const { file, clock, emulator } = await startFileStorage({ copies });
  const source = await uploadFile(file("film.mp4"), film);
  await source.startCopyFromURL(source.url);
  expect((await source.getProperties()).contentLength).toBe(0);
  await clock.advance(10 * second);
  expect(await source.downloadToBuffer()).toEqual(film);

  const empty = await uploadFile(file("empty"), "");
  await file("empty copy").startCopyFromURL(empty.url);
  expect(await file("empty copy").getProperties()).toMatchObject({
    copyStatus: "success",
    copyProgress: "0/0",
    contentLength: 0,
  });

  emulator.copies.finishOnStart = "same-account";
  const immediate = await file("at once").startCopyFromURL(source.url);
  expect(immediate.copyStatus).toBe("success");
  expect(await file("at once").downloadToBuffer()).toEqual(film);
});

test.each([
  {
    change: "written",
    description: '412 ConditionNotMet "Copy failed when reading the source."',
    act: (source: ShareFileClient) => source.uploadRange("x", 0, 1),
  },
  {
    change: "deleted",
    description: '404 ResourceNotFound "Copy failed when reading the source."',
    act: (source: ShareFileClient) => source.delete(),
  },
])("a copy fails when its source is $change", async ({ act, description }) => {
  const { clock, source, destination } = await pendingCopy();
  await clock.advance(second);
  await act(source);
  expect(await destination.getProperties()).toMatchObject({
    copyStatus: "failed",
    copyStatusDescription: description,
    contentLength: 0,
    metadata: { project: "x" },
  });
});

test("a copy from a file to a blob fails when the file is written", async () => {
  const { file, service } = await startFileStorage({ copies });
  const source = await uploadFile(file("film.mp4"), film);
  await service.createContainer("out");
  const blob = service.getContainerClient("out").getBlockBlobClient("film.mp4");
  await blob.beginCopyFromURL(await readSas(source));
  await source.uploadRange("x", 0, 1);
  expect(await blob.getProperties()).toMatchObject({
    copyStatus: "failed",
    copyStatusDescription: '412 ConditionNotMet "Copy failed when reading the source."',
  });
});

test("deleting the source's share fails a copy, and deleting the destination's share removes it", async () => {
  const { files, clock, source, destination } = await pendingCopy();
  const far = files.getShareClient("far");
  await far.create();
  const copy = far.rootDirectoryClient.getFileClient("copy");
  await copy.startCopyFromURL(source.url);
  await far.delete();
  await clock.advance(20 * second);
  expect((await destination.getProperties()).copyStatus).toBe("success");

  await far.create();
  await copy.startCopyFromURL(source.url);
  await files.getShareClient("media").delete();
  expect(await copy.getProperties()).toMatchObject({
    copyStatus: "failed",
    copyStatusDescription: '404 ResourceNotFound "Copy failed when reading the source."',
  });
});

test("a copy fails when its source's SAS expires, and after two weeks", async () => {
  const { clock, otherFiles, source, destination } = await pendingCopy({ bytesPerSecond: 0 });
  const far = otherFiles.getShareClient("far");
  await far.create();
  const copy = far.rootDirectoryClient.getFileClient("copy");
  await copy.startCopyFromURL(await readSas(source));
  await clock.advance(day);
  expect(await copy.getProperties()).toMatchObject({
    copyStatus: "failed",
    copyStatusDescription: '403 AuthenticationFailed "Copy failed when reading the source."',
  });
  expect((await destination.getProperties()).copyStatus).toBe("pending");
  await clock.advance(13 * day);
  expect(await destination.getProperties()).toMatchObject({
    copyStatus: "failed",
    copyStatusDescription: '500 OperationCancelled "The copy exceeded the maximum allowed time."',
    contentLength: 0,
  });
});

test("a file cannot be changed or leased while a copy onto it is pending", async () => {
  const { destination, source, copyId } = await pendingCopy();
  const pending = { status: 409, code: "PendingCopyOperation" };
  expect(await rejection(destination.startCopyFromURL(source.url))).toEqual(pending);
  expect(await rejection(destination.setMetadata({}))).toEqual(pending);
  expect(await rejection(destination.create(1))).toEqual(pending);
  expect(await rejection(destination.uploadRange("x", 0, 1))).toEqual(pending);
  expect(await rejection(destination.delete())).toEqual(pending);
  expect(await rejection(destination.getShareLeaseClient().acquireLease())).toEqual(pending);
  expect(await destination.getProperties()).toMatchObject({ copyId, copyStatus: "pending" });
});

test("Create File and Set File Properties remove the copy properties, Set File Metadata and Put Range do not", async () => {
  const { destination, clock, copyId, source } = await pendingCopy();
  await clock.advance(20 * second);
  await destination.setMetadata({ own: "y" });
  await destination.uploadRange("x", 0, 1);
  expect(await destination.getProperties()).toMatchObject({ copyId, copyStatus: "success" });
  await destination.setHttpHeaders({ fileContentType: "text/plain" });
  expect((await destination.getProperties()).copyId).toBeUndefined();

  await destination.startCopyFromURL(source.url);
  await clock.advance(20 * second);
  await destination.create(1);
  expect((await destination.getProperties()).copyStatus).toBeUndefined();
});

test("a file copy can be stalled, resumed, warned about, failed and finished; settings can differ by destination", async () => {
  const { clock, emulator, file, source, destination, where } = await pendingCopy();
  const progress = async () => (await destination.getProperties()).copyProgress;
  await clock.advance(second);
  emulator.copies.stall(where);
  await clock.advance(60 * second);
  expect(await progress()).toBe(`1024/${film.length}`);
  emulator.copies.warn(where, '502 BadGateway "Later."');
  expect((await destination.getProperties()).copyStatusDescription).toBe('502 BadGateway "Later."');
  emulator.copies.resume(where, 2 * kib);
  await clock.advance(second);
  expect(await progress()).toBe(`3072/${film.length}`);
  emulator.copies.fail(where, '500 InternalServerError "No more."');
  expect(await destination.getProperties()).toMatchObject({
    copyStatus: "failed",
    copyStatusDescription: '500 InternalServerError "No more."',
    contentLength: 0,
  });
  expect(() => emulator.copies.finish(where)).toThrow(
    'Cannot finish copy because no copy is pending on "devstoreaccount1/media/copy.mp4"',
  );
  emulator.copies.forDestination = (share, path) =>
    share === "media" && path === "slow" ? { bytesPerSecond: 1 } : undefined;
  await file("slow").startCopyFromURL(source.url);
  await clock.advance(9 * second);
  expect((await file("slow").getProperties()).copyProgress).toBe(`9/${film.length}`);
  emulator.copies.finish({ share: "media", path: "slow" });
  expect(await file("slow").downloadToBuffer()).toEqual(film);
});

test("a start whose response is lost has still started the copy", async () => {
  const { file, emulator, clock } = await startFileStorage({ copies });
  const source = await uploadFile(file("film.mp4"), film);
  emulator.faults.add({ operation: "CopyFile", times: 1, do: "lose response" });
  await expect(file("copy").startCopyFromURL(source.url)).rejects.toThrow(
    /socket hang up|ECONNRESET/,
  );
  expect((await file("copy").getProperties()).copyStatus).toBe("pending");
  expect(emulator.requests.at(-2)).toMatchObject({ operation: "CopyFile", status: null });

  emulator.faults.add({
    operation: "AbortCopyFile",
    times: 1,
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  expect(await rejection(file("copy").abortCopyFromURL("any"))).toEqual({
    status: 503,
    code: "ServerBusy",
  });
  await clock.advance(20 * second);
  expect((await file("copy").getProperties()).copyStatus).toBe("success");
});

test("a copy continues while the emulator is closed, and its database contains no signature", async () => {
  const folder = mkdtempSync(join(tmpdir(), "emulator-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const database = join(folder, "storage.db");
  const first = await startFileStorage({ file: database, copies });
  const source = await uploadFile(first.file("film.mp4"), film);
  const far = first.otherFiles.getShareClient("far");
  await far.create();
  const sas = await readSas(source);
  const { copyId } = await far.rootDirectoryClient.getFileClient("copy").startCopyFromURL(sas);
  const reported = JSON.stringify([
    await far.rootDirectoryClient.getFileClient("copy").getProperties(),
    first.emulator.requests,
    first.logged,
  ]);
  await first.emulator.close();
  await first.clock.advance(5 * second);

  const again = await startStorage({ file: database, clock: first.clock });
  const { name, key } = again.emulator.accounts[1] ?? { name: "", key: "" };
  const url = `${again.emulator.fileUrl}/${name}/far/copy`;
  const copy = new ShareFileClient(url, new StorageSharedKeyCredential(name, key));
  expect(await copy.getProperties()).toMatchObject({
    copyId,
    copyProgress: `${5 * kib}/${film.length}`,
  });
  await first.clock.advance(5 * second);
  expect(await copy.downloadToBuffer()).toEqual(film);

  const signature = new URL(sas).searchParams.get("sig") ?? "";
  expect(signature.length).toBeGreaterThan(40);
  const kept = readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"));
  for (const text of [reported, ...kept]) {
    expect(text).not.toContain(signature);
    expect(text).not.toContain(encodeURIComponent(signature));
  }
});
