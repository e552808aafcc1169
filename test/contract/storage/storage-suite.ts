import { randomUUID } from "node:crypto";
import { BlobSASPermissions } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { rejection } from "../../support/stack/emulator.ts";
import { copyFromUrlPromises } from "./copy-from-url-promises.ts";
import { block, film, text } from "./suite-case.ts";
import type { Account, Case } from "./suite-case.ts";

/**
 * Promises of Azure's documentation that every Blob service must keep. If a service is known to differ
 * (listed by title), the case must fail there, to keep the list of differences accurate.
 */
export function storageSuite(
  start: () => Promise<Account>,
  { differs = new Set() }: { differs?: ReadonlySet<string> } = {},
): void {
  const body = async ({ needsOther, run }: Case) => {
    const account = await start();
    if (needsOther && account.otherService === undefined) return;
    const box = account.service.getContainerClient(`suite-${randomUUID()}`);
    await box.create();
    try {
      await run({ ...account, box });
    } finally {
      await box.deleteIfExists();
    }
  };
  // oxlint-disable vitest/expect-expect -- each case has its own assertions
  test.each(cases.filter(({ title }) => !differs.has(title)))("$title", body);
  test.fails.each(cases.filter(({ title }) => differs.has(title)))("$title", body);
}

const cases: Case[] = [...copyFromUrlPromises];

/** The titles that a list of differences can name. */
export const suiteTitles = () => cases.map(({ title }) => title);

function promise(title: string, run: Case["run"], more: Partial<Case> = {}): void {
  cases.push({ title, run, ...more });
}

promise(
  "a blob is read in full and in part, with the headers it was written with",
  async ({ box }) => {
    const blob = await film(box);
    expect(await text(blob)).toBe("abc");
    expect((await blob.downloadToBuffer(1, 2)).toString()).toBe("bc");
    expect(await blob.getProperties()).toMatchObject({
      contentType: "video/mp4",
      cacheControl: "no-store",
      metadata: { project: "x" },
      tagCount: 1,
      blobType: "BlockBlob",
    });
    expect(await rejection(blob.download(5, 1))).toEqual({ status: 416, code: "InvalidRange" });
  },
);

promise("unmet conditions return 304 or 412 for reads and 412 for writes", async ({ box }) => {
  const blob = await film(box);
  const { etag = "" } = await blob.getProperties();
  const status = async (work: Promise<unknown>) => (await rejection(work)).status;
  expect(await status(blob.getProperties({ conditions: { ifNoneMatch: etag } }))).toBe(304);
  expect(await status(blob.getProperties({ conditions: { ifMatch: '"0x1"' } }))).toBe(412);
  expect(await status(blob.setMetadata({}, { conditions: { ifMatch: '"0x1"' } }))).toBe(412);
  const fresh = blob.upload("x", 1, { conditions: { ifNoneMatch: "*" } });
  expect(await rejection(fresh)).toEqual({ status: 409, code: "BlobAlreadyExists" });
});

promise("blocks are committed in the order of their list", async ({ box }) => {
  const blob = box.getBlockBlobClient("blocks");
  await blob.stageBlock(block("1"), "one", 3);
  await blob.stageBlock(block("2"), "two", 3);
  await blob.commitBlockList([block("2"), block("1")]);
  expect(await text(blob)).toBe("twoone");
  expect(await rejection(blob.commitBlockList([block("3")]))).toEqual({
    status: 400,
    code: "InvalidBlockList",
  });
});

promise(
  "a block is appended only if the blob has the length that the caller expects",
  async ({ box }) => {
    const blob = box.getAppendBlobClient("log");
    await blob.create();
    await blob.appendBlock("one", 3);
    expect(await blob.appendBlock("two", 3, { conditions: { appendPosition: 3 } })).toMatchObject({
      blobAppendOffset: "3",
      blobCommittedBlockCount: 2,
    });
    expect(
      await rejection(blob.appendBlock("x", 1, { conditions: { appendPosition: 3 } })),
    ).toEqual({
      status: 412,
      code: "AppendPositionConditionNotMet",
    });
    expect(await text(blob)).toBe("onetwo");
  },
);

promise("a page blob contains zeros except for the pages that were written", async ({ box }) => {
  const blob = box.getPageBlobClient("disk");
  await blob.create(1536);
  await blob.uploadPages(Buffer.alloc(512, "a"), 512, 512);
  expect(await blob.downloadToBuffer()).toEqual(
    Buffer.concat([Buffer.alloc(512), Buffer.alloc(512, "a"), Buffer.alloc(512)]),
  );
  await blob.clearPages(512, 512);
  expect(await blob.downloadToBuffer()).toEqual(Buffer.alloc(1536));
});

