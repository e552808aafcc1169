import { expect, test } from "vitest";
import { canCopyFromUrl, maxCopyFromUrlBytes } from "../../../src/jobs/contract/storage.ts";

const blob = { blobType: "BlockBlob", length: maxCopyFromUrlBytes, archived: false };
const options = { sourceConditions: null };
const ifTags = { sourceConditions: { ifTags: `"team" = 'video'` } };

test.each([
  { what: "a block blob of 256 MiB", blob, options, can: true },
  { what: "one byte more", blob: { ...blob, length: blob.length + 1 }, options, can: false },
  { what: "a page blob", blob: { ...blob, blobType: "PageBlob" }, options, can: false },
  { what: "an append blob", blob: { ...blob, blobType: "AppendBlob" }, options, can: false },
  { what: "an archived blob", blob: { ...blob, archived: true }, options, can: false },
  { what: "a source with ifTags", blob, options: ifTags, can: false },
])("$what is copied by Copy Blob From URL: $can", (each) => {
  expect(canCopyFromUrl(each.blob, each.options)).toBe(each.can);
});
