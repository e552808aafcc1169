import { expect, test } from "vitest";
import { createStackFiles } from "../../support/stack/stack-files.ts";
import { createEvent, deliver, inboxRoutes } from "../../support/stack/events.ts";
import { hour, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const slowly = { bytesPerSecond: 10_000 };
const minute = 60_000;
const second = 1_000;
const version = (number: number) => Buffer.alloc(1_000_000, `version ${number}`);
const ifNewer = { overwrite: "if-newer" };
const alongRoute = { COPY_ALLOWED: "[]", ...inboxRoutes({ options: ifNewer }) };
const sealing = { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") };

/** An older blob at the destination, and the source. */
async function upload(stack: TestStack) {
  const older = await stack.upload("archive/film.mp4", "version 1");
  await stack.clock.advance(minute);
  const source = await stack.upload("inbox/film.mp4", version(2));
  await stack.clock.advance(minute);
  return { older, source };
}

async function abort(stack: TestStack, id: string) {
  await stack.clock.advance(10 * second);
  await stack.call("POST", `/copies/${id}/abort`);
  return await stack.untilEnded(id);
}

async function retry(stack: TestStack, id: string) {
  const { json } = await stack.call("POST", `/copies/${id}/retry`);
  return await stack.untilEnded(json.id);
}

test("a blob that is written again while its event's copy runs is copied, although that copy emptied the destination", async () => {
  const stack = await startStack({ settings: alongRoute, copies: slowly });
  const { older, source } = await upload(stack);
  await deliver(stack, await createEvent(source));
  await stack.clock.advance(10 * second);
  await source.uploadData(version(3));
  await deliver(stack, await createEvent(source));
  await stack.clock.advance(hour);
  const { items } = (await stack.call("GET", "/copies")).json;
  const ends = items.map(({ status }: { status: string }) => status);
  expect(ends).toEqual(["succeeded", "failed"]); // newest first
  expect((await older.downloadToBuffer()).equals(version(3))).toBe(true);
});

test.each(["off", "snapshot"])(
  "an aborted copy with if-newer and rollback %s is not skipped when it is retried",
  async (rollback) => {
    const stack = await startStack({ copies: slowly });
    const { older, source } = await upload(stack);
    const options = { ...ifNewer, rollback };
    const { id } = await stack.start({ source: source.url, destination: older.url, options });
    expect(await abort(stack, id)).toMatchObject({ status: "aborted" });
    const kept = rollback === "snapshot" ? "version 1".length : 0;
    expect(await older.getProperties()).toMatchObject({ contentLength: kept });
    expect(await retry(stack, id)).toMatchObject({ status: "succeeded" });
    expect((await older.downloadToBuffer()).equals(version(2))).toBe(true);
  },
);

test("a source that is written after a rollback is newer than the restored content", async () => {
  const stack = await startStack({ copies: slowly });
  const { older, source } = await upload(stack);
  const body = { source: source.url, destination: older.url };
  const options = { ...ifNewer, rollback: "snapshot" };
  const { id } = await stack.start({ ...body, options });
  await stack.clock.advance(10 * second);
  await source.uploadData(version(3));
  expect(await stack.untilEnded(id)).toMatchObject({ error: { cause: "source-changed" } });
  expect((await older.downloadToBuffer()).toString()).toBe("version 1");
  await stack.clock.advance(hour);
  const again = await stack.start({ ...body, options });
  expect(await stack.untilEnded(again.id)).toMatchObject({ status: "succeeded" });
  expect((await older.downloadToBuffer()).equals(version(3))).toBe(true);
});

test("restored content that is newer than the source is not overwritten by another request", async () => {
  const stack = await startStack({ copies: slowly });
  const source = await stack.upload("inbox/film.mp4", version(2));
  await stack.clock.advance(minute);
  const newer = await stack.upload("archive/film.mp4", "newer");
  const body = { source: source.url, destination: newer.url };
  const always = { overwrite: "always", rollback: "snapshot" };
  const { id } = await stack.start({ ...body, options: always });
  expect(await abort(stack, id)).toMatchObject({ status: "aborted" });
  const again = await stack.start({ ...body, options: { ...ifNewer, rollback: "snapshot" } });
  expect(await stack.untilEnded(again.id)).toMatchObject({ status: "skipped" });
  expect((await newer.downloadToBuffer()).toString()).toBe("newer");
});

test("a request that failed in Storage is not skipped when it is repeated an hour later", async () => {
  const stack = await startStack({ copies: slowly });
  const { older, source } = await upload(stack);
  const body = { source: source.url, destination: older.url, options: ifNewer };
  const { id } = await stack.start(body);
  await stack.clock.advance(10 * second);
  await source.uploadData(version(3));
  expect(await stack.untilEnded(id)).toMatchObject({ error: { cause: "source-changed" } });
  await stack.clock.advance(hour);
  const again = await stack.start(body);
  expect(await stack.untilEnded(again.id)).toMatchObject({ status: "succeeded" });
  expect((await older.downloadToBuffer()).equals(version(3))).toBe(true);
});

test("a caller who aborts a copy along a route does not prevent the event's copy", async () => {
  const stack = await startStack({ settings: alongRoute, copies: slowly });
  const { older, source } = await upload(stack);
  const event = await createEvent(source);
  const { id } = await stack.start({ source: source.url, route: "films" });
  await stack.clock.advance(5 * second);
  await deliver(stack, event);
  expect(await abort(stack, id)).toMatchObject({ status: "aborted" });
  await stack.clock.advance(hour);
  expect((await older.downloadToBuffer()).equals(version(2))).toBe(true);
});

test("an aborted copy onto a file with if-newer is not skipped when it is retried", async () => {
  const stack = await startStack({ secure: true, copies: slowly });
  const files = createStackFiles(stack);
  await files.createFolders("shelf/x");
  const older = files.file("shelf/film.mp4");
  await older.create(6);
  await stack.clock.advance(minute);
  const source = await stack.upload("inbox/film.mp4", version(2));
  await stack.clock.advance(minute);
  const body = { source: source.url, destination: older.url, options: ifNewer };
  const { id } = await stack.start(body);
  expect(await abort(stack, id)).toMatchObject({ status: "aborted" });
  expect(await older.getProperties()).toMatchObject({ contentLength: 0 });
  expect(await retry(stack, id)).toMatchObject({ status: "succeeded" });
  expect(await older.getProperties()).toMatchObject({ contentLength: 1_000_000 });
});

test.each(["fail", "skip", "if-newer"])(
  "with overwrite %s, an empty blob that could not be removed after an abort does not prevent the retry",
  async (overwrite) => {
    const stack = await startStack({ copies: slowly, environment: sealing });
    const blob = await stack.upload("inbox/film.mp4", version(2));
    await stack.container("archive").createIfNotExists();
    const target = stack.blob("archive/film.mp4");
    const source = await stack.readSas(blob);
    const destination = await stack.readSas(target, { permissions: "rcw" });
    const { id } = await stack.start({ source, destination, options: { overwrite } });
    expect((await abort(stack, id)).residue).not.toEqual([]);
    expect(await target.getProperties()).toMatchObject({ contentLength: 0, copyStatus: "aborted" });
    expect(await retry(stack, id)).toMatchObject({ status: "succeeded", residue: [] });
    expect((await target.downloadToBuffer()).equals(version(2))).toBe(true);
  },
);

test.each([{}, { rollback: "snapshot" }])(
  "a copy with %o onto the empty blob of another client's failed copy takes no snapshot, and removes the empty blob that it leaves",
  async (options) => {
    const stack = await startStack({ copies: slowly });
    const source = await stack.upload("inbox/film.mp4", version(2));
    await stack.container("archive").createIfNotExists();
    const target = stack.blob("archive/film.mp4");
    const poller = await target.beginCopyFromURL(source.url);
    const { copyId = "" } = poller.getOperationState() as { copyId?: string }; // missing in its type
    await target.abortCopyFromURL(copyId);
    const body = { source: source.url, destination: target.url };
    const { id } = await stack.start({ ...body, options: { ...ifNewer, ...options } });
    expect(await abort(stack, id)).toMatchObject({ status: "aborted", residue: [] });
    expect(await target.exists()).toBe(false);
    const operations = stack.local.emulator.requests.map(({ operation }) => operation);
    expect(operations).not.toContain("SnapshotBlob");
  },
);

test("of two versions that are uploaded within one second, a route with if-newer copies the second", async () => {
  const stack = await startStack({ settings: alongRoute, copies: { finishOnStart: "always" } });
  await stack.container("archive").createIfNotExists();
  const source = await stack.upload("inbox/film.mp4", "version 2");
  await deliver(stack, await createEvent(source));
  await stack.clock.settled();
  await stack.clock.advance(400);
  await source.uploadData(Buffer.from("version 3"));
  await deliver(stack, await createEvent(source));
  await stack.clock.advance(hour);
  const content = await stack.blob("archive/film.mp4").downloadToBuffer();
  expect(content.toString()).toBe("version 3");
});