promise("tags are set and read as a whole, and conditions on them are checked", async ({ box }) => {
  const blob = await film(box);
  await blob.setTags({ rank: "3" });
  expect((await blob.getTags()).tags).toEqual({ rank: "3" });
  await blob.getProperties({ conditions: { tagConditions: `"rank" = '3'` } });
  const unmet = blob.getProperties({ conditions: { tagConditions: `"rank" = '4'` } });
  expect((await rejection(unmet)).status).toBe(412);
});

promise(
  "a lease lasts 15 to 60 seconds or is infinite, and writes need its id",
  async ({ box }) => {
    const blob = await film(box);
    const lease = blob.getBlobLeaseClient();
    expect((await rejection(lease.acquireLease(10))).status).toBe(400);
    expect((await rejection(lease.acquireLease(61))).status).toBe(400);
    await lease.acquireLease(-1);
    expect(await rejection(blob.setMetadata({}))).toEqual({ status: 412, code: "LeaseIdMissing" });
    await blob.setMetadata({}, { conditions: { leaseId: lease.leaseId } });
    await lease.breakLease(0);
    expect((await rejection(lease.renewLease())).code).toBe("LeaseIsBrokenAndCannotBeRenewed");
  },
);

promise(
  "a listing supports pages, prefixes and hierarchy, and includes copy properties",
  async ({ box, waitForCopy }) => {
    const source = await film(box, "a/1");
    const copy = box.getBlobClient("a/2");
    await copy.beginCopyFromURL(source.url);
    await waitForCopy(copy);
    await film(box, "b");
    const names: string[] = [];
    for await (const page of box.listBlobsFlat().byPage({ maxPageSize: 2 })) {
      names.push(page.segment.blobItems.map(({ name }) => name).join(" "));
    }
    expect(names).toEqual(["a/1 a/2", "b"]);
    const levels: string[] = [];
    for await (const item of box.listBlobsByHierarchy("/")) levels.push(item.name);
    expect(levels).toEqual(["a/", "b"]);
    for await (const item of box.listBlobsFlat({ prefix: "a/2", includeCopy: true })) {
      expect(item.properties.copyStatus).toBe("success");
    }
  },
);

promise(
  "a listing starts from a name, which it includes, and continues with the same name on later pages",
  async ({ box }) => {
    for (const name of ["a/1", "a/2", "a/3", "a/4", "b/1"]) await film(box, name);
    const list = async (startFrom: string) => {
      const names: string[] = [];
      const pages = box.listBlobsFlat({ prefix: "a/", startFrom }).byPage({ maxPageSize: 2 });
      for await (const page of pages) {
        names.push(page.segment.blobItems.map(({ name }) => name).join(" "));
      }
      return names;
    };
    expect(await list("a/2")).toEqual(["a/2 a/3", "a/4"]);
    expect(await list("a/2x")).toEqual(["a/3 a/4"]);
    expect(await list("a")).toEqual(["a/1 a/2", "a/3 a/4"]);
    expect((await list("b/1")).join("")).toBe("");
  },
);

promise(
  "a copy preserves content, content headers and metadata, and reports its progress",
  async (account) => {
    const { box, waitForCopy } = account;
    const source = await film(box);
    const copy = box.getBlobClient("copy");
    await copy.beginCopyFromURL(source.url);
    expect(await waitForCopy(copy)).toMatchObject({
      copyStatus: "success",
      copyProgress: "3/3",
      copySource: source.url,
      contentType: "video/mp4",
      cacheControl: "no-store",
      metadata: { project: "x" },
    });
    expect(await text(copy)).toBe("abc");
  },
);

promise("the start's metadata replaces the source's", async ({ box, waitForCopy }) => {
  const source = await film(box);
  const copy = box.getBlobClient("copy");
  await copy.beginCopyFromURL(source.url, { metadata: { own: "1" } });
  expect((await waitForCopy(copy)).metadata).toEqual({ own: "1" });
});

promise(
  "the start's tags are set, and the source's are not copied",
  async ({ box, waitForCopy }) => {
    const source = await film(box);
    const copy = box.getBlobClient("copy");
    await copy.beginCopyFromURL(source.url, { tags: { own: "1" } });
    await waitForCopy(copy);
    expect((await copy.getTags()).tags).toEqual({ own: "1" });
    const plain = box.getBlobClient("plain");
    await plain.beginCopyFromURL(source.url);
    expect((await waitForCopy(plain)).tagCount).toBeUndefined();
  },
);

promise("the committed blocks and their ids are copied", async ({ box, waitForCopy }) => {
  const source = box.getBlockBlobClient("blocks");
  await source.stageBlock(block("1"), "one", 3);
  await source.commitBlockList([block("1")]);
  const copy = box.getBlockBlobClient("copy");
  await copy.beginCopyFromURL(source.url);
  await waitForCopy(copy);
  expect((await copy.getBlockList("committed")).committedBlocks).toEqual([
    { name: block("1"), size: 3 },
  ]);
});

