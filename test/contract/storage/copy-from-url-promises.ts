import { BlobSASPermissions } from "@azure/storage-blob";
import type { BlobClient } from "@azure/storage-blob";
import { expect } from "vitest";
import { rejection } from "../../support/stack/emulator.ts";
import { block, film, text } from "./suite-case.ts";
import type { Case } from "./suite-case.ts";

/** Promises of REST page "Copy Blob From URL". */
export const copyFromUrlPromises: Case[] = [];

function promise(title: string, run: Case["run"]): void {
  copyFromUrlPromises.push({ title: `Copy Blob From URL: ${title}`, run });
}

/** The source's URL with a SAS that permits reading it, and its tags. */
const signed = (source: BlobClient) =>
  source.generateSasUrl({
    permissions: BlobSASPermissions.parse("rt"),
    expiresOn: new Date(Date.now() + 3_600_000),
  });

promise("it is complete when it responds, and sets the copy properties", async ({ box }) => {
  const source = await film(box);
  const copy = box.getBlobClient("copy");
  const { copyId, copyStatus, etag } = await copy.syncCopyFromURL(await signed(source));
  expect(copyStatus).toBe("success");
  const properties = await copy.getProperties();
  expect(properties).toMatchObject({
    copyId,
    copyStatus: "success",
    copyProgress: "3/3",
    etag,
    contentType: "video/mp4",
    cacheControl: "no-store",
    metadata: { project: "x" },
  });
  expect(properties.tagCount).toBeUndefined();
  expect(properties.copySource?.split("?")[0]).toBe(source.url);
  expect(await text(copy)).toBe("abc");
});

promise("the request's metadata and tier replace the source's", async ({ box }) => {
  const source = await film(box);
  const copy = box.getBlobClient("copy");
  await copy.syncCopyFromURL(await signed(source), { metadata: { own: "1" }, tier: "Cool" });
  expect(await copy.getProperties()).toMatchObject({ metadata: { own: "1" }, accessTier: "Cool" });
});

promise("tags are those of the request, or the source's if it asks for them", async ({ box }) => {
  const url = await signed(await film(box));
  const own = box.getBlobClient("own");
  await own.syncCopyFromURL(url, { tags: { own: "1" } });
  expect((await own.getTags()).tags).toEqual({ own: "1" });
  const copy = box.getBlobClient("copy");
  await copy.syncCopyFromURL(url, { copySourceTags: "COPY" });
  expect((await copy.getTags()).tags).toEqual({ team: "y" });
  const both = copy.syncCopyFromURL(url, { copySourceTags: "COPY", tags: { own: "1" } });
  expect((await rejection(both)).status).toBe(400);
});

promise("the committed blocks and their ids are copied", async ({ box }) => {
  const source = box.getBlockBlobClient("blocks");
  await source.stageBlock(block("1"), "one", 3);
  await source.commitBlockList([block("1")]);
  const copy = box.getBlockBlobClient("copy");
  await copy.syncCopyFromURL(await signed(source));
  expect((await copy.getBlockList("committed")).committedBlocks).toEqual([
    { name: block("1"), size: 3 },
  ]);
});

promise("a source in the same account needs a SAS", async ({ box }) => {
  const source = await film(box);
  const copy = box.getBlobClient("copy").syncCopyFromURL(source.url);
  expect(await rejection(copy)).toEqual({ status: 401, code: "CannotVerifyCopySource" });
});

promise("a source of more than 256 MiB returns 409", async ({ box }) => {
  const source = box.getBlockBlobClient("large");
  const mib = 1024 * 1024;
  await source.stageBlock(block("1"), Buffer.alloc(mib), mib);
  await source.stageBlock(block("2"), "x", 1);
  const limit = Array.from({ length: 256 }, () => block("1"));
  await source.commitBlockList([...limit, block("2")]);
  const url = await signed(source);
  expect((await rejection(box.getBlobClient("copy").syncCopyFromURL(url))).status).toBe(409);
});

promise("a source that is not a block blob returns 409", async ({ box }) => {
  const log = box.getAppendBlobClient("log");
  await log.create();
  const url = await signed(log);
  expect((await rejection(box.getBlobClient("copy").syncCopyFromURL(url))).status).toBe(409);
});

promise("an archived source returns 409", async ({ box }) => {
  const source = await film(box);
  await source.setAccessTier("Archive");
  const url = await signed(source);
  expect((await rejection(box.getBlobClient("copy").syncCopyFromURL(url))).status).toBe(409);
});

promise("an MD5 that differs from the source's returns 400", async ({ box }) => {
  const source = await film(box);
  const { contentMD5 } = await source.getProperties();
  const url = await signed(source);
  const copy = box.getBlobClient("copy");
  const other = copy.syncCopyFromURL(url, { sourceContentMD5: Buffer.alloc(16) });
  expect((await rejection(other)).status).toBe(400);
  await copy.syncCopyFromURL(url, { sourceContentMD5: contentMD5 ?? Buffer.alloc(0) });
});

promise("unmet conditions on either side return 409 or 412", async ({ box }) => {
  const source = await film(box);
  const { etag = "" } = await source.getProperties();
  const url = await signed(source);
  const copy = box.getBlobClient("copy");
  const status = async (conditions: object, sourceConditions = {}) =>
    (await rejection(copy.syncCopyFromURL(url, { conditions, sourceConditions }))).status;
  expect(await status({ ifMatch: '"0x1"' })).toBe(412);
  expect(await status({}, { ifMatch: '"0x1"' })).toBe(412);
  expect(await status({ ifNoneMatch: "*" }, { ifMatch: etag })).toBe(200);
  expect([409, 412]).toContain(await status({ ifNoneMatch: "*" }, { ifMatch: etag }));
  const copied = (await copy.getProperties()).etag ?? "";
  expect(await status({ ifMatch: copied }, { ifMatch: etag })).toBe(200);
});

promise("a leased destination needs its lease id", async ({ box }) => {
  const url = await signed(await film(box));
  const copy = await film(box, "copy");
  const { leaseId = "" } = await copy.getBlobLeaseClient().acquireLease(-1);
  expect(await rejection(copy.syncCopyFromURL(url))).toEqual({
    status: 412,
    code: "LeaseIdMissing",
  });
  await copy.syncCopyFromURL(url, { conditions: { leaseId } });
  await copy.getBlobLeaseClient(leaseId).releaseLease();
});

promise("a missing source or destination container returns 404", async ({ box, service }) => {
  const source = await film(box);
  const url = await signed(source);
  const none = await signed(box.getBlobClient("none"));
  expect((await rejection(box.getBlobClient("copy").syncCopyFromURL(none))).status).toBe(404);
  const nowhere = service.getContainerClient("suite-none").getBlobClient("copy");
  expect((await rejection(nowhere.syncCopyFromURL(url))).status).toBe(404);
});
