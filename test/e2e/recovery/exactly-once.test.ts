import { expect, test } from "vitest";
import { startWorld } from "../../support/stack/test-stack.ts";
import type { TestWorld } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(1_000_000, "film");
const slowly = { copies: { bytesPerSecond: 10_000 } };

async function request(world: TestWorld, to = "archive/film.mp4") {
  const source = await world.upload("inbox/film.mp4", film);
  return { source: source.url, destination: world.blob(to).url };
}

/** Starts that Storage acted on; a null status is an answer that was lost after the deed. */
function startsAtStorage(world: TestWorld): number {
  return world.local.emulator.requests.filter(
    ({ operation, status }) => operation === "CopyBlob" && (status === 202 || status === null),
  ).length;
}

test("the same Idempotency-Key and body give the same copy, even after it ended", async () => {
  const world = await startWorld(slowly);
  const body = await request(world);
  const headers = { "idempotency-key": "order-1" };
  const first = await world.call("POST", "/copies", { body, headers });
  const again = await world.call("POST", "/copies", { body, headers });
  expect([first.status, again.status]).toEqual([202, 200]);
  expect(again.json.id).toBe(first.json.id);
  await world.untilEnded(first.json.id);
  const late = await world.call("POST", "/copies", { body, headers });
  expect(late.status).toBe(200);
  expect(late.json).toMatchObject({ id: first.json.id, status: "succeeded" });
  expect(startsAtStorage(world)).toBe(1);
});

test("twenty calls at once with one Idempotency-Key start one copy", async () => {
  const world = await startWorld(slowly);
  const body = await request(world);
  const headers = { "idempotency-key": "order-1" };
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => world.call("POST", "/copies", { body, headers })),
  );
  expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1);
  for (const { status } of answers) expect([200, 202]).toContain(status);
  await world.untilEnded(answers[0]?.json.id);
  expect(startsAtStorage(world)).toBe(1);
});

test("an Idempotency-Key of another request is refused", async () => {
  const world = await startWorld(slowly);
  const headers = { "idempotency-key": "order-1" };
  await world.start(await request(world), headers);
  const body = await request(world, "archive/other.mp4");
  const answer = await world.call("POST", "/copies", { body, headers });
  expect(answer.status).toBe(409);
  expect(answer.json).toMatchObject({ type: "urn:ferry:problem:idempotency-key-reused" });
});

test("of two copies onto one destination the second is told which copy holds it", async () => {
  const world = await startWorld(slowly);
  const body = { ...(await request(world)), options: { overwrite: "always" } };
  const first = await world.start(body);
  const second = await world.start(body);
  const refused = await world.untilEnded(second.id, 0);
  expect(refused).toMatchObject({ status: "failed", error: { cause: "destination-busy" } });
  expect(refused.error.message).toContain(first.id);
  expect(await world.untilEnded(first.id)).toMatchObject({ status: "succeeded" });
});

test("a foreign pending copy on the destination is named, and neither aborted nor claimed", async () => {
  const world = await startWorld(slowly);
  const body = await request(world);
  const poller = await world.blob("archive/film.mp4").beginCopyFromURL(body.source);
  const foreign = (poller.getOperationState() as { copyId?: string }).copyId; // absent from its type
  const { id } = await world.start({ ...body, options: { overwrite: "always" } });
  const copy = await world.untilEnded(id, 0);
  expect(copy).toMatchObject({ status: "failed", error: { cause: "destination-busy" } });
  expect(copy.error.message).toContain(foreign);
  await world.clock.advance(200_000);
  expect((await world.blob("archive/film.mp4").downloadToBuffer()).equals(film)).toBe(true);
});

test("a start whose answer is lost is found again, not repeated", async () => {
  const world = await startWorld(slowly);
  world.local.emulator.faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
  const { id } = await world.start(await request(world));
  expect(await world.untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect(startsAtStorage(world)).toBe(1);
});

test("an abort of a copy whose start was never answered finds the copy and aborts it", async () => {
  const world = await startWorld(slowly);
  const body = await request(world);
  const { faults } = world.local.emulator;
  faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
  // Neither the second start nor the look after it is answered, until the abort is there.
  const remove = [
    faults.add({ operation: "CopyBlob", do: "reset connection" }),
    faults.add({
      operation: "GetBlobProperties",
      match: ({ target }) => target.includes("archive/film.mp4") && startsAtStorage(world) > 0,
      do: { response: { status: 503, code: "ServerBusy" } },
    }),
  ];
  const { id } = await world.start(body);
  await world.clock.advance(1_000);
  expect(await world.get(id)).toMatchObject({ status: "queued" });
  await world.call("POST", `/copies/${id}/abort`);
  await world.clock.advance(1_000);
  for (const each of remove) each();
  expect(await world.untilEnded(id)).toMatchObject({ status: "aborted", copyStatus: "aborted" });
  expect(await world.blob("archive/film.mp4").exists()).toBe(false);
});

test("an hour without answers from Storage delays a copy and does not fail it", async () => {
  const world = await startWorld(slowly);
  const { id } = await world.start(await request(world));
  const remove = world.local.emulator.faults.add({
    operation: "GetBlobProperties",
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  await world.clock.advance(3_600_000);
  expect(await world.get(id)).toMatchObject({ status: "copying" });
  expect((await world.get(id)).warning).toContain("503 ServerBusy");
  remove();
  expect(await world.untilEnded(id)).toMatchObject({ status: "succeeded" });
});

test("a copy goes on over restarts of the app, and is started once", async () => {
  const world = await startWorld({ ...slowly, persistent: true });
  const { id } = await world.start(await request(world));
  for (let lives = 0; lives < 3; lives++) {
    await world.clock.advance(10_000);
    await world.restart();
  }
  expect(await world.untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect((await world.blob("archive/film.mp4").downloadToBuffer()).equals(film)).toBe(true);
});
