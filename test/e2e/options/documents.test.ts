import { expect, test } from "vitest";
import { createStackFiles } from "../../support/stack/stack-files.ts";
import { secondAccount, startStack, rareTimers } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* Rules of Storage's documents that no other suite covers (src/storage/README.md). */

const film = Buffer.alloc(1_000_000, "film");
/** 1 MB in 100 s. */
const slowly = { bytesPerSecond: 10_000 };
const environment = { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") };

const sent = (stack: TestStack, operation: string) =>
  stack.local.emulator.requests.filter((each) => each.operation === operation);

const queryOf = ({ url }: { url: string }) => new URL(url, "http://storage").searchParams;

/** A file client, after creating its share and folders. */
async function createFilePlace(stack: TestStack) {
  const files = createStackFiles(stack);
  await files.createFolders("shelf/2026/film.mp4");
  return files.file("shelf/2026/film.mp4");
}

test.each(["blob", "file"])(
  "an abort of a %s names its copyId, and has the headers that the SDK adds to every call",
  async (service) => {
    const stack = await startStack({ copies: slowly, environment });
    const isFile = service === "file";
    const source = isFile
      ? (await createStackFiles(stack).upload("drop/film.mp4", film)).url
      : (await stack.upload("inbox/film.mp4", film)).url;
    const destination = isFile
      ? (await createFilePlace(stack)).url
      : stack.blob("archive/film.mp4").url;
    const { id } = await stack.start({ source, destination });
    await stack.clock.advance(10_000);
    await stack.call("POST", `/copies/${id}/abort`);
    const { status, copyId } = await stack.untilEnded(id, 1);
    expect(status).toBe("aborted");
    const [abort, ...others] = sent(stack, isFile ? "AbortCopyFile" : "AbortCopyBlob");
    expect(others).toEqual([]);
    expect(Object.fromEntries(queryOf(abort ?? { url: "" }))).toMatchObject({
      comp: "copy",
      copyid: copyId,
    });
    expect(abort?.headers).toMatchObject({
      "x-ms-copy-action": "abort",
      "x-ms-version": expect.stringMatching(/^20\d\d-\d\d-\d\d$/),
      "x-ms-date": expect.stringContaining("GMT"),
      "x-ms-client-request-id": expect.stringMatching(/^[0-9a-f]{32}-[0-9a-f]{16}$/),
      authorization: expect.stringContaining("SharedKey"),
    });
    expect(abort?.headers["x-ms-lease-id"]).toBeUndefined();
  },
);

test.each([
  ["in the source's account", undefined],
  ["in an account other than the source's", secondAccount],
])("a SAS on a blob %s authorizes start, read and abort of the copy", async (_, account) => {
  const stack = await startStack({ copies: slowly, environment });
  const source = await stack.readSas(await stack.upload("inbox/film.mp4", film, account));
  const destination = await stack.readSas(stack.blob("archive/film.mp4"), { permissions: "rwcd" });
  const { id } = await stack.start({ source, destination });
  await stack.clock.advance(10_000);
  expect(await stack.get(id)).toMatchObject({ status: "copying", copyStatus: "pending" });
  await stack.call("POST", `/copies/${id}/abort`);
  expect(await stack.untilEnded(id, 1)).toMatchObject({ status: "aborted", residue: [] });
  for (const operation of ["CopyBlob", "AbortCopyBlob"]) {
    expect(sent(stack, operation).map((each) => queryOf(each).has("sig"))).toEqual([true]);
  }
});

test.each([
  ["in the source's account", undefined],
  ["in an account other than the source's", secondAccount],
])("a SAS on a file %s authorizes start, read and abort of the copy", async (_, account) => {
  const stack = await startStack({ copies: slowly, environment });
  const files = createStackFiles(stack);
  const source = files.sas(await files.upload("drop/film.mp4", film, account));
  const destination = files.sas(await createFilePlace(stack), "rcwd");
  const { id } = await stack.start({ source, destination });
  await stack.clock.advance(10_000);
  expect(await stack.get(id)).toMatchObject({ status: "copying", copyStatus: "pending" });
  await stack.call("POST", `/copies/${id}/abort`);
  expect(await stack.untilEnded(id, 1)).toMatchObject({ status: "aborted", residue: [] });
  for (const operation of ["CopyFile", "AbortCopyFile"]) {
    expect(sent(stack, operation).map((each) => queryOf(each).has("sig"))).toEqual([true]);
  }
});

test("a blob is copied to a file only with a SAS or from a public container, even within an account", async () => {
  const stack = await startStack({ environment });
  const destination = (await createFilePlace(stack)).url;
  const { url } = await stack.upload("inbox/film.mp4", film);
  const rejected = await stack.start({ source: url, destination });
  expect(await stack.untilEnded(rejected.id, 1)).toMatchObject({
    status: "failed",
    error: { cause: "source-unauthorized", fix: expect.stringContaining("SAS") },
  });
  await stack.container("public").create({ access: "blob" });
  const open = await stack.upload("public/film.mp4", film);
  const copied = await stack.start({ source: open.url, destination });
  expect(await stack.untilEnded(copied.id, 1)).toMatchObject({ status: "succeeded" });
});

test("a file is not copied onto a page or append blob", async () => {
  const stack = await startStack({ environment });
  const files = createStackFiles(stack);
  const source = files.sas(await files.upload("drop/film.mp4", film));
  const page = stack.container("archive").getPageBlobClient("page");
  await page.create(512);
  const append = stack.container("archive").getAppendBlobClient("append");
  await append.create();
  for (const { url } of [page, append]) {
    const options = { overwrite: "always" };
    const { id } = await stack.start({ source, destination: url, options });
    expect(await stack.untilEnded(id, 1)).toMatchObject({
      status: "failed",
      error: { cause: "destination-type-mismatch" },
    });
  }
  expect(sent(stack, "CopyBlob")).toEqual([]);
});

test("a file in a share snapshot cannot be a destination", async () => {
  const stack = await startStack({ environment });
  const { url } = await createStackFiles(stack).upload("drop/film.mp4", film);
  const destination = `${url}?sharesnapshot=2026-11-20T12:00:00.0000000Z`;
  const response = await stack.call("POST", "/copies", { body: { source: url, destination } });
  expect(response.status).toBe(400);
  expect(response.json.errors).toMatchObject([
    { pointer: "/destination", message: expect.stringContaining("read-only") },
  ]);
});

test("a lease id for a file without a lease is rejected with its fix", async () => {
  const stack = await startStack({ environment });
  const files = createStackFiles(stack);
  const source = (await files.upload("drop/film.mp4", film)).url;
  const destination = (await files.upload("shelf/film.mp4", film)).url;
  const destinationLease = "5e1a9a36-22dc-4cbb-a3b2-1e4e3bd4a9f1";
  const options = { overwrite: "always", destinationLease };
  const { id } = await stack.start({ source, destination, options });
  expect(await stack.untilEnded(id, 1)).toMatchObject({
    status: "failed",
    error: { cause: "destination-leased", storage: { status: 412 } },
  });
});

test("with its identity, the app sends the backup intent when it reads, writes and aborts files", async () => {
  const stack = await startStack({ secure: true, copies: slowly });
  const source = (await stack.upload("inbox/film.mp4", film)).url;
  const { id } = await stack.start({ source, destination: (await createFilePlace(stack)).url });
  await stack.clock.advance(10_000);
  await stack.call("POST", `/copies/${id}/abort`);
  expect(await stack.untilEnded(id, 1)).toMatchObject({ status: "aborted", residue: [] });
  const byIdentity = stack.local.emulator.requests.filter(
    ({ service, headers }) => service === "file" && headers["authorization"] === "Bearer REDACTED",
  );
  const operations = byIdentity.map(({ operation }) => operation);
  for (const operation of ["CopyFile", "GetFileProperties", "AbortCopyFile", "DeleteFile"]) {
    expect(operations).toContain(operation);
  }
  for (const { headers } of byIdentity) expect(headers["x-ms-file-request-intent"]).toBe("backup");
});

test("transient errors that Storage reports during a file copy become a warning, and do not fail the copy", async () => {
  const stack = await startStack({ copies: slowly, environment });
  const source = (await createStackFiles(stack).upload("drop/film.mp4", film)).url;
  const { id } = await stack.start({ source, destination: (await createFilePlace(stack)).url });
  await stack.clock.advance(1_000);
  const where = { share: "shelf", path: "2026/film.mp4" };
  stack.local.emulator.copies.warn(where, '502 BadGateway "Reading the source failed."');
  await stack.clock.advance(90_000);
  expect(await stack.get(id)).toMatchObject({
    status: "copying",
    warning: expect.stringContaining("502"),
  });
  expect(await stack.untilEnded(id, 1)).toMatchObject({ status: "succeeded", warning: null });
});

test("a file copy that is pending for two weeks is failed by Storage, and reported as timed out", async () => {
  const stack = await startStack({
    copies: { bytesPerSecond: 0.1 },
    environment: { ...environment, ...rareTimers },
  });
  const source = (await createStackFiles(stack).upload("drop/film.mp4", film)).url;
  const destination = await createFilePlace(stack);
  const { id } = await stack.start({ source, destination: destination.url });
  expect(await stack.untilEnded(id, 15 * 24)).toMatchObject({
    status: "failed",
    copyStatus: "failed",
    error: { cause: "copy-timed-out", storage: { status: 500, code: "OperationCancelled" } },
    residue: [],
  });
  expect(await destination.exists()).toBe(false);
});

test("a file that is written while it is copied fails the copy as `source-changed`", async () => {
  const stack = await startStack({ copies: slowly, environment });
  const files = createStackFiles(stack);
  const source = await files.upload("drop/film.mp4", film);
  const { id } = await stack.start({
    source: source.url,
    destination: (await createFilePlace(stack)).url,
  });
  await stack.clock.advance(10_000);
  await files.upload("drop/film.mp4", Buffer.from("another film"));
  expect(await stack.untilEnded(id, 1)).toMatchObject({
    status: "failed",
    error: { cause: "source-changed" },
    residue: [],
  });
});
