import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobSASPermissions } from "@azure/storage-blob";
import type { BlobClient, BlobItem } from "@azure/storage-blob";
import { expect, test } from "vitest";
import {
  atEnd,
  day,
  noon,
  rejection,
  startStorage,
  uploadBlob,
} from "../../../support/stack/emulator.ts";
import { startIdentity } from "../../../support/stack/identity.ts";
import { writeManyBlobs } from "../../../support/stack/many-blobs.ts";
import { startExternalServer } from "../../../support/servers/outside.ts";

/* "Copy Blob From URL": the behavior that the suite with Azurite does not compare. */

async function twoAccounts() {
  const storage = await startStorage();
  const source = await uploadBlob(storage.service, "abc");
  await storage.otherService.createContainer("far");
  const far = storage.otherService.getContainerClient("far");
  return { ...storage, source, far, copy: far.getBlockBlobClient("copy") };
}

function sasOf(source: BlobClient, permissions = "r") {
  return source.generateSasUrl({
    permissions: BlobSASPermissions.parse(permissions),
    expiresOn: new Date(noon + day),
  });
}

const unverified = (status: number) => ({ status, code: "CannotVerifyCopySource" });

test("a copy to another account completes in its start, regardless of the settings of pending copies", async () => {
  const { emulator, source, copy } = await twoAccounts();
  emulator.copies.bytesPerSecond = 0;
  const response = await copy.syncCopyFromURL(await sasOf(source));
  expect(response.copyStatus).toBe("success");
  expect(response._response).toMatchObject({ status: 202 });
  expect(response._response.headers.get("x-ms-content-crc64")).toMatch(/=$/);
  expect(String(await copy.downloadToBuffer())).toBe("abc");
});

test("an empty blob is copied", async () => {
  const { service, copy } = await twoAccounts();
  const empty = await uploadBlob(service, "", { blob: "empty" });
  await copy.syncCopyFromURL(await sasOf(empty));
  expect(await copy.getProperties()).toMatchObject({ contentLength: 0, copyProgress: "0/0" });
});

test("a source that cannot be read rejects the copy with the source's status", async () => {
  const { service, source, copy } = await twoAccounts();
  expect(await rejection(copy.syncCopyFromURL(source.url))).toEqual(unverified(401));
  const wrong = (await sasOf(source)).replace(/sig=.{8}/, "sig=AAAAAAAA");
  expect(await rejection(copy.syncCopyFromURL(wrong))).toEqual(unverified(403));
  expect(await rejection(copy.syncCopyFromURL(await sasOf(source, "w")))).toEqual(unverified(403));
  const gone = service.getContainerClient("source").getBlobClient("gone");
  expect(await rejection(copy.syncCopyFromURL(await sasOf(gone)))).toEqual(unverified(404));
  expect(await copy.exists()).toBe(false);
});

test("the source's tags are copied only with a SAS that permits reading them", async () => {
  const { source, copy } = await twoAccounts();
  await source.setTags({ team: "video" });
  const options = { copySourceTags: "COPY" } as const;
  const without = copy.syncCopyFromURL(await sasOf(source), options);
  expect(await rejection(without)).toEqual(unverified(403));
  await copy.syncCopyFromURL(await sasOf(source, "rt"), options);
  expect((await copy.getTags()).tags).toEqual({ team: "video" });
});

test("a public source needs no SAS", async () => {
  const { service, copy } = await twoAccounts();
  await service.createContainer("public", { access: "blob" });
  const open = await uploadBlob(service, "open", { container: "public" });
  await copy.syncCopyFromURL(open.url);
  expect(String(await copy.downloadToBuffer())).toBe("open");
});

test("a URL outside Storage is copied completely in the start", async () => {
  const { copy } = await twoAccounts();
  const { origin } = await startExternalServer({ "/film.mp4": Buffer.from("from outside") });
  await copy.syncCopyFromURL(`${origin}/film.mp4`);
  expect(String(await copy.downloadToBuffer())).toBe("from outside");
});

