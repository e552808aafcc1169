import { expect, test } from "vitest";
import {
  day,
  rejection,
  second,
  startStorage,
  uploadBlob,
} from "../../../support/stack/emulator.ts";

const mine = "11111111-1111-1111-1111-111111111111";
const yours = "22222222-2222-2222-2222-222222222222";

async function leasable() {
  const storage = await startStorage();
  const blob = await uploadBlob(storage.service, "abc");
  const state = async () => {
    const { leaseState, leaseStatus, leaseDuration } = await blob.getProperties();
    return [leaseState, leaseStatus, leaseDuration];
  };
  return {
    ...storage,
    blob,
    state,
    my: blob.getBlobLeaseClient(mine),
    your: blob.getBlobLeaseClient(yours),
    code: async (work: Promise<unknown>) => (await rejection(work)).code,
  };
}

test("a finite lease expires, and can be renewed even then if the blob was not written", async () => {
  const { clock, my, your, state, code, blob } = await leasable();
  await my.acquireLease(15);
  expect(await state()).toEqual(["leased", "locked", "fixed"]);
  await clock.advance(15 * second - 1);
  expect(await code(your.acquireLease(15))).toBe("LeaseAlreadyPresent");
  await my.renewLease();
  await clock.advance(15 * second);
  expect(await state()).toEqual(["expired", "unlocked", undefined]);
  await my.renewLease();
  expect(await state()).toEqual(["leased", "locked", "fixed"]);
  await clock.advance(15 * second);
  await blob.setMetadata({ a: "b" });
  expect(await state()).toEqual(["available", "unlocked", undefined]);
  expect(await code(my.renewLease())).toBe("LeaseIdMismatchWithLeaseOperation");
});

test("an infinite lease lasts until it is released or broken", async () => {
  const { clock, my, your, state, code } = await leasable();
  await my.acquireLease(-1);
  await clock.advance(1000 * day);
  expect(await state()).toEqual(["leased", "locked", "infinite"]);
  expect(await code(your.releaseLease())).toBe("LeaseIdMismatchWithLeaseOperation");
  await my.releaseLease();
  expect(await state()).toEqual(["available", "unlocked", undefined]);
  await your.acquireLease(-1);
  expect((await your.breakLease(0)).leaseTime).toBe(0);
  expect(await state()).toEqual(["broken", "unlocked", undefined]);
  expect(await code(your.renewLease())).toBe("LeaseIsBrokenAndCannotBeRenewed");
  await my.acquireLease(60);
  expect((await state())[0]).toBe("leased");
});

test("a broken lease can neither be acquired nor renewed during its break period", async () => {
  const { clock, my, your, state, code } = await leasable();
  await my.acquireLease(30);
  expect((await my.breakLease(60)).leaseTime).toBe(30);
  expect((await my.breakLease(20)).leaseTime).toBe(20);
  expect(await state()).toEqual(["breaking", "locked", undefined]);
  expect(await code(my.acquireLease(60))).toBe("LeaseIsBreakingAndCannotBeAcquired");
  expect(await code(your.acquireLease(60))).toBe("LeaseAlreadyPresent");
  expect(await code(my.renewLease())).toBe("LeaseIsBrokenAndCannotBeRenewed");
  expect(await code(my.changeLease(yours))).toBe("LeaseIsBreakingAndCannotBeChanged");
  await clock.advance(20 * second);
  expect((await state())[0]).toBe("broken");
});

test("Change Lease replaces the lease id", async () => {
  const { blob, my, state, code } = await leasable();
  expect(await code(my.changeLease(yours))).toBe("LeaseNotPresentWithLeaseOperation");
  await my.acquireLease(60);
  await blob.getBlobLeaseClient(mine).changeLease(yours);
  expect((await state())[0]).toBe("leased");
  expect(await code(blob.getBlobLeaseClient(mine).renewLease())).toBe(
    "LeaseIdMismatchWithLeaseOperation",
  );
  expect(await code(blob.getBlobLeaseClient(yours).renewLease())).toBe("not refused");
});

test("a duration outside 15 to 60 seconds, or an invalid id, is rejected", async () => {
  const { my, blob, code } = await leasable();
  for (const duration of [0, 14, 61, -2]) {
    expect(await code(my.acquireLease(duration))).toBe("InvalidHeaderValue");
  }
  expect(await code(blob.getBlobLeaseClient("no-guid").acquireLease(15))).toBe(
    "InvalidHeaderValue",
  );
  expect(await code(my.breakLease(0))).toBe("LeaseNotPresentWithLeaseOperation");
});

test("writes to a leased blob need its lease id; reads do not, but a wrong id is rejected", async () => {
  const { blob, my, code, clock } = await leasable();
  const conditions = (leaseId: string) => ({ conditions: { leaseId } });
  expect(await code(blob.setMetadata({}, conditions(mine)))).toBe(
    "LeaseNotPresentWithBlobOperation",
  );
  await my.acquireLease(60);
  const before = (await blob.getProperties()).etag;

  for (const write of [
    (more: object) => blob.upload("x", 1, more),
    (more: object) => blob.setMetadata({}, more),
    (more: object) => blob.setHTTPHeaders({}, more),
    (more: object) => blob.stageBlock("AAAA", "x", 1, more),
    (more: object) => blob.delete(more),
  ]) {
    expect(await code(write({}))).toBe("LeaseIdMissing");
    expect(await code(write(conditions(yours)))).toBe("LeaseIdMismatchWithBlobOperation");
  }
  expect((await blob.getProperties()).etag).toBe(before);
  expect(await code(blob.download(0, undefined, conditions(yours)))).toBe(
    "LeaseIdMismatchWithBlobOperation",
  );
  await blob.upload("x", 1, conditions(mine));
  expect((await blob.getProperties()).leaseState).toBe("leased");
  await clock.advance(60 * second);
  expect(await code(blob.upload("x", 1, conditions(mine)))).toBe("LeaseLost");
  expect(await code(blob.upload("x", 1))).toBe("not refused");
});
