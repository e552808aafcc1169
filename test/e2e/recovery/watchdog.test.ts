import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hour, startWorld as startAnyWorld } from "../../support/stack/test-stack.ts";
import type { TestWorld } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(1_000_000, "film");
const slowly = { copies: { bytesPerSecond: 1_000 } }; // the film takes 1,000 s
const minute = 60_000;

/** A world whose watchdog walks as often as in Azure. */
function startWorld(options: Parameters<typeof startAnyWorld>[0]): Promise<TestWorld> {
  const environment = { COPY_WATCHDOG: "", ...options?.environment };
  return startAnyWorld({ ...options, environment });
}

async function begin(world: TestWorld, to = "archive/film.mp4"): Promise<string> {
  const source = await world.upload(to.replace("archive", "inbox"), film);
  const copy = await world.start({ source: source.url, destination: world.blob(to).url });
  await world.clock.advance(minute);
  return String(copy.id);
}

/** Durable's management routes, which operators have and callers have not. */
async function manage(world: TestWorld, method: string, path: string): Promise<void> {
  const url = `${world.local.host.url}/runtime/webhooks/durabletask/instances/${path}`;
  const { status } = await fetch(url, { method });
  expect([200, 202]).toContain(status);
  await world.clock.settled();
}

const terminate = (world: TestWorld, id: string) =>
  manage(world, "POST", `${id}/terminate?reason=mistake`);
const purge = (world: TestWorld, id: string) => manage(world, "DELETE", id);

async function blobsIn(world: TestWorld, room: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of world.container("ferry-ledger").listBlobsFlat({ prefix: room })) {
    names.push(name);
  }
  return names;
}

function count(world: TestWorld, operation: string): number {
  return world.local.emulator.requests.filter((request) => request.operation === operation).length;
}

function warnings(world: TestWorld): string[] {
  const ours = world.log.filter(({ level, subject }) => subject === "watchdog" && isBad(level));
  return ours.map(({ message }) => message);
}

function isBad(level: string): boolean {
  return level === "warning" || level === "error" || level === "critical";
}

test("a copy whose run was terminated is followed to its end by a repair, and told as it really ended", async () => {
  const world = await startWorld(slowly);
  const id = await begin(world);
  const { copyId, startedAt } = await world.get(id);
  await terminate(world, id);
  // Nothing has ended yet: Storage still copies.
  expect(await world.get(id)).toMatchObject({ status: "copying", copyId, completedAt: null });
  expect((await world.get(id)).warning).toContain("a repair takes the copy over");
  await world.clock.advance(5 * minute);
  expect(await world.get(id)).toMatchObject({ status: "copying", copyId, warning: null });

  const copy = await world.untilEnded(id);
  expect(copy).toMatchObject({ status: "succeeded", copyId, startedAt, residue: [], error: null });
  expect((await world.blob("archive/film.mp4").downloadToBuffer()).equals(film)).toBe(true);
  expect(count(world, "CopyBlob")).toBe(1);
  expect(await blobsIn(world, "locks/")).toEqual([]);
});

test("a copy whose run Durable has lost is repaired from what the ledger keeps, its SAS included", async () => {
  const world = await startWorld(slowly);
  const source = await world.upload("inbox/film.mp4", film, "devstoreaccount2");
  const destination = await world.readSas(world.blob("archive/film.mp4"), {
    permissions: "racwd",
    expiresAt: world.clock.now() + 24 * hour,
  });
  const sas = await world.readSas(source, { expiresAt: world.clock.now() + 24 * hour });
  const { id } = await world.start({ source: sas, destination });
  await world.clock.advance(minute);
  await purge(world, id);
  expect((await world.call("GET", `/copies/${id}`)).status).toBe(404);
  await world.clock.advance(15 * minute);
  expect(await world.untilEnded(id)).toMatchObject({ status: "succeeded", copyStatus: "success" });
  expect(count(world, "CopyBlob")).toBe(1);
  expect(await blobsIn(world, "locks/")).toEqual([]);
});

test("a call repeated with its key finds the copy that Durable has lost, and starts no second one", async () => {
  const world = await startWorld(slowly);
  const source = await world.upload("inbox/film.mp4", film);
  const body = { source: source.url, destination: world.blob("archive/film.mp4").url };
  const headers = { "idempotency-key": "order-1" };
  const { id } = await world.start(body, headers);
  await world.clock.advance(minute);
  await purge(world, id);
  const again = await world.call("POST", "/copies", { body, headers });
  expect(again.status).toBe(200);
  expect(again.json).toMatchObject({ id, completedAt: null });
  await world.clock.settled();
  expect(await world.untilEnded(id)).toMatchObject({ status: "succeeded", copyStatus: "success" });
  expect(count(world, "CopyBlob")).toBe(1);
});

