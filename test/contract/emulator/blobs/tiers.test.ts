import { expect, test } from "vitest";
import { rejection, second, startStorage, uploadBlob } from "../../../support/stack/emulator.ts";

const hour = 3600 * second;

async function archived(settings = {}) {
  const storage = await startStorage({ copies: { bytesPerSecond: Infinity, ...settings } });
  const blob = await uploadBlob(storage.service, "abc");
  await blob.setAccessTier("Archive");
  return { ...storage, blob, box: storage.service.getContainerClient("source") };
}

test("a tier is reported as inferred until one is set, which does not change the ETag", async () => {
  const { service } = await startStorage();
  const blob = await uploadBlob(service, "abc");
  const { etag, accessTier, accessTierInferred } = await blob.getProperties();
  expect([accessTier, accessTierInferred]).toEqual(["Hot", true]);
  await blob.setAccessTier("Cool");
  const later = await blob.getProperties();
  expect(later).toMatchObject({ accessTier: "Cool", etag });
  expect(later.accessTierInferred).toBeUndefined();
  expect(await rejection(blob.setAccessTier("P10"))).toEqual({
    status: 400,
    code: "InvalidHeaderValue",
  });
});

test("an archived blob returns its properties, but cannot be read or changed", async () => {
  const { blob, box } = await archived();
  const rejected = { status: 409, code: "BlobArchived" };
  expect((await blob.getProperties()).accessTier).toBe("Archive");
  expect(await rejection(blob.download())).toEqual(rejected);
  expect(await rejection(blob.setMetadata({ a: "b" }))).toEqual(rejected);
  expect(await rejection(box.getBlobClient("copy").beginCopyFromURL(blob.url))).toEqual(rejected);
  const toArchive = box.getBlobClient("copy").beginCopyFromURL(blob.url, { tier: "Archive" });
  expect(await rejection(toArchive)).toEqual(rejected);
  await blob.upload("new", 3);
  expect((await blob.downloadToBuffer()).toString()).toBe("new");
});

test("a copy cannot overwrite an archived blob", async () => {
  const { blob, service } = await archived();
  const other = await uploadBlob(service, "other", { blob: "other" });
  expect(await rejection(blob.beginCopyFromURL(other.url))).toEqual({
    status: 409,
    code: "BlobArchived",
  });
});

test.each([
  ["Standard" as const, 15],
  ["High" as const, 1],
])(
  "a copy of an archived blob with %s priority is pending for %i hours, then has its tier",
  async (rehydratePriority, hours) => {
    const { blob, box, clock } = await archived({ finishOnStart: "always" });
    const copy = box.getBlobClient("copy");
    await copy.beginCopyFromURL(blob.url, { tier: "Cool", rehydratePriority });
    expect(await copy.getProperties()).toMatchObject({
      copyStatus: "pending",
      copyProgress: "0/3",
      accessTier: "Archive",
      archiveStatus: "rehydrate-pending-to-cool",
      rehydratePriority,
    });
    await clock.advance(hours * hour - second);
    expect(await copy.getProperties()).toMatchObject({
      copyStatus: "pending",
      copyProgress: "0/3",
    });
    await clock.advance(second);
    const completed = await copy.getProperties();
    expect(completed).toMatchObject({
      copyStatus: "success",
      accessTier: "Cool",
      contentLength: 3,
    });
    expect(completed.archiveStatus).toBeUndefined();
    expect((await copy.downloadToBuffer()).toString()).toBe("abc");
    expect((await blob.getProperties()).accessTier).toBe("Archive");
  },
);

test("an aborted copy of an archived blob leaves an empty blob in its tier", async () => {
  const { blob, box } = await archived();
  const copy = box.getBlobClient("copy");
  await copy.beginCopyFromURL(blob.url, { tier: "Hot" });
  await copy.abortCopyFromURL((await copy.getProperties()).copyId ?? "");
  const completed = await copy.getProperties();
  expect(completed).toMatchObject({ copyStatus: "aborted", accessTier: "Hot", contentLength: 0 });
  expect(completed.archiveStatus).toBeUndefined();
});

test("a rehydration by Set Blob Tier takes hours, can be given high priority, and delays copies", async () => {
  const { blob, box, clock } = await archived();
  await blob.setAccessTier("Hot");
  expect(await blob.getProperties()).toMatchObject({
    accessTier: "Archive",
    archiveStatus: "rehydrate-pending-to-hot",
    rehydratePriority: "Standard",
  });
  const rejected = { status: 409, code: "BlobBeingRehydrated" };
  expect(await rejection(blob.setAccessTier("Cool"))).toEqual(rejected);
  const copy = box.getBlobClient("copy");
  expect(await rejection(copy.beginCopyFromURL(blob.url, { tier: "Hot" }))).toEqual(rejected);
  expect(await rejection(blob.download())).toEqual(rejected);
  await blob.setAccessTier("Hot", { rehydratePriority: "High" });
  await clock.advance(hour);
  expect((await blob.getProperties()).accessTier).toBe("Hot");
  await copy.beginCopyFromURL(blob.url);
  expect((await copy.getProperties()).copyStatus).toBe("success");
});

test("a copy keeps the destination's tier unless it sets one", async () => {
  const { service } = await startStorage({ copies: { finishOnStart: "always" } });
  const source = await uploadBlob(service, "abc");
  await source.setAccessTier("Cold");
  const copy = service.getContainerClient("source").getBlockBlobClient("copy");
  await copy.beginCopyFromURL(source.url);
  expect((await copy.getProperties()).accessTierInferred).toBe(true);
  await copy.setAccessTier("Cool");
  await copy.beginCopyFromURL(source.url);
  expect((await copy.getProperties()).accessTier).toBe("Cool");
  await copy.beginCopyFromURL(source.url, { tier: "Hot" });
  expect((await copy.getProperties()).accessTier).toBe("Hot");
});
