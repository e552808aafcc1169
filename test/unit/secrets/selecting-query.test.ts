import { expect, test } from "vitest";
import { Sas } from "../../../src/copy/location/sas.ts";
import { createSeal } from "../../../src/secrets/seal.ts";
import { selectingQuery } from "../../../src/secrets/selecting-query.ts";

/* The part of the query of a source outside Storage that may select its content. */

const amazon4 =
  "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20261127%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=20261127T210000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=t&X-Amz-Signature=f00";
const google4 =
  "X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=c&X-Goog-Date=20261127T210000Z&X-Goog-Expires=900&X-Goog-SignedHeaders=host&X-Goog-Signature=f00";

test.each([
  ["of Amazon S3, version 4", amazon4, ""],
  ["with lower-case and encoded names", "x-amz-signature=a&%58-Amz-Date=b", ""],
  ["of Amazon S3, version 2", "AWSAccessKeyId=a&Expires=1&Signature=b", ""],
  ["of Google Cloud Storage, version 4", google4, ""],
  ["of Google Cloud Storage, version 2", "GoogleAccessId=a&Expires=1&Signature=b", ""],
  ["of CloudFront", "Policy=a&Signature=b&Key-Pair-Id=c", ""],
  ["of Azure Storage", "sv=2026-10-06&sr=b&sp=r&se=2027&sig=a", ""],
  ["and a version", `${amazon4}&versionId=7`, "versionId=7"],
  ["and two parameters", `file=1&${google4}&part=2`, "file=1&part=2"],
  ["and a snapshot", "snapshot=1&sv=2026-10-06&sig=a", "snapshot=1"],
])("a signature %s is removed", (_what, query, rest) => {
  expect(selectingQuery(query)).toBe(rest);
});

test.each([
  "file=1",
  "file",
  "=",
  "expires=never",
  "sr=film&sp=2",
  "signature=7",
  "X-Amz-Date=1",
  "Policy=a&Key-Pair-Id=c",
  "f%zz=1",
  "sig=a",
])("nothing is removed without a known signature: %s", (query) => {
  expect(selectingQuery(query)).toBe(query);
});

test("a parameter of another kind of signature stays", () => {
  expect(selectingQuery(`${amazon4}&Policy=5&sp=2`)).toBe("Policy=5&sp=2");
});

test("the hash of a query depends on the key and on the selecting part, and reveals nothing", () => {
  const [one, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const { hashQuery } = createSeal([one, other]);
  const hash = (query: string) => hashQuery(new Sas(query));
  const first = hash("file=1");
  expect(first).toHaveLength(2);
  expect(hash(`file=1&${amazon4}`)).toEqual(first);
  expect(new Set([...(first ?? []), ...(hash("file=2") ?? [])]).size).toBe(4);
  expect(createSeal([other]).hashQuery(new Sas("file=1"))).toEqual(first?.slice(1));
  expect(hash(amazon4)).toBeNull();
  // HMAC-SHA-256 (RFC 2104) with a key from HKDF-SHA-256 (RFC 5869), computed by another implementation.
  expect(first?.[0]).toBe("72f1164580fec0480454f0eb7ec6ac7a099d7544e12d53fe5cef8f17a8605714");
});
