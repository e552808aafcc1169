import fc from "fast-check";
import { expect, test } from "vitest";
import {
  day,
  kib,
  noon,
  rejection,
  second,
  startStorage,
  uploadBlob,
} from "../../../support/stack/emulator.ts";

async function container(name = "box") {
  const storage = await startStorage();
  await storage.service.createContainer(name);
  return { ...storage, box: storage.service.getContainerClient(name) };
}

const id = (text: string) => Buffer.from(text).toString("base64");

test("containers are created once, listed by account, read, and deleted with their blobs", async () => {
  const { service, otherService } = await startStorage();
  for (const name of ["bb", "aaa", "aab", "ccc"]) await rejection(service.createContainer(name));
  expect(await rejection(service.createContainer("aaa"))).toEqual({
    status: 409,
    code: "ContainerAlreadyExists",
  });
  expect((await rejection(service.createContainer("Big"))).code).toBe("InvalidResourceName");
  await otherService.createContainer("elsewhere", { metadata: { a: "b" } });
  expect((await otherService.getContainerClient("elsewhere").getProperties()).metadata).toEqual({
    a: "b",
  });

  const names: string[] = [];
  for await (const page of service.listContainers().byPage({ maxPageSize: 2 })) {
    names.push(page.containerItems.map((item) => item.name).join("+"));
  }
  expect(names).toEqual(["aaa+aab", "ccc"]);
  const prefixed: string[] = [];
  for await (const item of service.listContainers({ prefix: "aa" })) prefixed.push(item.name);
  expect(prefixed).toEqual(["aaa", "aab"]);

  const blob = await uploadBlob(service, "x", { container: "aaa" });
  await service.deleteContainer("aaa");
  expect((await rejection(blob.getProperties())).status).toBe(404);
  await service.createContainer("aaa");
  expect((await rejection(blob.download())).code).toBe("BlobNotFound");
});

