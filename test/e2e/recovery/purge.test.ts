import { expect, test } from "vitest";
import { hour, startWorld } from "../../support/stack/test-stack.ts";
import type { TestWorld } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(1_000_000, "film");
const day = 24 * hour;
const headers = { "idempotency-key": "order-1" };
const environment = { COPY_RETENTION_DAYS: "3" };

async function request(world: TestWorld) {
  const source = await world.upload("inbox/film.mp4", film);
  const destination = world.blob("archive/film.mp4").url;
  return { source: source.url, destination, options: { overwrite: "always" } };
}

async function ledgerNames(world: TestWorld): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of world.container("ferry-ledger").listBlobsFlat()) names.push(name);
  return names;
}

test("an ended copy is kept for the set days, then nothing of it is left, and its key begins another", async () => {
  const world = await startWorld({ environment, persistent: true });
  const body = await request(world);
  const { id } = await world.start(body, headers);
  await world.untilEnded(id);
  await world.clock.advance(3 * day);
  expect(await world.get(id)).toMatchObject({ status: "succeeded" });
  const again = await world.call("POST", "/copies", { body, headers });
  expect(again.json).toMatchObject({ id, status: "succeeded" });

  await world.clock.advance(day);
  expect((await world.call("GET", `/copies/${id}`)).status).toBe(404);
  expect(await ledgerNames(world)).toEqual([]);
  expect(world.historyEvents()).toBe(0);
  const next = await world.start(body, headers);
  expect(next.id).not.toBe(id);
  expect(await world.untilEnded(next.id)).toMatchObject({ status: "succeeded" });
});

test("a copy that runs for longer than the set days keeps its record and its key until it has ended", async () => {
  const world = await startWorld({ environment, copies: { bytesPerSecond: 2 } }); // almost six days
  const body = await request(world);
  const { id } = await world.start(body, headers);
  await world.clock.advance(5 * day);
  expect(await world.get(id)).toMatchObject({ status: "copying" });
  const again = await world.call("POST", "/copies", { body, headers });
  expect(again.status).toBe(200);
  expect(again.json.id).toBe(id);

  const ended = await world.untilEnded(id, 48);
  expect(ended).toMatchObject({ status: "succeeded" });
  await world.clock.advance(Date.parse(ended.completedAt) + 3 * day - world.clock.now());
  expect(await world.get(id)).toMatchObject({ status: "succeeded" });
  await world.clock.advance(2 * day);
  expect((await world.call("GET", `/copies/${id}`)).status).toBe(404);
  expect(await ledgerNames(world)).toEqual([]);
});

test("a repaired copy is purged with its repair", async () => {
  const copies = { bytesPerSecond: 100 };
  const world = await startWorld({ environment, copies, persistent: true });
  const { id } = await world.start(await request(world));
  const url = `${world.local.host.url}/runtime/webhooks/durabletask/instances/${id}`;
  await fetch(`${url}/terminate`, { method: "POST" });
  expect(await world.untilEnded(id)).toMatchObject({ status: "succeeded" });
  await world.clock.advance(5 * day);
  expect(await ledgerNames(world)).toEqual([]);
  expect(world.historyEvents()).toBe(0);
});

test("a copy whose run was broken off before it held anything is purged, too", async () => {
  const world = await startWorld({ environment, persistent: true });
  const remove = world.local.emulator.faults.add({
    operation: "PutBlob",
    match: ({ target }) => target.includes("/locks/"),
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  const { id } = await world.start(await request(world));
  const url = `${world.local.host.url}/runtime/webhooks/durabletask/instances/${id}`;
  await fetch(`${url}/terminate`, { method: "POST" });
  await world.clock.settled();
  remove();
  expect(await world.get(id)).toMatchObject({ status: "failed", error: { cause: "internal" } });
  await world.clock.advance(5 * day);
  expect(await ledgerNames(world)).toEqual([]);
  expect(world.historyEvents()).toBe(0);
});

test("what cannot be purged now is purged later, and holds nothing else up", async () => {
  const world = await startWorld({ environment });
  const body = await request(world);
  const copies = [await world.start(body)];
  await world.untilEnded(copies[0].id);
  copies.push(await world.start(body));
  await world.untilEnded(copies[1].id);
  const remove = world.local.emulator.faults.add({
    operation: "DeleteBlob",
    match: ({ target }) => target.includes("/records/") && target.includes(copies[0].id),
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  await world.clock.advance(5 * day);
  const left = await ledgerNames(world);
  expect(left.filter((name) => name.startsWith("records/"))).toHaveLength(1);
  expect(left.join()).not.toContain(copies[1].id);
  remove();
  await world.clock.advance(hour);
  expect(await ledgerNames(world)).toEqual([]);
});
