import { expect, test } from "vitest";
import type { WakeWaiter } from "../../../src/copy/contract/activities.ts";
import type { InstanceId } from "../../../src/copy/contract/ids.ts";
import { epochMs, plusMs } from "../../../src/copy/time.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

/** A ledger, a destination, and `count` copies that wait for it, in order. */
async function startQueue(count: number) {
  const storage = await startStorage();
  const { ledger, ...steps } = createSteps(storage);
  const box = storage.service.getContainerClient("source");
  await box.createIfNotExists();
  const { copy, instanceId } = createCopyInput(storage, {
    source: box.getBlobClient("film.mp4").url,
    destination: box.getBlobClient("copy.mp4").url,
    options: { overwrite: "always", ifBusy: "wait" },
  });
  const { destination } = copy;
  const now = epochMs(storage.clock.now());
  const ids = Array.from({ length: count }, () => newInstanceId(now));
  // Not in the order of the requests.
  for (const id of ids.toReversed()) await ledger.queue.rejoin(destination, id);
  const woken: InstanceId[] = [];
  /** Passes the destination on; `respond` is the response of the waiters' instances. */
  const passOn = async (respond: WakeWaiter = async () => "woken", at = now) => {
    const wake: WakeWaiter = (id) => {
      woken.push(id);
      return respond(id);
    };
    await ledger.queue.passOn({ destination }, { now: at, ended: null, wake });
    return woken.splice(0);
  };
  return { ...steps, storage, ledger, copy, instanceId, destination, ids, now, passOn };
}

test("the waiter with the earliest request is woken, and no other waiter while it has the offer", async () => {
  const { ids, passOn, now } = await startQueue(3);
  expect(await passOn()).toEqual([ids[0]]);
  expect(await passOn()).toEqual([]);
  expect(await passOn(undefined, plusMs(now, 29_999))).toEqual([]);
});

test("a waiter that does not respond is woken once more, and then passed over until it polls", async () => {
  const { ids, passOn, now, ledger, destination } = await startQueue(2);
  const [first, second] = ids;
  const minute = 60_000;
  expect(await passOn()).toEqual([first]);
  expect(await passOn(undefined, plusMs(now, minute))).toEqual([first]);
  expect(await passOn(undefined, plusMs(now, 2 * minute))).toEqual([second]);
  if (first === undefined) throw new Error("There is no first waiter");
  await ledger.queue.rejoin(destination, first); // it polls
  expect(await passOn(undefined, plusMs(now, 2 * minute))).toEqual([first]);
});

test("waiters that have ended are removed, those that are suspended are passed over", async () => {
  const { ids, passOn, storage } = await startQueue(4);
  const respond: WakeWaiter = async (id) =>
    id === ids[0] ? "gone" : id === ids[1] ? "suspended" : "woken";
  expect(await passOn(respond)).toEqual(ids.slice(0, 3));
  const left: string[] = [];
  const ledger = storage.service.getContainerClient("ferry-ledger");
  for await (const { name } of ledger.listBlobsFlat({ prefix: "destinations/" })) left.push(name);
  expect(left.map((name) => name.split("/").at(-1))).toEqual(ids.slice(1));
});

test("a queue longer than a page of the listing is passed on to its first living waiter", async () => {
  const { ids, passOn } = await startQueue(45);
  const respond: WakeWaiter = async (id) => (id === ids[44] ? "woken" : "gone");
  expect(await passOn(respond)).toEqual(ids);
});

test("two processes that pass a destination on at the same time wake one waiter", async () => {
  const { ids, passOn } = await startQueue(3);
  const woken = await Promise.all([passOn(), passOn(), passOn()]);
  expect(woken.flat()).toEqual([ids[0]]);
});

test("a copy that joins while the lock is released is not left waiting", async () => {
  const { ledger, copy, instanceId, destination, startCopy, storage } = await startQueue(0);
  const holder = newInstanceId(epochMs(storage.clock.now()));
  await ledger.acquireLock(holder, copy);
  const join = ledger.queue.join;
  // The holder releases the lock, and finds the queue empty, between the two attempts to acquire it.
  ledger.queue.join = async (...args) => {
    await ledger.releaseLock(destination, holder, null);
    return join(...args);
  };
  await uploadBlob(storage.service, "film", { blob: "film.mp4" });
  await startCopy({ instanceId, copy });
  expect(await ledger.readLock(destination)).toMatchObject({ instanceId });
});