test("an abort of a copy whose run was broken off aborts it at Storage at once", async () => {
  const world = await startWorld(slowly);
  const id = await begin(world);
  await terminate(world, id);
  const answer = await world.call("POST", `/copies/${id}/abort`);
  expect(answer.status).toBe(202);
  await world.clock.settled();
  const copy = await world.get(id);
  expect(copy).toMatchObject({ status: "aborted", copyStatus: "aborted", abortRequested: true });
  expect(await world.blob("archive/film.mp4").exists()).toBe(false);
  expect((await world.call("POST", `/copies/${id}/abort`)).status).toBe(200);
});

test("an abort reaches the repair that has taken the copy over", async () => {
  const world = await startWorld(slowly);
  const id = await begin(world);
  await terminate(world, id);
  await world.clock.advance(5 * minute);
  expect((await world.call("POST", `/copies/${id}/abort`)).status).toBe(202);
  await world.clock.settled();
  expect(await world.get(id)).toMatchObject({ status: "aborted", copyStatus: "aborted" });
  expect(await world.blob("archive/film.mp4").exists()).toBe(false);
});

test("an abort that was under way when the run was broken off is brought to its end", async () => {
  const world = await startWorld(slowly);
  const id = await begin(world);
  const busy = { response: { status: 503, code: "ServerBusy" } };
  const remove = world.local.emulator.faults.add({ operation: "AbortCopyBlob", do: busy });
  await world.call("POST", `/copies/${id}/abort`);
  await world.clock.settled();
  await terminate(world, id);
  remove();
  await world.clock.advance(5 * minute);
  expect(await world.get(id)).toMatchObject({ status: "aborted", copyStatus: "aborted" });
  expect(await world.blob("archive/film.mp4").exists()).toBe(false);
});

