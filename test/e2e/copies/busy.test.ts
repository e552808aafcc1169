import { expect, test } from "vitest";
import { hour, secondAccount, startStack, rareTimers } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(1_000_000, "film");
const slowly = { copies: { bytesPerSecond: 10_000 } };
const day = 24 * hour;
const destination = { container: "archive", blob: "film.mp4" };

async function request(
  stack: TestStack,
  options: Record<string, unknown> = {},
  from: { name: string; content: Buffer | string } = { name: "inbox/film.mp4", content: film },
) {
  const source = await stack.upload(from.name, from.content);
  const into = stack.blob("archive/film.mp4").url;
  return { source: source.url, destination: into, options: { overwrite: "always", ...options } };
}

/** Starts another client's copy onto the destination; returns its copyId. */
async function foreignCopy(stack: TestStack, to = "archive/film.mp4"): Promise<string> {
  const source = await stack.upload("elsewhere/other.mp4", Buffer.alloc(2_000_000, "other"));
  const poller = await stack.blob(to).beginCopyFromURL(source.url);
  return (poller.getOperationState() as { copyId?: string }).copyId ?? ""; // missing in its type
}

function countRequests(stack: TestStack, operation: string): number {
  return stack.local.emulator.requests.filter((each) => each.operation === operation).length;
}

async function readContent(stack: TestStack): Promise<Buffer> {
  return stack.blob("archive/film.mp4").downloadToBuffer();
}

test("ifBusy wait: a foreign copy completes undisturbed, then the destination is overwritten", async () => {
  const stack = await startStack(slowly);
  const body = await request(stack, { ifBusy: "wait" });
  const foreign = await foreignCopy(stack);
  const { id } = await stack.start(body);
  await stack.clock.advance(60_000);
  const waiting = await stack.get(id);
  expect(waiting).toMatchObject({ status: "queued", copyId: null, completedAt: null });
  expect(waiting.warning).toMatch("Waiting for another copy onto the destination to end (bytes ");
  expect(JSON.stringify(waiting)).not.toContain(foreign);
  expect(waiting.warning).toMatch(/bytes [1-9]\d*\/2000000/);
  expect(Date.parse(waiting.nextReadAt)).toBeGreaterThan(stack.clock.now());
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", warning: null });
  expect(countRequests(stack, "AbortCopyBlob")).toBe(0);
  expect((await readContent(stack)).equals(film)).toBe(true);
});

test.each(["wait", "replace"])(
  "ifBusy %s: Ferry waits for its own earlier copy, and never aborts it",
  async (ifBusy) => {
    const stack = await startStack(slowly);
    const first = await stack.start(await request(stack));
    const other = { name: "inbox/other.mp4", content: "other" };
    const second = await stack.start(await request(stack, { ifBusy }, other));
    await stack.clock.advance(30_000);
    const waiting = await stack.get(second.id);
    expect(waiting).toMatchObject({ status: "queued" });
    expect(waiting.warning).toContain("Waiting for another Ferry copy");
    expect(await stack.untilEnded(second.id)).toMatchObject({ status: "succeeded" });
    expect(await stack.get(first.id)).toMatchObject({ status: "succeeded" });
    expect(countRequests(stack, "AbortCopyBlob")).toBe(0);
    expect((await readContent(stack)).toString()).toBe("other");
  },
);

test("ifBusy wait: an abort takes effect immediately, and nothing is started", async () => {
  const stack = await startStack(slowly);
  const body = await request(stack, { ifBusy: "wait" });
  await foreignCopy(stack);
  const { id } = await stack.start(body);
  await stack.clock.advance(60_000);
  await stack.call("POST", `/copies/${id}/abort`);
  await stack.clock.settled();
  expect(await stack.get(id)).toMatchObject({ status: "aborted", copyId: null, residue: [] });
  expect(countRequests(stack, "AbortCopyBlob")).toBe(0);
  await stack.clock.advance(300_000);
  expect((await readContent(stack)).length).toBe(2_000_000);
});

