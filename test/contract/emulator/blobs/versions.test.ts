import {
  BlobSASPermissions,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
  type BlobClient,
  type ContainerClient,
} from "@azure/storage-blob";
import { expect, test } from "vitest";
import { rejection, second, startStorage, uploadBlob } from "../../../support/stack/emulator.ts";

async function versioned(settings = {}) {
  const storage = await startStorage(settings);
  storage.emulator.accountSettings("devstoreaccount1").versioning = true;
  const blob = await uploadBlob(storage.service, "first");
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

test("an account keeps no versions by default", async () => {
  const { service } = await startStorage();
  const blob = await uploadBlob(service, "abc");
  expect((await blob.upload("x", 1)).versionId).toBeUndefined();
  expect((await blob.getProperties()).versionId).toBeUndefined();
  expect(await listed(service.getContainerClient("source"))).toEqual(["film.mp4 -"]);
});

test("every write creates a version, and former versions stay readable", async () => {
  const { blob, box, first } = await versioned();
  const { versionId: next = "" } = await blob.upload("second", 6);
  const { versionId: last = "" } = await blob.setMetadata({ own: "1" });
  expect(first < next && next < last).toBe(true);
  await blob.setHTTPHeaders({ blobContentType: "text/plain" }); // creates no version
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

test("a deleted blob becomes a former version; versions are deleted by id, except the current one", async () => {
  const { blob, box, first } = await versioned();
  expect(await rejection(blob.withVersion(first).delete())).toEqual({
    status: 403,
    code: "OperationNotAllowedOnRootBlob",
  });
  await blob.delete();
  expect(await rejection(blob.getProperties())).toMatchObject({ status: 404 });
  expect(await listed(box, { includeVersions: false })).toEqual([]);
  expect(await listed(box)).toEqual([`film.mp4 ${first}`]);
  await blob.withVersion(first).delete();
  expect(await listed(box)).toEqual([]);
});

test("a version can be copied, even onto its own base blob, and the copy has one version id from start to end", async () => {
  const { blob, first, clock } = await versioned({ copies: { bytesPerSecond: 1 } });
  await blob.upload("second", 6);
  await blob.beginCopyFromURL(blob.withVersion(first).url);
  const pending = await blob.getProperties();
  expect(pending).toMatchObject({ copyStatus: "pending" });
  await clock.advance(6 * second);
  const completed = await blob.getProperties();
  expect(completed).toMatchObject({ copyStatus: "success", versionId: pending.versionId });
  expect(completed.etag).not.toBe(pending.etag);
  expect((await blob.downloadToBuffer()).toString()).toBe("first");
});

test("a copy that reads a version is not affected when the blob is overwritten or deleted", async () => {
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

test("deleting a version fails the copies that read it", async () => {
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

test("a missing version returns 404 for reads and copies", async () => {
  const { blob, box } = await versioned();
  const none = blob.withVersion("2020-01-01T00:00:00.0000000Z");
  expect(await rejection(none.getProperties())).toEqual({ status: 404, code: "BlobNotFound" });
  expect((await rejection(box.getBlobClient("copy").beginCopyFromURL(none.url))).status).toBe(404);
});

test("a destination cannot be a version or a snapshot", async () => {
  const { blob, box, first } = await versioned();
  const copy = box.getBlobClient("copy").withVersion(first).beginCopyFromURL(blob.url);
  expect((await rejection(copy)).status).toBe(400);
  const { snapshot = "" } = await blob.createSnapshot();
  expect((await rejection(blob.withSnapshot(snapshot).beginCopyFromURL(blob.url))).status).toBe(
    400,
  );
});

test("a SAS authorizes only its signed resource: the base blob, one version, one snapshot, or the container", async () => {
  const { blob, box, otherService, first, clock } = await versioned({
    copies: { finishOnStart: "always" },
  });
  const { snapshot = "" } = await blob.createSnapshot();
  const { versionId: next = "" } = await blob.upload("second", 6);
  const far = otherService.getContainerClient("far");
  await far.create();
  const copied = async (sas: string) => {
    const copy = far.getBlobClient("copy");
    await copy.beginCopyFromURL(sas);
    return (await copy.downloadToBuffer()).toString();
  };
  const expiresOn = new Date(clock.now() + 60 * second);
  const permissions = BlobSASPermissions.parse("r");
  const sasOf = (client: BlobClient, image = {}) => {
    const { credential } = client;
    if (!(credential instanceof StorageSharedKeyCredential)) throw new Error("No key to sign with");
    const values = { containerName: "source", blobName: blob.name, permissions, expiresOn };
    return generateBlobSASQueryParameters({ ...values, ...image }, credential).toString();
  };
  const versionSas = sasOf(blob, { versionId: first });
  const snapshotSas = sasOf(blob, { snapshotTime: snapshot });
  expect(new URLSearchParams(versionSas).get("sr")).toBe("bv");
  expect(await copied(`${blob.withVersion(first).url}&${versionSas}`)).toBe("first");
  expect(await copied(`${blob.withSnapshot(snapshot).url}&${snapshotSas}`)).toBe("first");
  expect(await copied(`${blob.url}?${sasOf(blob)}`)).toBe("second");

  const rejected = { status: 403, code: "CannotVerifyCopySource" };
  expect(await rejection(copied(`${blob.withVersion(next).url}&${versionSas}`))).toEqual(rejected);
  expect(await rejection(copied(`${blob.url}?${versionSas}`))).toEqual(rejected);
  expect(await rejection(copied(`${blob.withVersion(first).url}&${sasOf(blob)}`))).toEqual(
    rejected,
  );
  const ofBox = await box.generateSasUrl({
    permissions: ContainerSASPermissions.parse("r"),
    expiresOn,
  });
  expect(await copied(`${blob.withVersion(first).url}&${new URL(ofBox).search.slice(1)}`)).toBe(
    "first",
  );
});

test("only the current version can be leased", async () => {
  const { blob, first } = await versioned();
  const { leaseId = "" } = await blob.getBlobLeaseClient().acquireLease(-1);
  await blob.upload("second", 6, { conditions: { leaseId } });
  expect((await blob.getProperties()).leaseState).toBe("leased");
  expect((await blob.withVersion(first).getProperties()).leaseState).toBeUndefined();
  await blob.withVersion(first).delete();
});