test("a copy that finds the lock free lets an earlier waiter go first, and wakes it", async () => {
  const { ids, ledger, copy, storage, destination, startCopy } = await startQueue(1);
  const late = newInstanceId(epochMs(storage.clock.now()));
  const woken: InstanceId[] = [];
  const wake: WakeWaiter = async (id) => {
    woken.push(id);
    return "woken";
  };
  const begun = await startCopy({ instanceId: late, copy }, { wake });
  expect(begun).toMatchObject({ kind: "busy", endpoint: "destination" });
  expect(woken).toEqual(ids);
  expect(await ledger.readLock(destination)).toBeNull();
});

test("ids that are created in the same millisecond sort in the order of creation", () => {
  const now = epochMs(Date.UTC(2026, 10, 20));
  const ids = Array.from({ length: 1_000 }, () => newInstanceId(now));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(1_000);
});

test("a wake changes neither the lock nor its ETag, and its mark is removed when the destination is freed", async () => {
  const { ledger, copy, instanceId, destination, now } = await startQueue(0);
  await ledger.acquireLock(instanceId, copy);
  const before = await ledger.readLock(destination);
  expect(await ledger.instanceToWake(destination, "0x1", now)).toBe(instanceId);
  expect(await ledger.instanceToWake(destination, "0x1", now)).toBeNull();
  expect(await ledger.instanceToWake(destination, "0x2", now)).toBe(instanceId);
  expect(await ledger.readLock(destination)).toEqual(before);
  expect((await ledger.queue.page({ marker: null, limit: 10 })).names).toEqual([before?.name]);
  await ledger.releaseLock(destination, instanceId, null);
  await ledger.queue.passOn({ destination }, { now, ended: instanceId, wake: async () => "gone" });
  expect((await ledger.queue.page({ marker: null, limit: 10 })).names).toEqual([]);
});

test("releasing a lock keeps its queue", async () => {
  const { ids, ledger, copy, instanceId, destination, passOn } = await startQueue(3);
  await ledger.acquireLock(instanceId, copy);
  await ledger.releaseLock(destination, instanceId, null);
  expect(await passOn()).toEqual([ids[0]]);
});

test("events wake a copy twenty times, then once in twelve hours; the next copy has a new allowance", async () => {
  const { ledger, copy, instanceId, destination, now } = await startQueue(0);
  await ledger.acquireLock(instanceId, copy);
  const count = async (events: number, at = now) => {
    let woken = 0;
    for (let event = 0; event < events; event++) {
      if ((await ledger.instanceToWake(destination, `0x${made++}`, at)) !== null) woken++;
    }
    return woken;
  };
  expect(await count(25)).toBe(20);
  expect(await count(3, plusMs(now, 24 * 3_600_000))).toBe(2);
  await ledger.releaseLock(destination, instanceId, null);
  await ledger.acquireLock(newInstanceId(now), copy);
  expect(await count(25)).toBe(20);
});
let made = 1;

test("a lock without waiters is released with one request; a marked lock is released with its marks", async () => {
  const { ledger, copy, instanceId, destination, storage, ids } = await startQueue(1);
  const lock = await ledger.acquireLock(instanceId, copy);
  const { requests } = storage.emulator;
  const before = requests.length;
  expect(await ledger.releaseLock(destination, instanceId, lock.etag)).toEqual({
    kind: "released",
    isAwaited: false,
  });
  expect(requests.length - before).toBe(1);
  const again = await ledger.acquireLock(instanceId, copy);
  const [waiter] = ids;
  if (waiter === undefined) throw new Error("no waiter");
  expect(await ledger.queue.join(destination, waiter, again.etag)).toBe(true);
  expect(await ledger.readLock(destination)).toMatchObject({ etag: again.etag });
  expect(await ledger.releaseLock(destination, instanceId, again.etag)).toEqual({
    kind: "released",
    isAwaited: true,
  });
  expect(await ledger.readLock(destination)).toBeNull();
});

test("a lock that was released cannot be marked, so its waiter tries to acquire it again", async () => {
  const { ledger, copy, instanceId, destination, ids } = await startQueue(1);
  const lock = await ledger.acquireLock(instanceId, copy);
  await ledger.releaseLock(destination, instanceId, lock.etag);
  const [waiter] = ids;
  if (waiter === undefined) throw new Error("no waiter");
  expect(await ledger.queue.join(destination, waiter, lock.etag)).toBe(false);
});