test("ifBusy wait lasts at most two weeks, with about forty polls and few history events, across restarts", async () => {
  const stack = await startStack({ ...slowly, persistent: true, environment: rareTimers });
  // The first of two Ferry copies stalls until Storage fails it, after two weeks.
  const first = await stack.start(await request(stack));
  await stack.clock.advance(5_000);
  stack.local.emulator.copies.stall(destination);
  const other = { name: "inbox/other.mp4", content: "other" };
  const { id } = await stack.start(await request(stack, { ifBusy: "wait" }, other));
  await stack.clock.advance(10 * day);
  await stack.restart();
  const reads = stack.countHistoryEvents();
  expect(await stack.get(id)).toMatchObject({ status: "queued" });
  await stack.untilEnded(first.id, 8 * 24);
  const copy = await stack.untilEnded(id, 8 * 24);
  expect(["succeeded", "failed"]).toContain(copy.status);
  expect(reads).toBeLessThan(1_000);
});

test("a destination that stays busy fails the copy, which reports how long it waited", async () => {
  const stack = await startStack({ ...slowly, persistent: true, environment: rareTimers });
  const body = await request(stack, { ifBusy: "wait" });
  await foreignCopy(stack);
  stack.local.emulator.copies.stall(destination);
  const { id } = await stack.start(body);
  // One foreign copy after another takes the destination before Ferry finds it free.
  for (let week = 0; week < 2; week++) {
    await stack.clock.advance(7 * day - 60_000);
    // Late in a long wait, a short outage has no more effect than at the beginning.
    const response = { status: 503, code: "ServerBusy" };
    stack.local.emulator.faults.add({
      operation: "GetBlobProperties",
      match: ({ target }) => target.includes("inbox"),
      times: 4,
      do: { response },
    });
    await stack.blob("archive/film.mp4").abortCopyFromURL(await readCopyId(stack));
    await foreignCopy(stack);
    stack.local.emulator.copies.stall(destination);
  }
  const copy = await stack.untilEnded(id, 48);
  expect(copy).toMatchObject({ status: "failed", error: { cause: "destination-busy" } });
  expect(copy.error.message).toContain("waited 14 days");
  expect(stack.countHistoryEvents()).toBeLessThan(450);
});

async function readCopyId(stack: TestStack): Promise<string> {
  return (await stack.blob("archive/film.mp4").getProperties()).copyId ?? "";
}

test("ifBusy replace: a foreign copy is aborted by its copyId, and the destination is overwritten", async () => {
  const stack = await startStack(slowly);
  const body = await request(stack, { ifBusy: "replace" });
  const foreign = await foreignCopy(stack);
  await stack.clock.advance(20_000);
  const { id } = await stack.start(body);
  expect(await stack.get(id)).toMatchObject({ status: "copying" });
  const aborts = stack.local.emulator.requests.filter(
    ({ operation }) => operation === "AbortCopyBlob",
  );
  expect(aborts).toHaveLength(1);
  expect(aborts[0]?.url).toContain(foreign);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect((await readContent(stack)).equals(film)).toBe(true);
});

test("ifBusy replace: an abort without a response is retried, and the copy is started once", async () => {
  const stack = await startStack(slowly);
  const body = await request(stack, { ifBusy: "replace" });
  await foreignCopy(stack);
  stack.local.emulator.faults.add({ operation: "AbortCopyBlob", times: 1, do: "lose response" });
  const { id } = await stack.start(body);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect(countRequests(stack, "CopyBlob")).toBe(2); // the foreign copy and ours
});

test("ifBusy replace: an abort that Storage refuses fails the copy, and nothing is started", async () => {
  const stack = await startStack(slowly);
  const body = await request(stack, { ifBusy: "replace" });
  const foreign = await foreignCopy(stack);
  stack.local.emulator.faults.add({
    operation: "AbortCopyBlob",
    do: { response: { status: 412, code: "LeaseIdMissing" } },
  });
  const { id } = await stack.start(body);
  const copy = await stack.untilEnded(id, 0);
  expect(copy).toMatchObject({ status: "failed", error: { cause: "destination-leased" } });
  expect(copy.error.message).toContain("abort the other copy onto ");
  expect(JSON.stringify(copy)).not.toContain(foreign);
  expect(countRequests(stack, "CopyBlob")).toBe(1);
});

test.each(["fail", "skip", "if-newer", undefined])(
  "ifBusy replace is rejected together with overwrite %s, and no foreign copy is aborted",
  async (overwrite) => {
    const stack = await startStack(slowly);
    const body = await request(stack);
    await foreignCopy(stack);
    const options = { ifBusy: "replace", ...(overwrite === undefined ? {} : { overwrite }) };
    const response = await stack.call("POST", "/copies", { body: { ...body, options } });
    expect(response.status).toBe(400);
    expect(response.json.errors).toEqual([
      { pointer: "/options/ifBusy", message: expect.stringContaining('"always"') },
    ]);
    expect(countRequests(stack, "AbortCopyBlob")).toBe(0);
  },
);