test("an uploaded blob is returned with its bytes, headers, metadata and MD5", async () => {
  const { service, clock } = await startStorage();
  await clock.advance(999);
  const blob = await uploadBlob(service, "hello");
  const properties = await blob.getProperties();
  expect(properties).toMatchObject({
    contentLength: 5,
    contentType: "video/mp4",
    cacheControl: "no-store",
    metadata: { project: "x" },
    blobType: "BlockBlob",
    leaseState: "available",
    leaseStatus: "unlocked",
    createdOn: new Date(noon),
    lastModified: new Date(noon),
    version: "2026-10-06",
  });
  expect(properties.etag).toMatch(/^"0x[0-9A-F]+"$/);
  expect(properties.requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(properties.clientRequestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(Buffer.from(properties.contentMD5 ?? []).toString("base64")).toBe(
    "XUFAKrxLKna5cZ2REBfFkg==",
  );
  expect((await blob.downloadToBuffer()).toString()).toBe("hello");
});

test("a range returns 206 with its position, and a range outside the blob returns 416", async () => {
  const { service } = await startStorage();
  const blob = await uploadBlob(service, "0123456789");
  const part = await blob.download(2, 3, { rangeGetContentMD5: true });
  expect(part).toMatchObject({ contentRange: "bytes 2-4/10", contentLength: 3 });
  expect(part._response.status).toBe(206);
  expect((await blob.downloadToBuffer(8, 2)).toString()).toBe("89");
  expect(await rejection(blob.download(10, 1))).toEqual({ status: 416, code: "InvalidRange" });
});

test("a body that does not match its MD5 is rejected", async () => {
  const { service, box } = { ...(await container()) };
  expect(service.accountName).toBe("devstoreaccount1");
  const blob = box.getBlockBlobClient("x");
  const transactionalContentMD5 = new Uint8Array(16);
  expect(await rejection(blob.stageBlock(id("1"), "x", 1, { transactionalContentMD5 }))).toEqual({
    status: 400,
    code: "Md5Mismatch",
  });
});

test("metadata and content headers are replaced as a whole, and each write changes the ETag", async () => {
  const { service, clock } = await startStorage();
  const blob = await uploadBlob(service, "x");
  const etags = [(await blob.getProperties()).etag];
  await clock.advance(second);
  await blob.setMetadata({ only: "this" });
  etags.push((await blob.getProperties()).etag);
  await blob.setHTTPHeaders({ blobContentLanguage: "de" });
  const properties = await blob.getProperties();
  etags.push(properties.etag);
  expect(new Set(etags).size).toBe(3);
  expect(properties).toMatchObject({
    metadata: { only: "this" },
    contentLanguage: "de",
    lastModified: new Date(noon + second),
  });
  expect(properties.cacheControl).toBeUndefined();
});

test("blocks stay uncommitted until a block list commits them in its order", async () => {
  const { box } = await container();
  const blob = box.getBlockBlobClient("blocks");
  await blob.stageBlock(id("a"), "AAA", 3);
  await blob.stageBlock(id("b"), "BB", 2);
  expect(await rejection(blob.download())).toEqual({ status: 404, code: "BlobNotFound" });
  expect((await blob.getBlockList("all")).uncommittedBlocks).toEqual([
    { name: id("a"), size: 3 },
    { name: id("b"), size: 2 },
  ]);

  await blob.commitBlockList([id("b"), id("a"), id("b")], { metadata: { m: "1" } });
  expect((await blob.downloadToBuffer()).toString()).toBe("BBAAABB");
  expect((await blob.downloadToBuffer(1, 4)).toString()).toBe("BAAA");

  await blob.stageBlock(id("b"), "CCCC", 4);
  await blob.commitBlockList([id("a"), id("b")]);
  expect((await blob.downloadToBuffer()).toString()).toBe("AAACCCC");
  const lists = await blob.getBlockList("all");
  expect(lists.committedBlocks).toEqual([
    { name: id("a"), size: 3 },
    { name: id("b"), size: 4 },
  ]);
  expect(lists.uncommittedBlocks ?? []).toEqual([]);
  expect(await rejection(blob.commitBlockList([id("z")]))).toEqual({
    status: 400,
    code: "InvalidBlockList",
  });
  expect((await rejection(blob.stageBlock("no base64!", "x", 1))).code).toBe(
    "InvalidQueryParameterValue",
  );
});

test("a large upload in blocks by the SDK is complete", async () => {
  const { box } = await container();
  const bytes = Buffer.from(Array.from({ length: 100 * kib }, (_, index) => index % 251));
  const blob = box.getBlockBlobClient("large");
  await blob.uploadData(bytes, { blockSize: 30 * kib, maxSingleShotSize: kib, concurrency: 3 });
  expect((await blob.downloadToBuffer(0, undefined, { blockSize: 7 * kib })).equals(bytes)).toBe(
    true,
  );
});

test("a listing supports pages, prefixes and hierarchy, with metadata and copy properties", async () => {
  const { box, clock } = await container();
  for (const name of ["a/1", "a/2", "a/b/3", "b", "c/4", "c\u0001d"]) {
    await box.getBlockBlobClient(name).upload("x", 1, { metadata: { name: "m" } });
  }
  const flat: string[] = [];
  for await (const page of box.listBlobsFlat({ prefix: "a/" }).byPage({ maxPageSize: 2 })) {
    flat.push(page.segment.blobItems.map((item) => item.name).join(" "));
  }
  expect(flat).toEqual(["a/1 a/2", "a/b/3"]);

  const levels: string[] = [];
  for await (const page of box.listBlobsByHierarchy("/").byPage({ maxPageSize: 1 })) {
    const { blobPrefixes = [], blobItems } = page.segment;
    levels.push(...blobPrefixes.map((item) => item.name), ...blobItems.map((item) => item.name));
  }
  expect(levels).toEqual(["a/", "b", "c\u0001d", "c/"]);

  await box.getBlockBlobClient("copied").beginCopyFromURL(box.getBlobClient("b").url);
  await clock.advance(day);
  const found = await box
    .listBlobsFlat({ prefix: "co", includeCopy: true, includeMetadata: true })
    .next();
  expect(found.value).toMatchObject({
    name: "copied",
    metadata: { name: "m" },
    properties: { contentLength: 1, copyStatus: "success", copyProgress: "1/1", accessTier: "Hot" },
  });
  const plain = await box.listBlobsFlat({ prefix: "co" }).next();
  expect(plain.value?.properties.copyId).toBeUndefined();
  expect(plain.value?.metadata).toBeUndefined();
});

test("for any names, the pages of a listing contain each name once, in order", async () => {
  const { box } = await container();
  const name = fc.string({
    unit: fc.constantFrom("a", "b", "/", "é", "~", "😀"),
    minLength: 1,
    maxLength: 5,
  });
  const written = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(name, { maxLength: 6 }),
      fc.integer({ min: 1, max: 7 }),
      async (names, size) => {
        for (const each of names.filter((text) => !/(^|\/)\.*(\/|$)/.test(text))) {
          await box.getBlockBlobClient(each).upload("", 0);
          written.add(each);
        }
        const listed: string[] = [];
        for await (const page of box.listBlobsFlat().byPage({ maxPageSize: size })) {
          listed.push(...page.segment.blobItems.map((item) => item.name));
        }
        const byBytes = (one: string, other: string) =>
          Buffer.compare(Buffer.from(one), Buffer.from(other));
        expect(listed).toEqual([...written].toSorted(byBytes));
      },
    ),
    { numRuns: 25 },
  );
});

