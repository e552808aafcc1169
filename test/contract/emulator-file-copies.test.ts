import { expect, test } from "vitest";
import { BlobSASPermissions } from "@azure/storage-blob";
import { FileSASPermissions, type ShareFileClient } from "@azure/storage-file-share";
import { day, kib, noon, refusal, second, uploaded } from "../support/emulator.ts";
import { startFileStorage, uploadedFile } from "../support/file-storage.ts";

/** Ten seconds at the speed that the tests set. */
const film = Buffer.alloc(10 * kib, "film");
const copies = { bytesPerSecond: kib };
const tomorrow = new Date(noon + day);

async function pendingCopy(settings = {}) {
  const storage = await startFileStorage({ copies: { ...copies, ...settings } });
  const source = await uploadedFile(storage.file("film.mp4"), film);
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

test("a file copy pends: an empty file with the source's headers and metadata, then progress, then all bytes", async () => {
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
  const ended = await destination.getProperties();
  expect(ended).toMatchObject({
    copyId,
    copyStatus: "success",
    copyProgress: `${film.length}/${film.length}`,
    contentLength: film.length,
    copyCompletedOn: new Date(noon + 10 * second),
  });
  expect(ended.etag).not.toBe(started.etag);
  expect(await destination.downloadToBuffer()).toEqual(film);
});

test("abort leaves zero bytes and the metadata; another id and a second abort are refused", async () => {
  const { clock, destination, copyId } = await pendingCopy();
  await clock.advance(3 * second);
  expect(
    await refusal(destination.abortCopyFromURL("00000000-0000-0000-0000-000000000000")),
  ).toEqual({ status: 409, code: "CopyIdMismatch" });

  const answer = await destination.abortCopyFromURL(copyId);
  expect(answer._response.status).toBe(204);
  const aborted = await destination.getProperties();
  expect(aborted).toMatchObject({
    copyId,
    copyStatus: "aborted",
    copyProgress: `3072/${film.length}`,
    contentLength: 0,
    metadata: { project: "x" },
  });
  expect(aborted.copyStatusDescription).toBeUndefined();
  expect(await refusal(destination.abortCopyFromURL(copyId))).toEqual({
    status: 409,
    code: "NoPendingCopyOperation",
  });
});

test("copies cross the services both ways, with a SAS", async () => {
  const { clock, service, file, share } = await startFileStorage({ copies });
  const blob = await uploaded(service, film);
  const sas = await blob.generateSasUrl({
    permissions: BlobSASPermissions.parse("r"),
    expiresOn: tomorrow,
  });
  await share.rootDirectoryClient.getDirectoryClient("in").create();
  const fromBlob = file("in/film.mp4");
  expect(await fromBlob.startCopyFromURL(sas)).toMatchObject({ copyStatus: "pending" });

  const source = await uploadedFile(file("song.mp3"), film);
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