test("a source that is the destination of a pending copy is copied after that copy completes", async () => {
  const stack = await startStack(slowly);
  await stack.upload("inbox/x", "x");
  const onto = await foreignCopy(stack, "inbox/chained.mp4");
  const source = stack.blob("inbox/chained.mp4").url;
  const { id } = await stack.start({ source, destination: stack.blob("archive/film.mp4").url });
  await stack.clock.advance(60_000);
  const waiting = await stack.get(id);
  expect(waiting).toMatchObject({ status: "queued" });
  expect(waiting.warning).toMatch("Waiting for another copy onto the source to end (bytes ");
  expect(JSON.stringify(waiting)).not.toContain(onto);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect((await readContent(stack)).equals(Buffer.alloc(2_000_000, "other"))).toBe(true);
});

test("a pending source that is deleted while Ferry waits is reported as not found", async () => {
  const stack = await startStack(slowly);
  await stack.upload("inbox/x", "x");
  const copyId = await foreignCopy(stack, "inbox/chained.mp4");
  const source = stack.blob("inbox/chained.mp4");
  const { id } = await stack.start({
    source: source.url,
    destination: stack.blob("archive/film.mp4").url,
  });
  await stack.clock.advance(60_000);
  await source.abortCopyFromURL(copyId);
  await source.delete();
  expect(await stack.untilEnded(id)).toMatchObject({
    status: "failed",
    error: { cause: "source-not-found" },
  });
});

test("Ferry waits for a pending source in another account by reading it with its SAS", async () => {
  const stack = await startStack({
    ...slowly,
    environment: { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") },
  });
  const original = await stack.upload("inbox/film.mp4", film, secondAccount);
  const chained = stack.blob("inbox/chained.mp4", secondAccount);
  await chained.beginCopyFromURL(original.url);
  const { id } = await stack.start({
    source: await stack.readSas(chained),
    destination: stack.blob("archive/film.mp4").url,
  });
  expect((await stack.get(id)).warning).toContain("onto the source to end");
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
});

test("default values do not affect the fingerprint: the same Idempotency-Key matches", async () => {
  const stack = await startStack(slowly);
  const body = await request(stack);
  const headers = { "idempotency-key": "order-1" };
  const first = await stack.call("POST", "/copies", { body, headers });
  const options = { ...body.options, ifBusy: "fail" };
  const again = await stack.call("POST", "/copies", { body: { ...body, options }, headers });
  expect([first.status, again.status]).toEqual([202, 200]);
  const waits = { ...body.options, ifBusy: "wait" };
  const other = await stack.call("POST", "/copies", { body: { ...body, options: waits }, headers });
  expect(other.status).toBe(409);
});

/** Storage's possible responses to a read while a copy onto the blob is pending. */
const pendingCopy = {
  operation: "GetBlobProperties",
  match: ({ target }: { target: string }) => target.includes("/archive/"),
  do: { response: { status: 409, code: "PendingCopyOperation" } },
} as const;

test("PendingCopyOperation for the first read of the destination is destination-busy", async () => {
  const stack = await startStack(slowly);
  const body = await request(stack);
  stack.local.emulator.faults.add({ ...pendingCopy, times: 1 });
  const { id } = await stack.start(body);
  expect(await stack.untilEnded(id, 1)).toMatchObject({
    status: "failed",
    error: { cause: "destination-busy", storage: { status: 409, code: "PendingCopyOperation" } },
  });
});

test.each(["wait", "replace"])(
  "ifBusy %s: Ferry waits while reads of the destination get PendingCopyOperation",
  async (ifBusy) => {
    const stack = await startStack(slowly);
    const body = await request(stack, { ifBusy });
    stack.local.emulator.faults.add({ ...pendingCopy, times: 3 });
    const { id } = await stack.start(body);
    expect(await stack.get(id)).toMatchObject({
      status: "queued",
      warning: "Waiting for a pending copy onto the destination to end",
    });
    expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
    expect(countRequests(stack, "AbortCopyBlob")).toBe(0);
  },
);

test("PendingCopyOperation for a later read is a transient failure", async () => {
  const stack = await startStack(slowly);
  const { id } = await stack.start(await request(stack));
  stack.local.emulator.faults.add({ ...pendingCopy, times: 2 });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
});
