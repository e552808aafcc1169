import { expect, test } from "vitest";
import { hour, rareTimers, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(1_000_000, "film");
const day = 24 * hour;
const headers = { "idempotency-key": "order-1" };
const repairing = { COPY_RETENTION_DAYS: "3" };
/** The watchdog runs once a day, because only repairs need it. */
const environment = { ...repairing, COPY_WATCHDOG: rareTimers.COPY_WATCHDOG };

async function request(stack: TestStack) {
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4").url;
  return { source: source.url, destination, options: { overwrite: "always" } };
}

async function ledgerNames(stack: TestStack): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of stack.container("ferry-ledger").listBlobsFlat()) names.push(name);
  return names;
}

test("a completed copy is kept for the configured days and then purged, and its key starts a new copy", async () => {
  const stack = await startStack({ environment, persistent: true });
  const body = await request(stack);
  const { id } = await stack.start(body, headers);
  await stack.untilEnded(id);
  await stack.clock.advance(3 * day);
  expect(await stack.get(id)).toMatchObject({ status: "succeeded" });
  const again = await stack.call("POST", "/copies", { body, headers });
  expect(again.json).toMatchObject({ id, status: "succeeded" });

  await stack.clock.advance(day);
  expect((await stack.call("GET", `/copies/${id}`)).status).toBe(404);
  expect(await ledgerNames(stack)).toEqual([]);
  expect(stack.countHistoryEvents()).toBe(0);
  const next = await stack.start(body, headers);
  expect(next.id).not.toBe(id);
  expect(await stack.untilEnded(next.id)).toMatchObject({ status: "succeeded" });
});

test("a copy that runs longer than the configured days keeps its record and key until it has completed", async () => {
  const stack = await startStack({ environment, copies: { bytesPerSecond: 2 } }); // almost six days
  const body = await request(stack);
  const { id } = await stack.start(body, headers);
  await stack.clock.advance(5 * day);
  expect(await stack.get(id)).toMatchObject({ status: "copying" });
  const again = await stack.call("POST", "/copies", { body, headers });
  expect(again.status).toBe(200);
  expect(again.json.id).toBe(id);

  const completed = await stack.untilEnded(id, 48);
  expect(completed).toMatchObject({ status: "succeeded" });
  await stack.clock.advance(Date.parse(completed.completedAt) + 3 * day - stack.clock.now());
  expect(await stack.get(id)).toMatchObject({ status: "succeeded" });
  await stack.clock.advance(2 * day);
  expect((await stack.call("GET", `/copies/${id}`)).status).toBe(404);
  expect(await ledgerNames(stack)).toEqual([]);
});

test("a repaired copy is purged together with its repair", async () => {
  const copies = { bytesPerSecond: 100 };
  const stack = await startStack({ environment: repairing, copies, persistent: true });
  const { id } = await stack.start(await request(stack));
  const url = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${id}`;
  await fetch(`${url}/terminate`, { method: "POST" });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  await stack.clock.advance(5 * day);
  expect(await ledgerNames(stack)).toEqual([]);
  expect(stack.countHistoryEvents()).toBe(0);
});

test("a copy whose instance failed before it held a lock is also purged", async () => {
  const stack = await startStack({ environment, persistent: true });
  const remove = stack.local.emulator.faults.add({
    operation: "PutBlob",
    match: ({ target }) => target.includes("/locks/"),
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  const { id } = await stack.start(await request(stack));
  const url = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${id}`;
  await fetch(`${url}/terminate`, { method: "POST" });
  await stack.clock.settled();
  remove();
  expect(await stack.get(id)).toMatchObject({ status: "failed", error: { cause: "internal" } });
  await stack.clock.advance(5 * day);
  expect(await ledgerNames(stack)).toEqual([]);
  expect(stack.countHistoryEvents()).toBe(0);
});

test("a copy whose instance was terminated before its first step is purged with its claim, and others stay", async () => {
  const stack = await startStack({ environment, persistent: true });
  const body = await request(stack);
  const remove = stack.local.emulator.faults.add({
    operation: "PutBlob",
    match: ({ target }) => target.includes("/locks/") || target.includes("/records/"),
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  const { id } = await stack.start(body, headers);
  const url = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${id}`;
  await fetch(`${url}/terminate`, { method: "POST" });
  await stack.clock.settled();
  remove();
  expect(await ledgerNames(stack)).toEqual([expect.stringContaining("claims/")]);
  await stack.clock.advance(3 * day);
  expect(await stack.get(id)).toMatchObject({ status: "failed", error: { cause: "internal" } });
  const recent = await stack.start(body);
  await stack.untilEnded(recent.id);

  await stack.clock.advance(2 * day);
  expect((await stack.call("GET", `/copies/${id}`)).status).toBe(404);
  expect(await stack.get(recent.id)).toMatchObject({ status: "succeeded" });
  expect(await ledgerNames(stack)).toEqual([expect.stringContaining(recent.id)]);
  await stack.clock.advance(3 * day);
  expect(stack.countHistoryEvents()).toBe(0);
});

test("an entry that cannot be purged is purged later, and does not block others", async () => {
  const stack = await startStack({ environment });
  const body = await request(stack);
  const copies = [await stack.start(body)];
  await stack.untilEnded(copies[0].id);
  copies.push(await stack.start(body));
  await stack.untilEnded(copies[1].id);
  const remove = stack.local.emulator.faults.add({
    operation: "DeleteBlob",
    match: ({ target }) => target.includes("/records/") && target.includes(copies[0].id),
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  await stack.clock.advance(5 * day);
  const remaining = await ledgerNames(stack);
  expect(remaining.filter((name) => name.startsWith("records/"))).toHaveLength(1);
  expect(remaining.join()).not.toContain(copies[1].id);
  remove();
  await stack.clock.advance(hour);
  expect(await ledgerNames(stack)).toEqual([]);
});
