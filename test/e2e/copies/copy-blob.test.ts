import { expect, test } from "vitest";
import { hour, secondAccount, startStack, rareTimers } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(1_000_000, "film");
/** 1 MB in 100 s. */
const slowly = { copies: { bytesPerSecond: 10_000 } };

test("a copy goes from queued through copying, with rising bytes, to succeeded, and the bytes are equal", async () => {
  const stack = await startStack(slowly);
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/2026/film.mp4");

  const response = await stack.call("POST", "/copies", {
    body: { source: source.url, destination: destination.url },
  });
  expect(response.status).toBe(202);
  expect(response.json).toMatchObject({ status: "queued", source: source.url, error: null });
  expect(response.headers.get("location")).toBe(
    `${stack.local.host.url}/api/copies/${response.json.id}`,
  );
  expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);

  const progress: number[] = [];
  for (let moved = 0; moved < 100; moved += 2) {
    await stack.clock.advance(2_000);
    const copy = await stack.get(response.json.id);
    if (copy.status === "copying") progress.push(copy.progress.bytesCopied);
  }
  expect(progress.length).toBeGreaterThan(5);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect(new Set(progress).size).toBeGreaterThan(3);

  const copy = await stack.untilEnded(response.json.id, 1);
  expect(copy).toMatchObject({
    status: "succeeded",
    copyStatus: "success",
    progress: { bytesCopied: film.length, totalBytes: film.length, percent: 100 },
    error: null,
    residue: [],
    nextReadAt: null,
  });
  expect(copy.copyId).toMatch(/^[0-9a-f-]{36}$/);
  expect((await destination.downloadToBuffer()).equals(film)).toBe(true);
  expect(await destination.getProperties()).toMatchObject({
    contentType: "video/mp4",
    metadata: { film: "yes" },
    copyId: copy.copyId,
  });
});

test("a copy from another account uses the caller's SAS", async () => {
  const stack = await startStack(slowly);
  const source = await stack.upload("inbox/film.mp4", film, secondAccount);
  const { id } = await stack.start({
    source: await stack.readSas(source),
    destination: stack.blob("archive/film.mp4").url,
  });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", source: source.url });
  expect((await stack.blob("archive/film.mp4").downloadToBuffer()).equals(film)).toBe(true);
});

test("a copy that Storage finishes in the start call takes one read and no timer", async () => {
  const stack = await startStack({ copies: { finishOnStart: "same-account" } });
  const source = await stack.upload("inbox/film.mp4", film);
  const { id } = await stack.start({
    source: source.url,
    destination: stack.blob("archive/film.mp4").url,
  });
  expect(await stack.get(id)).toMatchObject({ status: "succeeded", statusReads: 1 });
});

test("the destination gets the metadata and tier of the request", async () => {
  const stack = await startStack(slowly);
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4");
  const options = { tier: "Cool", metadata: { project: "x" } };
  const { id } = await stack.start({ source: source.url, destination: destination.url, options });
  await stack.untilEnded(id);
  const properties = await destination.getProperties();
  expect(properties.metadata).toEqual({ project: "x" });
  expect(properties.accessTier).toBe("Cool");
});

test.each([
  {
    overwrite: "fail",
    older: false,
    ends: { status: "failed", error: { cause: "destination-exists" } },
  },
  {
    overwrite: "skip",
    older: false,
    ends: { status: "skipped", reason: "The destination exists" },
  },
  { overwrite: "if-newer", older: false, ends: { status: "skipped" } },
  { overwrite: "if-newer", older: true, ends: { status: "succeeded" } },
  { overwrite: "always", older: false, ends: { status: "succeeded" } },
])("overwrite $overwrite of an existing destination (older: $older)", async (row) => {
  const stack = await startStack(slowly);
  await stack.upload("inbox/film.mp4", film);
  await stack.clock.advance(5_000);
  const destination = await stack.upload("archive/film.mp4", "former");
  await stack.clock.advance(5_000);
  if (row.older) await stack.upload("inbox/film.mp4", film);
  const { id } = await stack.start({
    source: stack.blob("inbox/film.mp4").url,
    destination: destination.url,
    options: { overwrite: row.overwrite },
  });
  const copy = await stack.untilEnded(id);
  expect(copy).toMatchObject(row.ends);
  const content = (await destination.downloadToBuffer()).toString();
  expect(content === "former").toBe(row.ends.status !== "succeeded");
});

