import { expect, test } from "vitest";
import { filesOf } from "../../support/stack/stack-files.ts";
import { secondAccount, startWorld, withoutRounds } from "../../support/stack/test-stack.ts";
import type { TestWorld } from "../../support/stack/test-stack.ts";

/* Rules of Storage's documents that no other file is about (src/storage/README.md). */

const film = Buffer.alloc(1_000_000, "film");
/** 1 MB in 100 s. */
const slowly = { bytesPerSecond: 10_000 };
const environment = { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") };

const sent = (world: TestWorld, operation: string) =>
  world.local.emulator.requests.filter((each) => each.operation === operation);

const queryOf = ({ url }: { url: string }) => new URL(url, "http://storage").searchParams;

/** A file's place, with its share and folders. */
async function placeOfFile(world: TestWorld) {
  const files = filesOf(world);
  await files.makeRoom("shelf/2026/film.mp4");
  return files.file("shelf/2026/film.mp4");
}

test.each(["blob", "file"])(
  "an abort of a %s names its copy, and carries what the SDK adds to every call",
  async (service) => {
    const world = await startWorld({ copies: slowly, environment });
    const isFile = service === "file";
    const source = isFile
      ? (await filesOf(world).upload("drop/film.mp4", film)).url
      : (await world.upload("inbox/film.mp4", film)).url;
    const destination = isFile
      ? (await placeOfFile(world)).url
      : world.blob("archive/film.mp4").url;
    const { id } = await world.start({ source, destination });
    await world.clock.advance(10_000);
    await world.call("POST", `/copies/${id}/abort`);
    const { status, copyId } = await world.untilEnded(id, 1);
    expect(status).toBe("aborted");
    const [abort, ...others] = sent(world, isFile ? "AbortCopyFile" : "AbortCopyBlob");
    expect(others).toEqual([]);
    expect(Object.fromEntries(queryOf(abort ?? { url: "" }))).toMatchObject({
      comp: "copy",
      copyid: copyId,
    });
    expect(abort?.headers).toMatchObject({
      "x-ms-copy-action": "abort",
      "x-ms-version": expect.stringMatching(/^20\d\d-\d\d-\d\d$/),
      "x-ms-date": expect.stringContaining("GMT"),
      "x-ms-client-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
      authorization: expect.stringContaining("SharedKey"),
    });
    expect(abort?.headers["x-ms-lease-id"]).toBeUndefined();
  },
);

test.each([
  ["in the source's account", undefined],
  ["in another account than the source's", secondAccount],
])("a SAS on a blob %s starts, reads and aborts the copy", async (_, account) => {
  const world = await startWorld({ copies: slowly, environment });
  const source = await world.readSas(await world.upload("inbox/film.mp4", film, account));
  const destination = await world.readSas(world.blob("archive/film.mp4"), { permissions: "rwcd" });
  const { id } = await world.start({ source, destination });
  await world.clock.advance(10_000);
  expect(await world.get(id)).toMatchObject({ status: "copying", copyStatus: "pending" });
  await world.call("POST", `/copies/${id}/abort`);
  expect(await world.untilEnded(id, 1)).toMatchObject({ status: "aborted", residue: [] });
  for (const operation of ["CopyBlob", "AbortCopyBlob"]) {
    expect(sent(world, operation).map((each) => queryOf(each).has("sig"))).toEqual([true]);
  }
});

test.each([
  ["in the source's account", undefined],
  ["in another account than the source's", secondAccount],
])("a SAS on a file %s starts, reads and aborts the copy", async (_, account) => {
  const world = await startWorld({ copies: slowly, environment });
  const files = filesOf(world);
  const source = files.sas(await files.upload("drop/film.mp4", film, account));
  const destination = files.sas(await placeOfFile(world), "rcwd");
  const { id } = await world.start({ source, destination });
  await world.clock.advance(10_000);
  expect(await world.get(id)).toMatchObject({ status: "copying", copyStatus: "pending" });
  await world.call("POST", `/copies/${id}/abort`);
  expect(await world.untilEnded(id, 1)).toMatchObject({ status: "aborted", residue: [] });
  for (const operation of ["CopyFile", "AbortCopyFile"]) {
    expect(sent(world, operation).map((each) => queryOf(each).has("sig"))).toEqual([true]);
  }
});

test("a blob is copied to a file only with a SAS or from a public container, even within an account", async () => {
  const world = await startWorld({ environment });
  const destination = (await placeOfFile(world)).url;
  const { url } = await world.upload("inbox/film.mp4", film);
  const refused = await world.start({ source: url, destination });
  expect(await world.untilEnded(refused.id, 1)).toMatchObject({
    status: "failed",
    error: { cause: "source-unauthorized", fix: expect.stringContaining("SAS") },
  });
  await world.container("public").create({ access: "blob" });
  const open = await world.upload("public/film.mp4", film);
  const copied = await world.start({ source: open.url, destination });
  expect(await world.untilEnded(copied.id, 1)).toMatchObject({ status: "succeeded" });
});

test("a file is not copied onto a page or append blob", async () => {
  const world = await startWorld({ environment });
  const files = filesOf(world);
  const source = files.sas(await files.upload("drop/film.mp4", film));
  const page = world.container("archive").getPageBlobClient("page");
  await page.create(512);
  const append = world.container("archive").getAppendBlobClient("append");
  await append.create();
  for (const { url } of [page, append]) {
    const options = { overwrite: "always" };
    const { id } = await world.start({ source, destination: url, options });
    expect(await world.untilEnded(id, 1)).toMatchObject({
      status: "failed",
      error: { cause: "destination-type-mismatch" },
    });
  }
  expect(sent(world, "CopyBlob")).toEqual([]);
});

test("a file in a share snapshot is no destination", async () => {
  const world = await startWorld({ environment });
  const { url } = await filesOf(world).upload("drop/film.mp4", film);
  const destination = `${url}?sharesnapshot=2026-11-20T12:00:00.0000000Z`;
  const answer = await world.call("POST", "/copies", { body: { source: url, destination } });
  expect(answer.status).toBe(400);
  expect(answer.json.errors).toMatchObject([
    { pointer: "/destination", message: expect.stringContaining("read-only") },
  ]);
});

test("a lease id for a file without a lease is refused with its fix", async () => {
  const world = await startWorld({ environment });
  const files = filesOf(world);
  const source = (await files.upload("drop/film.mp4", film)).url;
  const destination = (await files.upload("shelf/film.mp4", film)).url;
  const destinationLease = "5e1a9a36-22dc-4cbb-a3b2-1e4e3bd4a9f1";
  const options = { overwrite: "always", destinationLease };
  const { id } = await world.start({ source, destination, options });
  expect(await world.untilEnded(id, 1)).toMatchObject({
    status: "failed",
    error: { cause: "destination-leased", storage: { status: 412 } },
  });
});

test("with its identity the app reads, writes and aborts files to back them up", async () => {
  const world = await startWorld({ secure: true, copies: slowly });
  const source = (await world.upload("inbox/film.mp4", film)).url;
  const { id } = await world.start({ source, destination: (await placeOfFile(world)).url });
  await world.clock.advance(10_000);
  await world.call("POST", `/copies/${id}/abort`);
  expect(await world.untilEnded(id, 1)).toMatchObject({ status: "aborted", residue: [] });
  const byIdentity = world.local.emulator.requests.filter(
    ({ service, headers }) => service === "file" && headers["authorization"] === "Bearer REDACTED",
  );
  const operations = byIdentity.map(({ operation }) => operation);
  for (const operation of ["CopyFile", "GetFileProperties", "AbortCopyFile", "DeleteFile"]) {
    expect(operations).toContain(operation);
  }
  for (const { headers } of byIdentity) expect(headers["x-ms-file-request-intent"]).toBe("backup");
});

test("what troubles Storage while a file is copied is told as a warning, and fails nothing", async () => {
  const world = await startWorld({ copies: slowly, environment });
  const source = (await filesOf(world).upload("drop/film.mp4", film)).url;
  const { id } = await world.start({ source, destination: (await placeOfFile(world)).url });
  await world.clock.advance(1_000);
  const where = { share: "shelf", path: "2026/film.mp4" };
  world.local.emulator.copies.warn(where, '502 BadGateway "Reading the source failed."');
  await world.clock.advance(90_000);
  expect(await world.get(id)).toMatchObject({
    status: "copying",
    warning: expect.stringContaining("502"),
  });
  expect(await world.untilEnded(id, 1)).toMatchObject({ status: "succeeded", warning: null });
});

test("a file's copy that pends for two weeks is ended by Storage, and named so", async () => {
  const world = await startWorld({
    copies: { bytesPerSecond: 0.1 },
    environment: { ...environment, ...withoutRounds },
  });
  const source = (await filesOf(world).upload("drop/film.mp4", film)).url;
  const destination = await placeOfFile(world);
  const { id } = await world.start({ source, destination: destination.url });
  expect(await world.untilEnded(id, 15 * 24)).toMatchObject({
    status: "failed",
    copyStatus: "failed",
    error: { cause: "copy-timed-out", storage: { status: 500, code: "OperationCancelled" } },
    residue: [],
  });
  expect(await destination.exists()).toBe(false);
});

test("a file that is written while it is copied fails the copy as what it is", async () => {
  const world = await startWorld({ copies: slowly, environment });
  const files = filesOf(world);
  const source = await files.upload("drop/film.mp4", film);
  const { id } = await world.start({
    source: source.url,
    destination: (await placeOfFile(world)).url,
  });
  await world.clock.advance(10_000);
  await files.upload("drop/film.mp4", Buffer.from("another film"));
  expect(await world.untilEnded(id, 1)).toMatchObject({
    status: "failed",
    error: { cause: "source-changed" },
    residue: [],
  });
});
