import { expect, test } from "vitest";
import { day, rejection, startStorage, uploadBlob } from "../../../support/stack/emulator.ts";

const immutable = { status: 409, code: "BlobImmutableDueToPolicy" };

async function started(settings = {}) {
  const storage = await startStorage({ copies: { finishOnStart: "always" }, ...settings });
  const blob = await uploadBlob(storage.service, "abc");
  const until = new Date(storage.clock.now() + day);
  return { ...storage, blob, until, box: storage.service.getContainerClient("source") };
}

test("a legal hold is returned, and prevents writes and deletion until it is removed", async () => {
  const { blob, box } = await started();
  const other = box.getBlockBlobClient("other");
  await other.upload("x", 1);
  await blob.setLegalHold(true);
  expect((await blob.getProperties()).legalHold).toBe(true);
  expect(await rejection(blob.upload("x", 1))).toEqual(immutable);
  expect(await rejection(blob.setMetadata({ a: "b" }))).toEqual(immutable);
  expect(await rejection(blob.setHTTPHeaders({}))).toEqual(immutable);
  expect(await rejection(blob.delete())).toEqual(immutable);
  expect(await rejection(blob.beginCopyFromURL(other.url))).toEqual(immutable);
  expect((await blob.downloadToBuffer()).toString()).toBe("abc");
  await blob.setLegalHold(false);
  await blob.delete();
});

test("a policy protects until it expires; an unlocked one can be removed, a locked one only extended", async () => {
  const { blob, until, clock } = await started();
  await blob.setImmutabilityPolicy({ expiriesOn: until, policyMode: "Unlocked" });
  expect(await blob.getProperties()).toMatchObject({
    immutabilityPolicyExpiresOn: until,
    immutabilityPolicyMode: "unlocked",
  });
  expect(await rejection(blob.delete())).toEqual(immutable);
  await blob.deleteImmutabilityPolicy();
  await blob.setMetadata({ a: "b" });
  await blob.setImmutabilityPolicy({ expiriesOn: until, policyMode: "Locked" });
  expect(await rejection(blob.deleteImmutabilityPolicy())).toEqual(immutable);
  const shorter = { expiriesOn: new Date(until.getTime() - 1000), policyMode: "Locked" as const };
  expect(await rejection(blob.setImmutabilityPolicy(shorter))).toEqual(immutable);
  await clock.advance(day);
  await blob.delete();
});

test("the destination of a copy gets the policy and hold of the start, not the source's", async () => {
  const { blob, box, until } = await started();
  await blob.setLegalHold(true);
  const plain = box.getBlobClient("plain");
  await plain.beginCopyFromURL(blob.url);
  expect((await plain.getProperties()).legalHold).toBeUndefined();
  const held = box.getBlobClient("held");
  const immutabilityPolicy = { expiriesOn: until, policyMode: "Unlocked" as const };
  await held.beginCopyFromURL(blob.url, { immutabilityPolicy, legalHold: true });
  expect(await held.getProperties()).toMatchObject({
    legalHold: true,
    immutabilityPolicyExpiresOn: until,
    immutabilityPolicyMode: "unlocked",
  });
  const listed = [];
  const include = { includeImmutabilityPolicy: true, includeLegalHold: true, prefix: "held" };
  for await (const { properties } of box.listBlobsFlat(include)) listed.push(properties.legalHold);
  expect(listed).toEqual([true]);
});

test("a policy with a past or invalid time is rejected", async () => {
  const { blob, box, clock } = await started();
  const copy = box.getBlobClient("copy");
  const expiriesOn = new Date(clock.now() - 1000);
  const past = copy.beginCopyFromURL(blob.url, { immutabilityPolicy: { expiriesOn } });
  expect(await rejection(past)).toEqual({ status: 400, code: "InvalidHeaderValue" });
  expect(await copy.exists()).toBe(false);
});

test("in an account with versions a held blob can be overwritten; the held version cannot be deleted", async () => {
  const { blob, emulator } = await started();
  emulator.accountSettings("devstoreaccount1").versioning = true;
  const { versionId: held = "" } = await blob.upload("held", 4, { legalHold: true });
  await blob.upload("next", 4);
  expect((await blob.getProperties()).legalHold).toBeUndefined();
  expect((await blob.withVersion(held).downloadToBuffer()).toString()).toBe("held");
  expect(await rejection(blob.withVersion(held).delete())).toEqual(immutable);
});
