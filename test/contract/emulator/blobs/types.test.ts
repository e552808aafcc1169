import { BlockBlobClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { rejection, second, startStorage, uploadBlob } from "../../../support/stack/emulator.ts";

async function started(settings = {}) {
  const storage = await startStorage(settings);
  const box = storage.service.getContainerClient("source");
  await box.create();
  return { ...storage, box };
}

const page = (letter: string) => Buffer.alloc(512, letter);
const text = async (blob: { downloadToBuffer(): Promise<Buffer> }) =>
  (await blob.downloadToBuffer()).toString();

test("an append blob grows by blocks, and only if it has the length that the caller expects", async () => {
  const { box } = await started();
  const blob = box.getAppendBlobClient("log");
  await blob.create({ metadata: { own: "1" } });
  expect(await blob.appendBlock("one,", 4)).toMatchObject({
    blobAppendOffset: "0",
    blobCommittedBlockCount: 1,
  });
  const conditions = { appendPosition: 4, maxSize: 7 };
  expect(await blob.appendBlock("two", 3, { conditions })).toMatchObject({
    blobAppendOffset: "4",
    blobCommittedBlockCount: 2,
  });
  expect(await rejection(blob.appendBlock("x", 1, { conditions: { appendPosition: 4 } }))).toEqual({
    status: 412,
    code: "AppendPositionConditionNotMet",
  });
  expect(await rejection(blob.appendBlock("x", 1, { conditions: { maxSize: 7 } }))).toEqual({
    status: 412,
    code: "MaxBlobSizeConditionNotMet",
  });
  expect(await text(blob)).toBe("one,two");
  expect(await blob.getProperties()).toMatchObject({
    blobType: "AppendBlob",
    blobCommittedBlockCount: 2,
    metadata: { own: "1" },
  });
});

test("a sealed append blob rejects blocks and keeps its ETag; its copy is sealed unless the start opts out", async () => {
  const { box } = await started({ copies: { finishOnStart: "always" } });
  const blob = box.getAppendBlobClient("log");
  await blob.create();
  const { etag } = await blob.appendBlock("one", 3);
  await blob.seal();
  await blob.seal();
  expect(await rejection(blob.appendBlock("x", 1))).toEqual({ status: 409, code: "BlobIsSealed" });
  expect(await blob.getProperties()).toMatchObject({ isSealed: true, etag });

  const copied = async (name: string, options = {}) => {
    const copy = box.getAppendBlobClient(name);
    await copy.beginCopyFromURL(blob.url, options);
    return copy.getProperties();
  };
  expect(await copied("kept")).toMatchObject({ isSealed: true, blobCommittedBlockCount: 1 });
  expect((await copied("opened", { sealBlob: false })).isSealed).toBeUndefined();
  const open = box.getAppendBlobClient("open");
  await open.create();
  await box.getAppendBlobClient("shut").beginCopyFromURL(open.url, { sealBlob: true });
  expect((await box.getAppendBlobClient("shut").getProperties()).isSealed).toBe(true);
  const plain = box.getBlockBlobClient("plain");
  await plain.upload("x", 1);
  const toSeal = box.getBlockBlobClient("block").beginCopyFromURL(plain.url, { sealBlob: true });
  expect(await rejection(toSeal)).toEqual({ status: 400, code: "InvalidHeaderValue" });
  for await (const { name, properties } of box.listBlobsFlat({ prefix: "kept" })) {
    expect([name, properties.isSealed]).toEqual(["kept", true]);
  }
});

test("pages are written and cleared in a page blob, and its page ranges list them", async () => {
  const { box } = await started();
  const blob = box.getPageBlobClient("disk");
  await blob.create(4 * 512, { blobSequenceNumber: 7 });
  await blob.uploadPages(page("a"), 512, 512);
  await blob.uploadPages(page("b"), 2 * 512, 512);
  await blob.uploadPages(page("c"), 2 * 512, 512);
  // The SDK's count is the distance between the first and the last byte of the range.
  expect(await blob.getPageRanges()).toMatchObject({ pageRange: [{ offset: 512, count: 1023 }] });
  await blob.clearPages(512, 512);
  expect(await blob.getPageRanges()).toMatchObject({ pageRange: [{ offset: 1024, count: 511 }] });
  expect(await blob.downloadToBuffer()).toEqual(
    Buffer.concat([Buffer.alloc(1024), page("c"), Buffer.alloc(512)]),
  );
  expect(await blob.getProperties()).toMatchObject({
    blobType: "PageBlob",
    contentLength: 4 * 512,
    blobSequenceNumber: 7,
  });
  await blob.uploadPages(Buffer.concat([page("d"), page("e"), page("f")]), 0, 1536);
  await blob.uploadPages(page("x"), 512, 512);
  expect(await blob.downloadToBuffer()).toEqual(
    Buffer.concat([page("d"), page("x"), page("f"), Buffer.alloc(512)]),
  );
  const beyond = blob.uploadPages(page("x"), 4 * 512, 512);
  expect(await rejection(beyond)).toEqual({ status: 416, code: "InvalidPageRange" });
  const late = blob.uploadPages(page("x"), 0, 512, {
    conditions: { ifSequenceNumberLessThan: 7 },
  });
  expect(await rejection(late)).toEqual({ status: 412, code: "SequenceNumberConditionNotMet" });
});

test("a page blob's copy has its full length immediately, and fills while it is pending", async () => {
  const { box, clock } = await started({ copies: { bytesPerSecond: 512 } });
  const blob = box.getPageBlobClient("disk");
  await blob.create(3 * 512, { blobSequenceNumber: 7 });
  for (const [index, letter] of ["a", "b", "c"].entries()) {
    await blob.uploadPages(page(letter), index * 512, 512);
  }
  const copy = box.getPageBlobClient("copy");
  await copy.beginCopyFromURL(blob.url);
  expect(await copy.getProperties()).toMatchObject({
    blobType: "PageBlob",
    contentLength: 3 * 512,
    copyStatus: "pending",
    blobSequenceNumber: 7,
  });
  expect(await copy.downloadToBuffer()).toEqual(Buffer.alloc(3 * 512));
  await clock.advance(second);
  expect(await copy.downloadToBuffer()).toEqual(Buffer.concat([page("a"), Buffer.alloc(1024)]));
  await clock.advance(2 * second);
  expect(await copy.getProperties()).toMatchObject({ copyStatus: "success" });
  expect(await copy.downloadToBuffer()).toEqual(await blob.downloadToBuffer());
  expect(await copy.getPageRanges()).toMatchObject({ pageRange: [{ offset: 0, count: 1535 }] });
});

test("an aborted copy of a page blob leaves no content", async () => {
  const { box, clock } = await started({ copies: { bytesPerSecond: 512 } });
  const blob = box.getPageBlobClient("disk");
  await blob.create(3 * 512);
  const copy = box.getPageBlobClient("copy");
  await copy.beginCopyFromURL(blob.url);
  await clock.advance(second);
  await copy.abortCopyFromURL((await copy.getProperties()).copyId ?? "");
  expect(await copy.getProperties()).toMatchObject({ copyStatus: "aborted", contentLength: 0 });
});

test("a copy can only overwrite a blob of the same type; Put Blob can overwrite any", async () => {
  const { box, service } = await started({ copies: { finishOnStart: "always" } });
  const block = await uploadBlob(service, "x");
  const append = box.getAppendBlobClient("append");
  await append.create();
  await append.appendBlock("abc", 3);
  const disk = box.getPageBlobClient("disk");
  await disk.create(512);
  const conflict = { status: 409, code: "InvalidBlobType" };
  expect(await rejection(append.beginCopyFromURL(block.url))).toEqual(conflict);
  expect(await rejection(block.beginCopyFromURL(disk.url))).toEqual(conflict);
  expect(await rejection(disk.beginCopyFromURL(append.url))).toEqual(conflict);
  const other = box.getAppendBlobClient("other");
  await other.create();
  await other.beginCopyFromURL(append.url);
  expect(await text(other)).toBe("abc");
  expect(await rejection(box.getAppendBlobClient("film.mp4").appendBlock("x", 1))).toEqual(
    conflict,
  );
  expect(await rejection(box.getPageBlobClient("append").getPageRanges())).toEqual(conflict);
  expect(await rejection(box.getBlockBlobClient("append").stageBlock("AAAA", "x", 1))).toEqual(
    conflict,
  );
  await new BlockBlobClient(append.url, box.credential).upload("now a block blob", 16);
  expect((await append.getProperties()).blobType).toBe("BlockBlob");
});

test("a copy fails if the append blob that it copies grows", async () => {
  const { box, clock } = await started({ copies: { bytesPerSecond: 1 } });
  const log = box.getAppendBlobClient("log");
  await log.create();
  await log.appendBlock("abc", 3);
  const copy = box.getAppendBlobClient("copy");
  await copy.beginCopyFromURL(log.url);
  await clock.advance(second);
  await log.appendBlock("d", 1);
  expect(await copy.getProperties()).toMatchObject({ copyStatus: "failed", contentLength: 0 });
});