test("unmet conditions return 304 or 412 for reads and 412 or BlobAlreadyExists for writes", async () => {
  const { service, clock } = await startStorage();
  const blob = await uploadBlob(service, "x");
  const { etag = "", lastModified = new Date(0) } = await blob.getProperties();
  await clock.advance(10 * second);
  const before = new Date(lastModified.getTime() - second);
  const read = async (conditions: object) =>
    (await rejection(blob.download(0, undefined, { conditions }))).status;
  expect(await read({ ifMatch: etag })).toBe(200);
  expect(await read({ ifMatch: '"0x1"' })).toBe(412);
  expect(await read({ ifNoneMatch: etag })).toBe(304);
  expect(await read({ ifNoneMatch: '"0x1"' })).toBe(200);
  expect(await read({ ifModifiedSince: lastModified })).toBe(304);
  expect(await read({ ifModifiedSince: before })).toBe(200);
  expect(await read({ ifUnmodifiedSince: before })).toBe(412);
  expect(await read({ ifUnmodifiedSince: lastModified })).toBe(200);
  expect((await rejection(blob.getProperties({ conditions: { ifMatch: '"0x1"' } }))).code).toBe(
    "ConditionNotMet",
  );

  const write = (conditions: object) => rejection(blob.upload("y", 1, { conditions }));
  expect(await write({ ifNoneMatch: "*" })).toEqual({ status: 409, code: "BlobAlreadyExists" });
  expect(await write({ ifMatch: '"0x1"' })).toEqual({ status: 412, code: "ConditionNotMet" });
  expect(await write({ ifNoneMatch: etag })).toEqual({ status: 412, code: "ConditionNotMet" });
  expect(await write({ ifUnmodifiedSince: before })).toEqual({
    status: 412,
    code: "ConditionNotMet",
  });
  expect((await blob.downloadToBuffer()).toString()).toBe("x");
  expect((await write({ ifMatch: etag })).status).toBe(200);

  const fresh = service.getContainerClient("source").getBlockBlobClient("fresh");
  expect((await rejection(fresh.upload("y", 1, { conditions: { ifMatch: "*" } }))).status).toBe(
    412,
  );
  expect((await rejection(fresh.upload("y", 1, { conditions: { ifNoneMatch: "*" } }))).status).toBe(
    200,
  );
  expect(await rejection(fresh.delete({ conditions: { ifMatch: '"0x1"' } }))).toEqual({
    status: 412,
    code: "ConditionNotMet",
  });
});

test("an unsupported operation returns 501 with its REST name", async () => {
  const { service, box } = await container();
  const blob = await uploadBlob(service, "x");
  const expectUnsupported = async (work: Promise<unknown>, name: string) => {
    await expect(work).rejects.toThrow(`${name} is not implemented by this emulator`);
  };
  await expectUnsupported(blob.syncUploadFromURL(blob.url), "Put Blob From URL");
  await expectUnsupported(box.setAccessPolicy("blob"), "Set Container ACL");
  await expectUnsupported(service.getProperties(), "Get Blob Service Properties");
  await expectUnsupported(box.getBlobLeaseClient().acquireLease(-1), "Lease Container");
  await expectUnsupported(
    blob.upload("x", 1, { encryptionScope: "own" }),
    "The header x-ms-encryption-scope",
  );
});

test("trailing dots of a blob's name are removed, even in a copy's source and destination", async () => {
  const { box, service } = await container();
  await uploadBlob(service, "dotted", { container: "box", blob: "a.b.." });
  expect(String(await box.getBlobClient("a.b").downloadToBuffer())).toBe("dotted");
  await uploadBlob(service, "plain", { container: "box", blob: "a.b" });
  expect(String(await box.getBlobClient("a.b.").downloadToBuffer())).toBe("plain");
  await box.getBlobClient("copy.").beginCopyFromURL(box.getBlobClient("a.b.").url);
  await uploadBlob(service, "x", { container: "box", blob: "a./b" }); // only at the end of the name
  const names: string[] = [];
  for await (const { name } of box.listBlobsFlat()) names.push(name);
  expect(names).toEqual(["a./b", "a.b", "copy"]);
  expect((await rejection(box.getBlobClient("...").getProperties())).status).toBe(400);
});
