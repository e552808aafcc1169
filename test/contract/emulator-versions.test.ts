import { expect, test } from "vitest";
import type { ContainerClient } from "@azure/storage-blob";
import { refusal, second, startStorage, uploaded } from "../support/emulator.ts";

async function versioned(settings = {}) {
  const storage = await startStorage(settings);
  storage.emulator.accountSettings("devstoreaccount1").versioning = true;
  const blob = await uploaded(storage.service, "first");
  const { versionId: first = "" } = await blob.getProperties();
  return { ...storage, blob, first, box: storage.service.getContainerClient("source") };
}

async function listed(box: ContainerClient, options = { includeVersions: true }) {
  const found: string[] = [];
  for await (const { name, versionId, isCurrentVersion } of box.listBlobsFlat(options)) {
    found.push(`${name} ${versionId ?? "-"}${isCurrentVersion ? " current" : ""}`);
  }
  return found;
}

test("an account keeps no versions unless it is set to", async () => {
  const { service } = await startStorage();
  const blob = await uploaded(service, "abc");
  expect((await blob.upload("x", 1)).versionId).toBeUndefined();
  expect((await blob.getProperties()).versionId).toBeUndefined();
  expect(await listed(service.getContainerClient("source"))).toEqual(["film.mp4 -"]);
});

test("every write makes a version, and each former one stays readable", async () => {
  const { blob, box, first } = await versioned();
  const { versionId: next = "" } = await blob.upload("second", 6);
  const { versionId: last = "" } = await blob.setMetadata({ own: "1" });
  expect(first < next && next < last).toBe(true);
  await blob.setHTTPHeaders({ blobContentType: "text/plain" }); // no version by this one
  expect(await blob.getProperties()).toMatchObject({ versionId: last, isCurrentVersion: true });
  const former = blob.withVersion(first);
  expect((await former.downloadToBuffer()).toString()).toBe("first");
  expect((await former.getProperties()).isCurrentVersion).toBeUndefined();
  expect(await blob.withVersion(last).getProperties()).toMatchObject({ metadata: { own: "1" } });
  expect(await listed(box)).toEqual([
    `film.mp4 ${first}`,
    `film.mp4 ${next}`,
    `film.mp4 ${last} current`,
  ]);
  expect(await listed(box, { includeVersions: false })).toEqual([`film.mp4 ${last} current`]);
});

test("a deleted blob is a former version; versions are deleted by their id, the current one never", async () => {
  const { blob, box, first } = await versioned();
  expect(await refusal(blob.withVersion(first).delete())).toEqual({
    status: 403,
    code: "OperationNotAllowedOnRootBlob",
  });
  await blob.delete();
  expect(await refusal(blob.getProperties())).toMatchObject({ status: 404 });
  expect(await listed(box, { includeVersions: false })).toEqual([]);
  expect(await listed(box)).toEqual([`film.mp4 ${first}`]);
  await blob.withVersion(first).delete();
  expect(await listed(box)).toEqual([]);
});

test("a version is copied from, also onto its own base, and tells one version id from start to end", async () => {
  const { blob, first, clock } = await versioned({ copies: { bytesPerSecond: 1 } });
  await blob.upload("second", 6);
  await blob.beginCopyFromURL(blob.withVersion(first).url);
  const pending = await blob.getProperties();
  expect(pending).toMatchObject({ copyStatus: "pending" });
  await clock.advance(6 * second);
  const ended = await blob.getProperties();
  expect(ended).toMatchObject({ copyStatus: "success", versionId: pending.versionId });
  expect(ended.etag).not.toBe(pending.etag);
  expect((await blob.downloadToBuffer()).toString()).toBe("first");
});

test("a copy that reads a version is not disturbed when the blob is written over or deleted", async () => {
  const { blob, box, first, clock } = await versioned({ copies: { bytesPerSecond: 1 } });
  const byVersion = box.getBlobClient("by-version");
  const byName = box.getBlobClient("by-name");
  await byVersion.beginCopyFromURL(blob.withVersion(first).url);
  await byName.beginCopyFromURL(blob.url);
  await clock.advance(second);
  await blob.upload("second", 6);
  expect((await byName.getProperties()).copyStatus).toBe("failed");
  await blob.delete();
  await clock.advance(4 * second);
  expect((await byVersion.getProperties()).copyStatus).toBe("success");
  expect((await byVersion.downloadToBuffer()).toString()).toBe("first");
});

test("a version that is deleted fails the copies that read it", async () => {
  const { blob, box, first, clock } = await versioned({ copies: { bytesPerSecond: 1 } });
  await blob.upload("second", 6);
  const copy = box.getBlobClient("copy");
  await copy.beginCopyFromURL(blob.withVersion(first).url);
  await clock.advance(second);
  await blob.withVersion(first).delete();
  expect(await copy.getProperties()).toMatchObject({
    copyStatus: "failed",
    copyStatusDescription: expect.stringMatching(/^404 /),
  });
});

test("a version that is not there is a 404 for reads and for copies", async () => {
  const { blob, box } = await versioned();
  const none = blob.withVersion("2020-01-01T00:00:00.0000000Z");
  expect(await refusal(none.getProperties())).toEqual({ status: 404, code: "BlobNotFound" });
  expect((await refusal(box.getBlobClient("copy").beginCopyFromURL(none.url))).status).toBe(404);
});

test("a destination cannot be a version or a snapshot", async () => {
  const { blob, box, first } = await versioned();
  const copy = box.getBlobClient("copy").withVersion(first).beginCopyFromURL(blob.url);
  expect((await refusal(copy)).status).toBe(400);
  const { snapshot = "" } = await blob.createSnapshot();
  expect((await refusal(blob.withSnapshot(snapshot).beginCopyFromURL(blob.url))).status).toBe(400);
});