promise(
  "names with special characters are copied by their encoded URL",
  async ({ box, waitForCopy }) => {
    for (const name of ["a b", "a#b", "a%20b", "a+b", "ä/ö.mp4", "😀"]) {
      const source = await film(box, name);
      const copy = box.getBlobClient(`copy of ${name}`);
      await copy.beginCopyFromURL(source.url);
      expect((await waitForCopy(copy)).copyStatus).toBe("success");
    }
  },
);

promise("a missing source or container returns 404", async ({ box, service }) => {
  const none = box.getBlobClient("none");
  const copy = box.getBlobClient("copy").beginCopyFromURL(none.url);
  expect(await rejection(copy)).toEqual({ status: 404, code: "BlobNotFound" });
  const source = await film(box);
  const nowhere = service.getContainerClient(`none-${randomUUID()}`).getBlobClient("copy");
  expect(await rejection(nowhere.beginCopyFromURL(source.url))).toEqual({
    status: 404,
    code: "ContainerNotFound",
  });
});

promise(
  "another account's blob is copied with a SAS and rejected without one",
  async ({ box, otherService, waitForCopy }) => {
    const far = otherService?.getContainerClient(`suite-${randomUUID()}`);
    if (far === undefined) return;
    await far.create();
    try {
      const source = await film(box);
      const copy = far.getBlobClient("copy");
      expect((await rejection(copy.beginCopyFromURL(source.url))).code).toBe(
        "CannotVerifyCopySource",
      );
      const sas = await source.generateSasUrl({
        permissions: BlobSASPermissions.parse("r"),
        expiresOn: new Date(Date.now() + 3_600_000),
      });
      await copy.beginCopyFromURL(sas);
      expect((await waitForCopy(copy)).copyStatus).toBe("success");
    } finally {
      await far.delete();
    }
  },
  { needsOther: true },
);

promise("unmet conditions on the destination prevent the start", async ({ box, waitForCopy }) => {
  const source = await film(box);
  const copy = box.getBlobClient("copy");
  await copy.beginCopyFromURL(source.url, { conditions: { ifNoneMatch: "*" } });
  await waitForCopy(copy);
  const fresh = copy.beginCopyFromURL(source.url, { conditions: { ifNoneMatch: "*" } });
  expect([409, 412]).toContain((await rejection(fresh)).status);
  const other = copy.beginCopyFromURL(source.url, { conditions: { ifMatch: '"0x1"' } });
  expect((await rejection(other)).status).toBe(412);
});

promise("an unmet condition on the source returns 412 with its own error code", async ({ box }) => {
  const source = await film(box);
  const copy = box.getBlobClient("copy");
  const other = copy.beginCopyFromURL(source.url, { sourceConditions: { ifMatch: '"0x1"' } });
  expect(await rejection(other)).toEqual({ status: 412, code: "SourceConditionNotMet" });
});

promise("a source that matches If-None-Match returns 412 instead of 304", async ({ box }) => {
  const source = await film(box);
  const { etag = "" } = await source.getProperties();
  const copy = box.getBlobClient("copy");
  const same = copy.beginCopyFromURL(source.url, { sourceConditions: { ifNoneMatch: etag } });
  expect((await rejection(same)).status).toBe(412);
});

promise("a copy can only overwrite a blob of the same type", async ({ box }) => {
  const source = await film(box);
  const log = box.getAppendBlobClient("log");
  await log.create();
  expect(await rejection(log.beginCopyFromURL(source.url))).toEqual({
    status: 409,
    code: "InvalidBlobType",
  });
});

promise(
  "append and page blobs keep their type when they are copied",
  async ({ box, waitForCopy }) => {
    const log = box.getAppendBlobClient("log");
    await log.create();
    await log.appendBlock("abc", 3);
    const disk = box.getPageBlobClient("disk");
    await disk.create(512);
    for (const [source, type] of [
      [log, "AppendBlob"],
      [disk, "PageBlob"],
    ] as const) {
      const copy = box.getBlobClient(`copy of ${source.name}`);
      await copy.beginCopyFromURL(source.url);
      expect(await waitForCopy(copy)).toMatchObject({ copyStatus: "success", blobType: type });
    }
  },
);

promise("a snapshot is copied, and promoted onto its base blob", async ({ box, waitForCopy }) => {
  const blob = await film(box);
  const { snapshot = "" } = await blob.createSnapshot();
  await blob.upload("later", 5);
  const image = blob.withSnapshot(snapshot);
  const copy = box.getBlobClient("copy");
  await copy.beginCopyFromURL(image.url);
  await waitForCopy(copy);
  expect(await text(copy)).toBe("abc");
  await blob.beginCopyFromURL(image.url);
  await waitForCopy(blob);
  expect(await text(blob)).toBe("abc");
});

