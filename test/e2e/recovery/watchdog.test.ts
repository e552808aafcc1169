import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sized } from "../../support/campaign-size.ts";
import { writeManyBlobs } from "../../support/stack/many-blobs.ts";
import { firstAccount, hour, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(1_000_000, "film");
const slowly = { copies: { bytesPerSecond: 1_000 } }; // the film takes 1,000 s
const minute = 60_000;

/** A stack whose watchdog runs as often as in Azure. */
function startWatchedStack(options: Parameters<typeof startStack>[0]): Promise<TestStack> {
  const environment = { COPY_WATCHDOG: "", ...options?.environment };
  return startStack({ ...options, environment });
}

async function startCopy(stack: TestStack, to = "archive/film.mp4"): Promise<string> {
  const source = await stack.upload(to.replace("archive", "inbox"), film);
  const copy = await stack.start({ source: source.url, destination: stack.blob(to).url });
  await stack.clock.advance(minute);
  return String(copy.id);
}

/** Calls Durable's management routes, which only operators can access. */
async function manage(stack: TestStack, method: string, path: string): Promise<void> {
  const url = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${path}`;
  const { status } = await fetch(url, { method });
  expect([200, 202]).toContain(status);
  await stack.clock.settled();
}

const terminate = (stack: TestStack, id: string) =>
  manage(stack, "POST", `${id}/terminate?reason=mistake`);
/** Durable does not purge a running instance, so an operator terminates it first. */
const purge = async (stack: TestStack, id: string) => {
  await terminate(stack, id);
  await manage(stack, "DELETE", id);
};

async function listBlobs(stack: TestStack, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of stack.container("ferry-ledger").listBlobsFlat({ prefix })) {
    names.push(name);
  }
  return names;
}

function countRequests(stack: TestStack, operation: string): number {
  return stack.local.emulator.requests.filter((request) => request.operation === operation).length;
}

function warnings(stack: TestStack): string[] {
  const ours = stack.log.filter(({ level, subject }) => subject === "watchdog" && isBad(level));
  return ours.map(({ message }) => message);
}

function isBad(level: string): boolean {
  return level === "warning" || level === "error" || level === "critical";
}

test("a copy whose instance was terminated is followed by a repair, which records the true outcome", async () => {
  const stack = await startWatchedStack(slowly);
  const id = await startCopy(stack);
  const { copyId, startedAt } = await stack.get(id);
  await terminate(stack, id);
  // The copy is not completed: Storage is still copying.
  expect(await stack.get(id)).toMatchObject({ status: "copying", copyId, completedAt: null });
  expect((await stack.get(id)).warning).toContain("a repair takes the copy over");
  await stack.clock.advance(5 * minute);
  expect(await stack.get(id)).toMatchObject({ status: "copying", copyId, warning: null });

  const copy = await stack.untilEnded(id);
  expect(copy).toMatchObject({ status: "succeeded", copyId, startedAt, residue: [], error: null });
  expect((await stack.blob("archive/film.mp4").downloadToBuffer()).equals(film)).toBe(true);
  expect(countRequests(stack, "CopyBlob")).toBe(1);
  expect(await listBlobs(stack, "locks/")).toEqual([]);
});

test("a copy whose instance was purged is repaired from the ledger, including its SAS", async () => {
  const stack = await startWatchedStack(slowly);
  const source = await stack.upload("inbox/film.mp4", film, "devstoreaccount2");
  const destination = await stack.readSas(stack.blob("archive/film.mp4"), {
    permissions: "racwd",
    expiresAt: stack.clock.now() + 24 * hour,
  });
  const sas = await stack.readSas(source, { expiresAt: stack.clock.now() + 24 * hour });
  const { id } = await stack.start({ source: sas, destination });
  await stack.clock.advance(minute);
  await purge(stack, id);
  const lost = await stack.get(id);
  expect(lost).toMatchObject({ status: "copying", copyStatus: "pending", completedAt: null });
  expect(lost.warning).toContain("a repair takes the copy over");
  await stack.clock.advance(15 * minute);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", copyStatus: "success" });
  expect(countRequests(stack, "CopyBlob")).toBe(1);
  expect(await listBlobs(stack, "locks/")).toEqual([]);
});

test("a call repeated with its key finds a copy whose instance was purged, and starts no second one", async () => {
  const stack = await startWatchedStack(slowly);
  const source = await stack.upload("inbox/film.mp4", film);
  const body = { source: source.url, destination: stack.blob("archive/film.mp4").url };
  const headers = { "idempotency-key": "order-1" };
  const { id } = await stack.start(body, headers);
  await stack.clock.advance(minute);
  await purge(stack, id);
  const again = await stack.call("POST", "/copies", { body, headers });
  expect(again.status).toBe(200);
  expect(again.json).toMatchObject({ id, completedAt: null });
  await stack.clock.settled();
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", copyStatus: "success" });
  expect(countRequests(stack, "CopyBlob")).toBe(1);
});

test("an abort of a copy whose instance is broken reaches Storage immediately", async () => {
  const stack = await startWatchedStack(slowly);
  const id = await startCopy(stack);
  await terminate(stack, id);
  const response = await stack.call("POST", `/copies/${id}/abort`);
  expect(response.status).toBe(202);
  await stack.clock.settled();
  const copy = await stack.get(id);
  expect(copy).toMatchObject({ status: "aborted", copyStatus: "aborted", abortRequested: true });
  expect(await stack.blob("archive/film.mp4").exists()).toBe(false);
  expect((await stack.call("POST", `/copies/${id}/abort`)).status).toBe(200);
});

test("an abort reaches the repair that took the copy over", async () => {
  const stack = await startWatchedStack(slowly);
  const id = await startCopy(stack);
  await terminate(stack, id);
  await stack.clock.advance(5 * minute);
  expect((await stack.call("POST", `/copies/${id}/abort`)).status).toBe(202);
  await stack.clock.settled();
  expect(await stack.get(id)).toMatchObject({ status: "aborted", copyStatus: "aborted" });
  expect(await stack.blob("archive/film.mp4").exists()).toBe(false);
});

test("an abort that was in progress when the instance failed is completed", async () => {
  const stack = await startWatchedStack(slowly);
  const id = await startCopy(stack);
  const busy = { response: { status: 503, code: "ServerBusy" } };
  const remove = stack.local.emulator.faults.add({ operation: "AbortCopyBlob", do: busy });
  await stack.call("POST", `/copies/${id}/abort`);
  await stack.clock.settled();
  await terminate(stack, id);
  remove();
  await stack.clock.advance(5 * minute);
  expect(await stack.get(id)).toMatchObject({ status: "aborted", copyStatus: "aborted" });
  expect(await stack.blob("archive/film.mp4").exists()).toBe(false);
});

test("a copy whose instance is terminated between clean-up and recording the outcome is still `aborted`", async () => {
  const stack = await startWatchedStack(slowly);
  const id = await startCopy(stack);
  const remove = stack.local.emulator.faults.add({
    operation: "PutBlob",
    // The abort, and the mark of the clean-up, leave the record running.
    match: ({ target, headers }) =>
      target.includes("/records/") && headers["x-ms-meta-status"] !== "running",
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  expect((await stack.call("POST", `/copies/${id}/abort`)).status).toBe(202);
  await stack.clock.settled();
  expect(await stack.blob("archive/film.mp4").exists()).toBe(false);
  await terminate(stack, id);
  remove();
  await stack.clock.advance(5 * minute);
  expect(await stack.get(id)).toMatchObject({
    status: "aborted",
    residue: [],
    error: null,
  });
});

/**
 * An accepted abort to which Storage does not respond; then Durable loses the instance. Returns a function that
 * removes the fault.
 */
async function loseAborted(stack: TestStack, id: string): Promise<() => void> {
  const remove = stack.local.emulator.faults.add({
    operation: "AbortCopyBlob",
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  expect((await stack.call("POST", `/copies/${id}/abort`)).status).toBe(202);
  await stack.clock.settled();
  await purge(stack, id);
  expect(await stack.get(id)).toMatchObject({ status: "aborting", abortRequested: true });
  return remove;
}

test("an accepted abort is executed by the repair of a purged instance", async () => {
  const stack = await startWatchedStack(slowly);
  const id = await startCopy(stack);
  const remove = await loseAborted(stack, id);
  remove();
  await stack.clock.advance(15 * minute);
  expect(await stack.get(id)).toMatchObject({ status: "aborted", abortRequested: true });
  expect(await stack.blob("archive/film.mp4").exists()).toBe(false);
});

test("if the copy of a purged instance succeeds before its accepted abort, its success also shows the abort request", async () => {
  const stack = await startWatchedStack(slowly);
  const id = await startCopy(stack);
  await loseAborted(stack, id);
  stack.local.emulator.copies.finish({ container: "archive", blob: "film.mp4" });
  await stack.clock.advance(15 * minute);
  expect(await stack.get(id)).toMatchObject({
    status: "succeeded",
    abortRequested: true,
  });
});

test("an accepted abort is executed by the repair of an instance that lost its custom status", async () => {
  const stack = await startWatchedStack({ ...slowly, persistent: true });
  const id = await startCopy(stack);
  const remove = stack.local.emulator.faults.add({
    operation: "AbortCopyBlob",
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  expect((await stack.call("POST", `/copies/${id}/abort`)).status).toBe(202);
  await stack.clock.settled();
  const { copyId } = await stack.get(id);
  await terminate(stack, id);
  // As the extension stores a turn that failed without the SDK's state.
  const hub = new DatabaseSync(join(stack.stateDirectory ?? "", "task-hub.sqlite"));
  hub
    .prepare("UPDATE instances SET status = 'Failed', custom_status = NULL WHERE instance_id = ?")
    .run(id);
  hub.close();
  await stack.restart();
  const failed = { status: "aborting", copyId, copyStatus: "pending", abortRequested: true };
  expect(await stack.get(id)).toMatchObject(failed);
  remove();
  await stack.clock.advance(5 * minute);
  expect(await stack.get(id)).toMatchObject({ status: "aborted", abortRequested: true });
});

test("an abort that the ledger cannot record is not accepted", async () => {
  const stack = await startWatchedStack(slowly);
  const id = await startCopy(stack);
  const remove = stack.local.emulator.faults.add({
    operation: "PutBlob",
    match: ({ target }) => target.includes("/records/"),
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  expect((await stack.call("POST", `/copies/${id}/abort`)).status).toBe(503);
  remove();
  await stack.clock.settled();
  expect(await stack.get(id)).toMatchObject({ status: "copying", abortRequested: false });
});

test("if an instance is terminated while its start has no response, the copy is found and followed", async () => {
  const stack = await startWatchedStack(slowly);
  const { faults } = stack.local.emulator;
  faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
  const remove = [
    faults.add({ operation: "CopyBlob", do: "reset connection" }),
    faults.add({
      operation: "GetBlobProperties",
      match: ({ target }) =>
        target.includes("archive/film.mp4") && countRequests(stack, "CopyBlob") > 0,
      do: { response: { status: 503, code: "ServerBusy" } },
    }),
  ];
  const id = await startCopy(stack);
  expect(await stack.get(id)).toMatchObject({ status: "queued" });
  await terminate(stack, id);
  for (const each of remove) each();
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", copyStatus: "success" });
});

test("a copy whose instance breaks before the start has failed, and its destination is released", async () => {
  const stack = await startWatchedStack(slowly);
  const remove = stack.local.emulator.faults.add({
    operation: "GetBlobProperties",
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  const id = await startCopy(stack);
  await terminate(stack, id);
  remove();
  await stack.clock.advance(5 * minute);
  expect(await stack.get(id)).toMatchObject({ status: "failed", error: { cause: "internal" } });
  const again = await startCopy(stack);
  expect(await stack.untilEnded(again)).toMatchObject({ status: "succeeded" });
});

test("a repair that breaks is started again", async () => {
  const stack = await startWatchedStack({ copies: { bytesPerSecond: 100 } });
  const id = await startCopy(stack);
  await terminate(stack, id);
  await stack.clock.advance(5 * minute);
  await terminate(stack, `repair-${id}`);
  expect(await stack.get(id)).toMatchObject({ status: "copying", completedAt: null });
  await stack.clock.advance(70 * minute);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
});

test("an instance that misses its next poll is woken, at most once in six hours", async () => {
  const stack = await startWatchedStack({ copies: { bytesPerSecond: 1 }, persistent: true });
  const id = await startCopy(stack);
  await stack.clock.advance(hour);
  const before = await stack.get(id);
  // Durable loses the timer, as a queue can lose a message.
  const hub = new DatabaseSync(join(stack.stateDirectory ?? "", "task-hub.sqlite"));
  hub.exec("DELETE FROM timers");
  hub.close();
  await stack.restart();
  await stack.clock.advance(7 * hour);
  const after = await stack.get(id);
  expect(after.statusReads).toBeGreaterThan(before.statusReads);
  expect(warnings(stack).filter((line) => line.includes("was woken"))).toHaveLength(1);
});

test("an instance that ignores its wakes is woken every six hours, and not more often", async () => {
  const stack = await startWatchedStack({ copies: { bytesPerSecond: 1 }, persistent: true });
  const { nextReadAt } = await stack.get(await startCopy(stack));
  const hub = new DatabaseSync(join(stack.stateDirectory ?? "", "task-hub.sqlite"));
  hub.exec(`
    DELETE FROM timers;
    CREATE TRIGGER deaf BEFORE INSERT ON messages BEGIN SELECT RAISE(IGNORE); END;
  `);
  hub.close();
  await stack.restart();
  await stack.clock.advance(Date.parse(nextReadAt) + 13 * hour - stack.clock.now());
  expect(warnings(stack).filter((line) => line.includes("was woken"))).toHaveLength(3);
});

test("a copy whose instance breaks after the outcome was recorded shows that outcome, and needs no repair", async () => {
  const stack = await startWatchedStack(slowly);
  const id = await startCopy(stack);
  const remove = stack.local.emulator.faults.add({
    operation: "DeleteBlob",
    match: ({ target }) => target.includes("/locks/"),
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  await stack.clock.advance(20 * minute);
  await terminate(stack, id);
  expect(await stack.get(id)).toMatchObject({ status: "succeeded", error: null });
  remove();
  await stack.clock.advance(5 * minute);
  expect(await listBlobs(stack, "locks/")).toEqual([]);
  expect(await stack.get(id)).toMatchObject({ status: "succeeded", error: null });
  expect(warnings(stack).join()).not.toContain("repair");
});

test("an outcome that could not be recorded is recorded as soon as the ledger allows it", async () => {
  const stack = await startWatchedStack(slowly);
  const id = await startCopy(stack);
  const remove = stack.local.emulator.faults.add({
    operation: "PutBlob",
    match: ({ target }) => target.includes("/records/"),
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  const copy = await stack.untilEnded(id, 48);
  expect(copy).toMatchObject({ status: "succeeded" });
  expect(copy.residue.join()).toContain("could not check");
  remove();
  await stack.clock.advance(10 * minute);
  expect(await listBlobs(stack, "locks/")).toEqual([]);
  const [record = ""] = await listBlobs(stack, "records/");
  const kept = await stack.blob(`ferry-ledger/${record}`).downloadToBuffer();
  expect(JSON.parse(kept.toString()).outcome).toMatchObject({ status: "succeeded" });
});

test("a lock that a completed copy left behind is released", async () => {
  const stack = await startWatchedStack(slowly);
  const id = await startCopy(stack);
  const remove = stack.local.emulator.faults.add({
    operation: "DeleteBlob",
    match: ({ target }) => target.includes("/locks/"),
    do: { response: { status: 403, code: "AuthorizationFailure" } },
  });
  expect(await stack.untilEnded(id, 48)).toMatchObject({ status: "succeeded" });
  expect(await listBlobs(stack, "locks/")).toHaveLength(1);
  remove();
  await stack.clock.advance(10 * minute);
  expect(await listBlobs(stack, "locks/")).toEqual([]);
});

test(
  "thousands of locks are scanned in portions until each was read",
  { timeout: 60_000 },
  async () => {
    const stack = await startWatchedStack({ ...slowly, persistent: true });
    const completed = await startCopy(stack);
    await stack.untilEnded(completed);
    const running = await startCopy(stack, "archive/other.mp4");
    const ledger = stack.container("ferry-ledger");
    const [held = ""] = await listBlobs(stack, "locks/");
    const { copy } = JSON.parse((await ledger.getBlobClient(held).downloadToBuffer()).toString());
    const lockOf = (name: string, instanceId: string) => {
      const destination = stack.blob(name.replace("locks", "archive")).url;
      return JSON.stringify({ destination, instanceId, copy });
    };
    const put = (name: string, instanceId: string) => {
      const content = lockOf(`locks/${name}`, instanceId);
      return ledger.getBlockBlobClient(`locks/${name}`).upload(content, content.length);
    };
    writeManyBlobs(join(stack.stateDirectory ?? "", "storage.sqlite"), {
      account: firstAccount,
      container: "ferry-ledger",
      names: Array.from({ length: 2_100 }, (_, at) => `locks/${String(at).padStart(4, "0")}`),
      at: stack.clock.now(),
      contentOf: (name) => lockOf(name, running),
    });
    await put("the-last", completed);
    await stack.clock.advance(5 * minute);
    expect(await listBlobs(stack, "locks/the-last")).toHaveLength(1);
    await stack.clock.advance(5 * minute);
    expect(await listBlobs(stack, "locks/the-last")).toEqual([]);
    await put("0000", completed); // the next scan starts at the beginning again
    await stack.clock.advance(5 * minute);
    expect(await listBlobs(stack, "locks/0000")).toEqual([]);
  },
);

test("the watchdog does not touch healthy copies", async () => {
  const copies = { bytesPerSecond: sized({ small: 25, full: 10 }) }; // eleven hours, or more than a day
  const stack = await startWatchedStack({ copies, persistent: true });
  const ids = [await startCopy(stack), await startCopy(stack, "archive/other.mp4")];
  for (const id of ids)
    expect(await stack.untilEnded(id, 48)).toMatchObject({ status: "succeeded" });
  expect(warnings(stack)).toEqual([]);
  expect(stack.log.some(({ message }) => message.includes("repair"))).toBe(false);
});