test("a run that is broken off between cleaning up and keeping the outcome has still been aborted", async () => {
  const world = await startWorld(slowly);
  const id = await begin(world);
  const remove = world.local.emulator.faults.add({
    operation: "PutBlob",
    match: ({ target }) => target.includes("/records/"),
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  await world.call("POST", `/copies/${id}/abort`);
  await world.clock.settled();
  expect(await world.blob("archive/film.mp4").exists()).toBe(false);
  await terminate(world, id);
  remove();
  await world.clock.advance(5 * minute);
  expect(await world.get(id)).toMatchObject({ status: "aborted", residue: [], error: null });
});

test("a run that is broken off while its start is unanswered: the copy is found and followed", async () => {
  const world = await startWorld(slowly);
  const { faults } = world.local.emulator;
  faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
  const remove = [
    faults.add({ operation: "CopyBlob", do: "reset connection" }),
    faults.add({
      operation: "GetBlobProperties",
      match: ({ target }) => target.includes("archive/film.mp4") && count(world, "CopyBlob") > 0,
      do: { response: { status: 503, code: "ServerBusy" } },
    }),
  ];
  const id = await begin(world);
  expect(await world.get(id)).toMatchObject({ status: "queued" });
  await terminate(world, id);
  for (const each of remove) each();
  expect(await world.untilEnded(id)).toMatchObject({ status: "succeeded", copyStatus: "success" });
});

test("a run that is broken off before its start has failed, and its destination is free", async () => {
  const world = await startWorld(slowly);
  const remove = world.local.emulator.faults.add({
    operation: "GetBlobProperties",
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  const id = await begin(world);
  await terminate(world, id);
  remove();
  await world.clock.advance(5 * minute);
  expect(await world.get(id)).toMatchObject({ status: "failed", error: { cause: "internal" } });
  const again = await begin(world);
  expect(await world.untilEnded(again)).toMatchObject({ status: "succeeded" });
});

test("a repair that is broken off itself is begun again", async () => {
  const world = await startWorld({ copies: { bytesPerSecond: 100 } });
  const id = await begin(world);
  await terminate(world, id);
  await world.clock.advance(5 * minute);
  await terminate(world, `repair-${id}`);
  expect(await world.get(id)).toMatchObject({ status: "copying", completedAt: null });
  await world.clock.advance(70 * minute);
  expect(await world.untilEnded(id)).toMatchObject({ status: "succeeded" });
});

test("a run that sleeps past its next look is woken, and not more than once in six hours", async () => {
  const world = await startWorld({ copies: { bytesPerSecond: 1 }, persistent: true });
  const id = await begin(world);
  await world.clock.advance(hour);
  const before = await world.get(id);
  // Durable loses the timer, as a queue may lose its message.
  const hub = new DatabaseSync(join(world.stateDirectory ?? "", "task-hub.sqlite"));
  hub.exec("DELETE FROM timers");
  hub.close();
  await world.restart();
  await world.clock.advance(7 * hour);
  const after = await world.get(id);
  expect(after.statusReads).toBeGreaterThan(before.statusReads);
  expect(warnings(world).filter((line) => line.includes("was woken"))).toHaveLength(1);
});

test("a run that no wake reaches is woken every six hours, no oftener", async () => {
  const world = await startWorld({ copies: { bytesPerSecond: 1 }, persistent: true });
  const { nextReadAt } = await world.get(await begin(world));
  const hub = new DatabaseSync(join(world.stateDirectory ?? "", "task-hub.sqlite"));
  hub.exec(`
    DELETE FROM timers;
    CREATE TRIGGER deaf BEFORE INSERT ON messages BEGIN SELECT RAISE(IGNORE); END;
  `);
  hub.close();
  await world.restart();
  await world.clock.advance(Date.parse(nextReadAt) + 13 * hour - world.clock.now());
  expect(warnings(world).filter((line) => line.includes("was woken"))).toHaveLength(3);
});

test("a run that is broken off after its outcome was kept tells that outcome, and needs no repair", async () => {
  const world = await startWorld(slowly);
  const id = await begin(world);
  const remove = world.local.emulator.faults.add({
    operation: "DeleteBlob",
    match: ({ target }) => target.includes("/locks/"),
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  await world.clock.advance(20 * minute);
  await terminate(world, id);
  expect(await world.get(id)).toMatchObject({ status: "succeeded", error: null });
  remove();
  await world.clock.advance(5 * minute);
  expect(await blobsIn(world, "locks/")).toEqual([]);
  expect(await world.get(id)).toMatchObject({ status: "succeeded", error: null });
  expect(warnings(world).join()).not.toContain("repair");
});

test("a copy that ended while its outcome could not be kept is noted as ended when that is possible", async () => {
  const world = await startWorld(slowly);
  const id = await begin(world);
  const remove = world.local.emulator.faults.add({
    operation: "PutBlob",
    match: ({ target }) => target.includes("/records/"),
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  const copy = await world.untilEnded(id, 48);
  expect(copy).toMatchObject({ status: "succeeded" });
  expect(copy.residue.join()).toContain("could not be looked at");
  remove();
  await world.clock.advance(10 * minute);
  expect(await blobsIn(world, "locks/")).toEqual([]);
  const [record = ""] = await blobsIn(world, "records/");
  const kept = await world.blob(`ferry-ledger/${record}`).downloadToBuffer();
  expect(JSON.parse(kept.toString()).outcome).toMatchObject({ status: "succeeded" });
});

test("a lock that an ended copy left behind is freed", async () => {
  const world = await startWorld(slowly);
  const id = await begin(world);
  const remove = world.local.emulator.faults.add({
    operation: "DeleteBlob",
    match: ({ target }) => target.includes("/locks/"),
    do: { response: { status: 403, code: "AuthorizationFailure" } },
  });
  expect(await world.untilEnded(id, 48)).toMatchObject({ status: "succeeded" });
  expect(await blobsIn(world, "locks/")).toHaveLength(1);
  remove();
  await world.clock.advance(10 * minute);
  expect(await blobsIn(world, "locks/")).toEqual([]);
});

test("thousands of locks are walked some at a time, all in turn", { timeout: 60_000 }, async () => {
  const world = await startWorld(slowly);
  const ended = await begin(world);
  await world.untilEnded(ended);
  const running = await begin(world, "archive/other.mp4");
  const ledger = world.container("ferry-ledger");
  const put = (name: string, instanceId: string) => {
    const content = JSON.stringify({ instanceId, fenced: true, attempts: [], copyId: null });
    return ledger.getBlockBlobClient(`locks/${name}`).upload(content, content.length);
  };
  for (let made = 0; made < 2_100; made += 100) {
    const names = Array.from({ length: 100 }, (_, at) => String(made + at).padStart(4, "0"));
    await Promise.all(names.map((name) => put(name, running)));
  }
  await put("the-last", ended);
  await world.clock.advance(5 * minute);
  expect(await blobsIn(world, "locks/the-last")).toHaveLength(1);
  await world.clock.advance(5 * minute);
  expect(await blobsIn(world, "locks/the-last")).toEqual([]);
  await put("0000", ended); // the walk after the last one begins at the beginning
  await world.clock.advance(5 * minute);
  expect(await blobsIn(world, "locks/0000")).toEqual([]);
});

test("copies that are well are never touched", async () => {
  const world = await startWorld({ copies: { bytesPerSecond: 10 }, persistent: true });
  const ids = [await begin(world), await begin(world, "archive/other.mp4")];
  for (const id of ids)
    expect(await world.untilEnded(id, 48)).toMatchObject({ status: "succeeded" });
  expect(warnings(world)).toEqual([]);
  expect(world.log.some(({ message }) => message.includes("repair"))).toBe(false);
});
