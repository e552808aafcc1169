import { BlobClient, BlobSASPermissions, ContainerSASPermissions } from "@azure/storage-blob";
import type { ContainerClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { rejection, second, startStorage, uploadBlob } from "../../../support/stack/emulator.ts";

async function snapshotted(settings = {}) {
  const storage = await startStorage(settings);
  const blob = await uploadBlob(storage.service, "former");
  const { snapshot = "", etag } = await blob.createSnapshot();
  const box = storage.service.getContainerClient("source");
  return { ...storage, blob, box, snapshot, etag, image: blob.withSnapshot(snapshot) };
}

async function listed(box: ContainerClient, prefix = "") {
  const names: string[] = [];
  for await (const { name, snapshot } of box.listBlobsFlat({ includeSnapshots: true, prefix })) {
    names.push(snapshot === undefined ? name : `${name}?${snapshot}`);
  }
  return names;
}

test("a snapshot keeps content, headers and metadata while the base blob is written", async () => {
  const { blob, image, etag } = await snapshotted();
  expect((await blob.getProperties()).etag).toBe(etag); // the base blob is unchanged
  await blob.upload("later", 5);
  expect((await image.downloadToBuffer()).toString()).toBe("former");
  expect(await image.getProperties()).toMatchObject({
    contentType: "video/mp4",
    cacheControl: "no-store",
    metadata: { project: "x" },
  });
  expect((await blob.downloadToBuffer()).toString()).toBe("later");
});

test("metadata in the request replaces the blob's metadata in the snapshot", async () => {
  const { blob } = await snapshotted();
  const { snapshot = "" } = await blob.createSnapshot({ metadata: { own: "1" } });
  expect((await blob.withSnapshot(snapshot).getProperties()).metadata).toEqual({ own: "1" });
});

test("snapshots of the same moment get distinct times, and are listed before their base blob", async () => {
  const { blob, box, snapshot } = await snapshotted();
  const { snapshot: next = "" } = await blob.createSnapshot();
  expect(next > snapshot).toBe(true);
  const names = [`film.mp4?${snapshot}`, `film.mp4?${next}`, "film.mp4"];
  expect(await listed(box)).toEqual(names);
  await box.getBlockBlobClient("next.mp4").upload("x", 1);
  const pages = box.listBlobsFlat({ includeSnapshots: true }).byPage({ maxPageSize: 1 });
  const sizes = [];
  for await (const page of pages) sizes.push(page.segment.blobItems.length);
  expect(sizes).toEqual([3, 1]);
  const plain = [];
  for await (const { name } of box.listBlobsFlat()) plain.push(name);
  expect(plain).toEqual(["film.mp4", "next.mp4"]);
});

test("a snapshot is promoted onto its base blob over time, with its headers", async () => {
  const { blob, image, clock } = await snapshotted({ copies: { bytesPerSecond: 1 } });
  await blob.upload("later", 5);
  const poller = await blob.beginCopyFromURL(image.url);
  expect(poller.getOperationState()).toMatchObject({ copySource: image.url });
  expect((await blob.getProperties()).copyStatus).toBe("pending");
  await clock.advance(6 * second);
  expect(await blob.getProperties()).toMatchObject({
    copyStatus: "success",
    contentType: "video/mp4",
    metadata: { project: "x" },
  });
  expect((await blob.downloadToBuffer()).toString()).toBe("former");
});

test("a base blob with snapshots can only be deleted together with them; a snapshot can be deleted on its own", async () => {
  const { blob, box, image } = await snapshotted();
  expect(await rejection(blob.delete())).toEqual({ status: 409, code: "SnapshotsPresent" });
  await image.delete();
  expect(await listed(box)).toEqual(["film.mp4"]);
  expect(await rejection(image.getProperties())).toEqual({ status: 404, code: "BlobNotFound" });
  await blob.createSnapshot();
  await blob.delete({ deleteSnapshots: "only" });
  expect(await listed(box)).toEqual(["film.mp4"]);
  await blob.createSnapshot();
  await blob.delete({ deleteSnapshots: "include" });
  expect(await listed(box)).toEqual([]);
});

test("a snapshot is rejected during a pending copy, and if the blob's state does not meet the conditions", async () => {
  const { blob, box, service } = await snapshotted({ copies: { bytesPerSecond: 1 } });
  const other = await uploadBlob(service, "other", { blob: "other" });
  const conditions = { ifMatch: '"0x1"' };
  expect(await rejection(blob.createSnapshot({ conditions }))).toMatchObject({ status: 412 });
  await blob.beginCopyFromURL(other.url);
  expect(await rejection(blob.createSnapshot())).toEqual({
    status: 409,
    code: "PendingCopyOperation",
  });
  expect(await listed(box, "film")).toHaveLength(2);
});

test("a container SAS authorizes snapshots, a blob SAS only the base blob", async () => {
  const { blob, box, image, clock } = await snapshotted();
  const expiresOn = new Date(clock.now() + 60 * second);
  const ofBlob = await blob.generateSasUrl({
    permissions: BlobSASPermissions.parse("r"),
    expiresOn,
  });
  const ofContainer = await box.generateSasUrl({
    permissions: ContainerSASPermissions.parse("r"),
    expiresOn,
  });
  const reads = (sasUrl: string) =>
    new BlobClient(`${image.url}&${new URL(sasUrl).searchParams.toString()}`).getProperties();
  expect((await reads(ofContainer)).contentLength).toBe(6);
  expect(await rejection(reads(ofBlob))).toMatchObject({ status: 403 });
});