test("a finite lease, a pending copy and another blob type on the destination reject the copy", async () => {
  const { emulator, source, far, copy } = await twoAccounts();
  const url = await sasOf(source);
  const leased = far.getBlockBlobClient("leased");
  await leased.upload("x", 1);
  const { leaseId = "" } = await leased.getBlobLeaseClient().acquireLease(15);
  const withLease = leased.syncCopyFromURL(url, { conditions: { leaseId } });
  expect((await rejection(withLease)).code).toBe("InfiniteLeaseDurationRequired");
  emulator.copies.bytesPerSecond = 0;
  await copy.beginCopyFromURL(url);
  expect((await rejection(copy.syncCopyFromURL(url))).code).toBe("PendingCopyOperation");
  const log = far.getAppendBlobClient("log");
  await log.create();
  expect((await rejection(log.syncCopyFromURL(url))).code).toBe("InvalidBlobType");
});

test("an overwritten destination keeps its former version, and its uncommitted blocks are discarded", async () => {
  const { emulator, source, far } = await twoAccounts();
  emulator.accountSettings("devstoreaccount2").versioning = true;
  const copy = far.getBlockBlobClient("copy");
  const { versionId = "" } = await copy.upload("old", 3);
  await copy.stageBlock(Buffer.from("1").toString("base64"), "one", 3);
  await copy.syncCopyFromURL(await sasOf(source));
  expect(String(await copy.withVersion(versionId).downloadToBuffer())).toBe("old");
  expect((await copy.getBlockList("uncommitted")).uncommittedBlocks ?? []).toEqual([]);
});

test("a token in x-ms-copy-source-authorization reads the source, within the identity's roles", async () => {
  const { client, emulator, identity, service } = await startIdentity();
  const source = await uploadBlob(service, "abc");
  await client("devstoreaccount2").createContainer("far");
  const copy = client("devstoreaccount2").getContainerClient("far").getBlockBlobClient("copy");
  const query = "?resource=https://storage.azure.com/&api-version=2019-08-01";
  const response = await fetch(`${identity.url}${query}`, {
    headers: { "x-identity-header": identity.header },
  });
  const { access_token: value } = (await response.json()) as { access_token: string }; // of a valid request
  const copyWith = (scheme: string, token = value) =>
    copy.syncCopyFromURL(source.url, { sourceAuthorization: { scheme, value: token } });
  await copyWith("Bearer");
  expect(String(await copy.downloadToBuffer())).toBe("abc");
  const sent = emulator.requests.find(({ operation }) => operation === "CopyBlobFromUrl");
  expect(sent?.headers["x-ms-copy-source-authorization"]).toBe("Bearer REDACTED");
  expect(await rejection(copyWith("Bearer", `${value}x`))).toEqual(unverified(401));
  expect((await rejection(copyWith("SharedKey"))).status).toBe(400);
  emulator.roles.splice(0, Infinity, {
    account: "devstoreaccount2",
    role: "Storage Blob Data Contributor",
  });
  expect(await rejection(copyWith("Bearer"))).toEqual(unverified(403));
});

test("no signature of a source is stored or returned", async () => {
  const { emulator, source, copy } = await twoAccounts();
  await copy.syncCopyFromURL(await sasOf(source));
  const { copySource } = await copy.getProperties();
  expect(copySource).toContain(`${source.url}?`);
  expect(`${copySource} ${JSON.stringify(emulator.requests)}`).not.toMatch(/sig=(?!REDACTED)/);
});

test("a page of a listing has at most 5,000 blobs, with the state of their copies", async () => {
  const folder = mkdtempSync(join(tmpdir(), "emulator-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "storage.db");
  const names = Array.from({ length: 5_001 }, (_, number) => String(number).padStart(5, "0"));
  writeManyBlobs(file, { account: "devstoreaccount1", container: "near", names });
  const { service, emulator } = await startStorage({ file });
  const near = service.getContainerClient("near");
  const source = await sasOf(near.getBlobClient("05000"));
  await near.getBlobClient("00001").syncCopyFromURL(source);
  emulator.copies.bytesPerSecond = 0;
  await near.getBlobClient("04999").beginCopyFromURL(source);
  const pages = near.listBlobsFlat({ includeCopy: true }).byPage({ maxPageSize: 6_000 });
  const blobs: BlobItem[] = (await pages.next()).value?.segment.blobItems ?? [];
  expect(emulator.requestCounts.get("ListBlobs")).toBe(1);
  const statuses = blobs.map(({ properties }) => properties.copyStatus);
  expect(statuses).toHaveLength(5_000);
  expect([statuses[0], statuses[1], statuses[4_999]]).toEqual([undefined, "success", "pending"]);
});