promise("a destination cannot be a snapshot", async ({ box }) => {
  const blob = await film(box);
  const { snapshot = "" } = await blob.createSnapshot();
  const onto = blob.withSnapshot(snapshot).beginCopyFromURL(blob.url);
  expect((await rejection(onto)).status).toBe(400);
});

promise("a copy onto a blob discards its uncommitted blocks", async ({ box, waitForCopy }) => {
  const source = await film(box);
  const copy = await film(box, "copy");
  await copy.stageBlock(block("1"), "one", 3);
  await copy.beginCopyFromURL(source.url);
  await waitForCopy(copy);
  expect((await copy.getBlockList("uncommitted")).uncommittedBlocks ?? []).toEqual([]);
});

promise("an infinite lease on the destination is required to start, and stays", async (account) => {
  const { box, waitForCopy } = account;
  const source = await film(box);
  const copy = await film(box, "copy");
  const lease = copy.getBlobLeaseClient();
  const { leaseId = "" } = await lease.acquireLease(-1);
  expect(await rejection(copy.beginCopyFromURL(source.url))).toEqual({
    status: 412,
    code: "LeaseIdMissing",
  });
  await copy.beginCopyFromURL(source.url, { conditions: { leaseId } });
  expect(await waitForCopy(copy)).toMatchObject({ copyStatus: "success", leaseState: "leased" });
  await lease.releaseLease();
});

promise("a finite lease on the destination prevents the start", async ({ box }) => {
  const source = await film(box);
  const copy = await film(box, "copy");
  const { leaseId = "" } = await copy.getBlobLeaseClient().acquireLease(15);
  const start = copy.beginCopyFromURL(source.url, { conditions: { leaseId } });
  expect(await rejection(start)).toEqual({ status: 412, code: "InfiniteLeaseDurationRequired" });
});

promise("a lease id for a missing destination prevents the start", async ({ box }) => {
  const source = await film(box);
  const conditions = { leaseId: randomUUID() };
  const start = box.getBlobClient("copy").beginCopyFromURL(source.url, { conditions });
  expect((await rejection(start)).status).toBe(412);
});

promise("a leased source is copied without its lease id", async ({ box, waitForCopy }) => {
  const source = await film(box);
  await source.getBlobLeaseClient().acquireLease(15);
  const copy = box.getBlobClient("copy");
  await copy.beginCopyFromURL(source.url);
  expect((await waitForCopy(copy)).copyStatus).toBe("success");
});

promise("a completed copy cannot be aborted", async ({ box, waitForCopy }) => {
  const source = await film(box);
  const copy = box.getBlobClient("copy");
  await copy.beginCopyFromURL(source.url);
  const { copyId = "" } = await waitForCopy(copy);
  expect(await rejection(copy.abortCopyFromURL(copyId))).toEqual({
    status: 409,
    code: "NoPendingCopyOperation",
  });
});

promise("Put Blob removes the copy properties", async ({ box, waitForCopy }) => {
  const source = await film(box);
  const copy = box.getBlockBlobClient("copy");
  await copy.beginCopyFromURL(source.url);
  await waitForCopy(copy);
  await copy.upload("x", 1);
  expect((await copy.getProperties()).copyId).toBeUndefined();
});

promise("Set Blob Metadata removes the copy properties", async ({ box, waitForCopy }) => {
  const source = await film(box);
  const copy = box.getBlockBlobClient("copy");
  await copy.beginCopyFromURL(source.url);
  await waitForCopy(copy);
  await copy.setMetadata({ own: "1" });
  expect((await copy.getProperties()).copyId).toBeUndefined();
});

promise("a copy of an archived source requires a tier", async ({ box }) => {
  const source = await film(box);
  await source.setAccessTier("Archive");
  expect(await rejection(box.getBlobClient("copy").beginCopyFromURL(source.url))).toEqual({
    status: 409,
    code: "BlobArchived",
  });
});

promise("a copy of an archived source is pending", async ({ box }) => {
  const source = await film(box);
  await source.setAccessTier("Archive");
  const copy = box.getBlobClient("copy");
  await copy.beginCopyFromURL(source.url, { tier: "Hot" });
  expect(await copy.getProperties()).toMatchObject({
    copyStatus: "pending",
    archiveStatus: "rehydrate-pending-to-hot",
  });
});

promise("a copy cannot overwrite an archived blob", async ({ box }) => {
  const source = await film(box);
  const copy = await film(box, "copy");
  await copy.setAccessTier("Archive");
  expect(await rejection(copy.beginCopyFromURL(source.url))).toEqual({
    status: 409,
    code: "BlobArchived",
  });
});

promise("a source that is not a URL is rejected", async ({ box }) => {
  expect((await rejection(box.getBlobClient("copy").beginCopyFromURL("no url"))).status).toBe(400);
});
