import { expect, test } from "vitest";
import { hour, startWorld, withoutRounds } from "../../support/stack/test-stack.ts";
import type { TestWorld } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(1_000_000, "film");
const slowly = { copies: { bytesPerSecond: 10_000 } };

async function begin(world: TestWorld, overwrite = "fail") {
  const source = await world.upload("inbox/film.mp4", film);
  const destination = world.blob("archive/film.mp4");
  const options = { overwrite };
  const copy = await world.start({ source: source.url, destination: destination.url, options });
  return { id: String(copy.id), destination };
}

test("an abort of a pending copy ends it as aborted and leaves no empty blob behind", async () => {
  const world = await startWorld(slowly);
  const { id, destination } = await begin(world);
  await world.clock.advance(10_000);

  const answer = await world.call("POST", `/copies/${id}/abort`);
  expect(answer.status).toBe(202);
  expect(answer.json).toMatchObject({ status: "aborting", abortRequested: true });

  await world.clock.settled();
  const copy = await world.get(id);
  expect(copy).toMatchObject({
    status: "aborted",
    copyStatus: "aborted",
    abortRequested: true,
    error: null,
    residue: [],
  });
  expect(await destination.exists()).toBe(false);
});

test("an abort that comes twice is told that the copy is aborted already", async () => {
  const world = await startWorld(slowly);
  const { id } = await begin(world);
  await world.clock.advance(10_000);
  // Storage refuses the abort until both calls have their responses.
  const busy = { response: { status: 503, code: "ServerBusy" } };
  const relent = world.local.emulator.faults.add({ operation: "AbortCopyBlob", do: busy });
  const both = await Promise.all([1, 2].map(() => world.call("POST", `/copies/${id}/abort`)));
  expect(both.map(({ status }) => status)).toEqual([202, 202]);
  relent();
  await world.clock.advance(60_000);
  const late = await world.call("POST", `/copies/${id}/abort`);
  expect(late.status).toBe(200);
  expect(late.json.status).toBe("aborted");
  const aborts = world.local.emulator.requests.filter(
    ({ operation, status }) => operation === "AbortCopyBlob" && status === 204,
  );
  expect(aborts).toHaveLength(1);
});

test("an abort of a copy that has succeeded is refused and changes nothing", async () => {
  const world = await startWorld(slowly);
  const { id, destination } = await begin(world);
  await world.untilEnded(id);
  const answer = await world.call("POST", `/copies/${id}/abort`);
  expect(answer.status).toBe(409);
  expect(answer.json).toMatchObject({ type: "urn:ferry:problem:already-ended" });
  expect(await world.get(id)).toMatchObject({ status: "succeeded", abortRequested: false });
  expect((await destination.downloadToBuffer()).equals(film)).toBe(true);
});

test("a copy that ends before its abort reaches Storage has succeeded, and says that it was to be aborted", async () => {
  const world = await startWorld(slowly);
  const { id, destination } = await begin(world);
  await world.clock.advance(10_000);
  world.local.emulator.copies.finish({
    account: "devstoreaccount1",
    container: "archive",
    blob: "film.mp4",
  });
  await world.call("POST", `/copies/${id}/abort`);
  await world.clock.settled();
  expect(await world.get(id)).toMatchObject({ status: "succeeded", abortRequested: true });
  expect((await destination.downloadToBuffer()).equals(film)).toBe(true);
});

test("an abort before the start means that no copy is started", async () => {
  const world = await startWorld(slowly);
  // Prepare is not answered, so that the abort finds the copy still queued.
  const remove = world.local.emulator.faults.add({
    operation: "GetBlobProperties",
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  const { id } = await begin(world);
  await world.clock.advance(1_000);
  expect(await world.get(id)).toMatchObject({ status: "queued", copyId: null });
  await world.call("POST", `/copies/${id}/abort`);
  await world.clock.settled();
  remove();
  expect(await world.untilEnded(id)).toMatchObject({ status: "aborted", copyId: null });
  const starts = world.local.emulator.requests.filter(({ operation }) => operation === "CopyBlob");
  expect(starts).toEqual([]);
});

test("an abort of an overwrite says that the former content is gone", async () => {
  const world = await startWorld(slowly);
  await world.upload("archive/film.mp4", "former");
  const { id } = await begin(world, "always");
  await world.clock.advance(10_000);
  await world.call("POST", `/copies/${id}/abort`);
  const copy = await world.untilEnded(id);
  expect(copy).toMatchObject({ status: "aborted" });
  expect(copy.residue).toEqual([
    "The destination's former content is gone: the unsuccessful copy replaced it",
  ]);
});

test("after an abort the same destination can be copied onto at once", async () => {
  const world = await startWorld(slowly);
  const first = await begin(world);
  await world.clock.advance(10_000);
  await world.call("POST", `/copies/${first.id}/abort`);
  await world.untilEnded(first.id);
  const second = await begin(world);
  expect(await world.untilEnded(second.id)).toMatchObject({ status: "succeeded" });
});

test("an abort while Storage answers nothing is sent again until Storage answers", async () => {
  const world = await startWorld(slowly);
  const { id, destination } = await begin(world);
  await world.clock.advance(10_000);
  const busy = { response: { status: 503, code: "ServerBusy" } };
  const remove = [
    world.local.emulator.faults.add({ operation: "AbortCopyBlob", do: busy }),
    world.local.emulator.faults.add({ operation: "GetBlobProperties", do: busy }),
  ];
  await world.call("POST", `/copies/${id}/abort`);
  await world.clock.advance(30_000);
  expect(await world.get(id)).toMatchObject({ status: "aborting" });
  for (const each of remove) each();
  expect(await world.untilEnded(id)).toMatchObject({ status: "aborted" });
  expect(await destination.exists()).toBe(false);
});

test("thirteen days of waiting, a restart and an abort stay under a thousand events", async () => {
  const world = await startWorld({
    copies: { bytesPerSecond: 0 },
    persistent: true,
    environment: withoutRounds,
  });
  const { id } = await begin(world);
  await world.clock.advance(7 * 24 * hour);
  await world.restart();
  await world.clock.advance(6 * 24 * hour);
  await world.call("POST", `/copies/${id}/abort`);
  expect(await world.untilEnded(id)).toMatchObject({ status: "aborted" });
  expect(world.historyEvents()).toBeLessThan(1_000);
});