test.each([
  {
    what: "a missing source",
    source: "inbox/none",
    destination: "archive/a",
    cause: "source-not-found",
  },
  {
    what: "a missing container",
    source: "inbox/film.mp4",
    destination: "nowhere/a",
    cause: "destination-not-found",
  },
])("$what fails the copy with a cause and a fix", async ({ source, destination, cause }) => {
  const stack = await startStack(slowly);
  await stack.upload("inbox/film.mp4", film);
  const { id } = await stack.start({
    source: stack.blob(source).url,
    destination: stack.blob(destination).url,
  });
  const copy = await stack.untilEnded(id);
  expect(copy).toMatchObject({ status: "failed", error: { cause, retryable: false } });
  expect(copy.error.fix).not.toBe("");
});

test.each([
  { what: "no SAS at all", sas: null, cause: "source-unauthorized" },
  { what: "an expired SAS", sas: { expiresAt: -60_000 }, cause: "source-sas-expired" },
  {
    what: "a SAS without read permission",
    sas: { permissions: "w" },
    cause: "source-unauthorized",
  },
])("a source in another account with $what fails with $cause", async ({ sas, cause }) => {
  const stack = await startStack(slowly);
  const source = await stack.upload("inbox/film.mp4", film, secondAccount);
  const status =
    sas !== null && "expiresAt" in sas
      ? { expiresAt: stack.clock.now() + (sas.expiresAt ?? 0) }
      : sas;
  const { id } = await stack.start({
    source: status === null ? source.url : await stack.readSas(source, status),
    destination: stack.blob("archive/film.mp4").url,
  });
  const copy = await stack.untilEnded(id);
  expect(copy).toMatchObject({ status: "failed", error: { cause } });
  expect(await stack.blob("archive/film.mp4").exists()).toBe(false);
});

test("a source that is overwritten during the copy fails it and leaves no empty blob", async () => {
  const stack = await startStack(slowly);
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4");
  const { id } = await stack.start({ source: source.url, destination: destination.url });
  await stack.clock.advance(20_000);
  await stack.upload("inbox/film.mp4", "another film");
  const copy = await stack.untilEnded(id);
  expect(copy).toMatchObject({
    status: "failed",
    error: { cause: "source-changed", retryable: true },
  });
  expect(await destination.exists()).toBe(false);
});

test("a destination that another writer changes between the end of the copy and the next poll is superseded", async () => {
  const stack = await startStack(slowly);
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4");
  const { id, copyId } = await stack.start({ source: source.url, destination: destination.url });
  expect(copyId).toBeNull();
  stack.local.emulator.copies.finish({
    account: "devstoreaccount1",
    container: "archive",
    blob: "film.mp4",
  });
  await stack.upload("archive/film.mp4", "another client's");
  expect(await stack.untilEnded(id)).toMatchObject({
    status: "failed",
    error: { cause: "superseded" },
  });
  expect((await destination.downloadToBuffer()).toString()).toBe("another client's");
});

test("a copy that is pending for two weeks is failed by Storage, and reported as timed out", async () => {
  const stack = await startStack({
    copies: { bytesPerSecond: 0 },
    persistent: true,
    environment: rareTimers,
  });
  const source = await stack.upload("inbox/film.mp4", film);
  const { id } = await stack.start({
    source: source.url,
    destination: stack.blob("archive/film.mp4").url,
  });
  await stack.clock.advance(13 * 24 * hour);
  expect(await stack.get(id)).toMatchObject({ status: "copying" });
  const copy = await stack.untilEnded(id, 48);
  expect(copy).toMatchObject({ status: "failed", error: { cause: "copy-timed-out" } });
  expect(copy.statusReads).toBeLessThan(100);
  expect(stack.countHistoryEvents()).toBeLessThan(1_000);
});
