import { BlobSASPermissions, BlobClient, BlockBlobClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { evaluateTagCondition } from "../../../../src/local/storage/calls/tag-conditions.ts";
import { rejection, second, startStorage, uploadBlob } from "../../../support/stack/emulator.ts";

async function tagged(settings = {}) {
  const storage = await startStorage(settings);
  const blob = await uploadBlob(storage.service, "abc");
  await blob.setTags({ Project: "x y=1", Rank: "3" });
  return { ...storage, blob, box: storage.service.getContainerClient("source") };
}

test("tags are set and read as a whole, counted and listed, and do not change the ETag", async () => {
  const { blob, box } = await tagged();
  const { etag } = await blob.getProperties();
  await blob.setTags({ Project: "x+y", Rank: "3" });
  expect((await blob.getTags()).tags).toEqual({ Project: "x+y", Rank: "3" });
  expect(await blob.getProperties()).toMatchObject({ tagCount: 2, etag });
  for await (const item of box.listBlobsFlat({ includeTags: true })) {
    expect(item).toMatchObject({
      tags: { Project: "x+y", Rank: "3" },
      properties: { tagCount: 2 },
    });
  }
  await blob.setTags({});
  expect((await blob.getTags()).tags).toEqual({});
  expect((await blob.getProperties()).tagCount).toBeUndefined();
});

test("tags outside the limits are rejected", async () => {
  const { blob } = await tagged();
  const codes = async (tags: Record<string, string>) => (await rejection(blob.setTags(tags))).code;
  const many = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`k${index}`, "v"]));
  expect(await codes(many)).toBe("TagsTooLarge");
  expect(await codes({ ["k".repeat(129)]: "v" })).toBe("TagsTooLarge");
  expect(await codes({ k: "v".repeat(257) })).toBe("TagsTooLarge");
  expect(await codes({ k: "naïve" })).toBe("InvalidTag");
  expect((await blob.getTags()).tags).toMatchObject({ Rank: "3" });
});

test("a write sets exactly the tags it names; a copy never takes the source's tags", async () => {
  const { blob, box } = await tagged({ copies: { finishOnStart: "always" } });
  const copy = box.getBlockBlobClient("copy");
  await copy.beginCopyFromURL(blob.url, { tags: { own: "a b+c" } });
  expect((await copy.getTags()).tags).toEqual({ own: "a b+c" });
  await copy.beginCopyFromURL(blob.url);
  expect((await copy.getTags()).tags).toEqual({});
  await copy.upload("x", 1, { tags: { by: "upload" } });
  await copy.setMetadata({ own: "1" });
  expect((await copy.getTags()).tags).toEqual({ by: "upload" });
});

test("a snapshot keeps the tags that the blob had", async () => {
  const { blob } = await tagged();
  const { snapshot = "" } = await blob.createSnapshot();
  await blob.setTags({});
  expect((await blob.withSnapshot(snapshot).getTags()).tags).toMatchObject({ Rank: "3" });
});

test("conditions on tags apply to reads, writes, and the source and destination of a copy", async () => {
  const { blob, box } = await tagged({ copies: { finishOnStart: "always" } });
  const met = { tagConditions: `"Rank" >= '3' AND Project <> 'z'` };
  const unmet = { tagConditions: `"Rank" = '4' OR "None" = ''` };
  const rejected = { status: 412, code: "ConditionNotMet" };
  await blob.getProperties({ conditions: met });
  expect(await rejection(blob.getProperties({ conditions: unmet }))).toEqual(rejected);
  expect(await rejection(blob.setMetadata({}, { conditions: unmet }))).toEqual(rejected);
  expect(await rejection(blob.setTags({}, { conditions: unmet }))).toEqual(rejected);
  const copy = box.getBlobClient("copy");
  await copy.beginCopyFromURL(blob.url, { sourceConditions: met });
  expect(await rejection(copy.beginCopyFromURL(blob.url, { sourceConditions: unmet }))).toEqual({
    status: 412,
    code: "SourceConditionNotMet",
  });
  expect(await rejection(copy.beginCopyFromURL(blob.url, { conditions: met }))).toEqual({
    status: 412,
    code: "TargetConditionNotMet",
  });
  const garbled = { tagConditions: `"Rank" ~ '4'` };
  expect((await rejection(blob.getProperties({ conditions: garbled }))).status).toBe(400);
});

test.each([
  [`"a" = '1'`, true],
  [`a = '1'`, true],
  [`"a"<>'1'`, false],
  [`"a" > '0' AND "a" < '2'`, true],
  [`"a" = '2' OR "b c" = 'it''s' AND "a" <= '1'`, true],
  [`"none" <> '1'`, false],
  [`("a" = '1')`, "refused"],
  [`"a" = 1`, "refused"],
  [`"a" = '1' AND`, "refused"],
  [``, "refused"],
])("the condition %s is %s of a=1 and b c=it's", (condition, outcome) => {
  const tags = { a: "1", "b c": "it's" };
  const judge = () => evaluateTagCondition(condition, tags);
  if (outcome === "refused") expect(judge).toThrow(/HTTP headers/);
  else expect(judge()).toBe(outcome);
});

test("a SAS needs `t` for tags, even if another write sets them", async () => {
  const { blob, box, clock } = await tagged();
  const expiresOn = new Date(clock.now() + 60 * second);
  const at = async (client: BlobClient, letters: string) =>
    client.generateSasUrl({ permissions: BlobSASPermissions.parse(letters), expiresOn });
  const rejected = { status: 403, code: "AuthorizationPermissionMismatch" };
  expect(await rejection(new BlobClient(await at(blob, "rw")).getTags())).toEqual(rejected);
  expect((await new BlobClient(await at(blob, "t")).getTags()).tags).toMatchObject({ Rank: "3" });
  const target = box.getBlockBlobClient("new");
  const upload = async (letters: string) =>
    new BlockBlobClient(await at(target, letters)).upload("x", 1, { tags: { a: "b" } });
  expect(await rejection(upload("cw"))).toEqual(rejected);
  await upload("cwt");
});
