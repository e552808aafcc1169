import { expect, test } from "vitest";
import { optionsOff } from "../../../src/copy/request/copy-options.ts";
import { parseDestination, parseSource } from "../../../src/copy/location/parse-endpoint.ts";
import { StorageRefusal } from "../../../src/storage/copy-client.ts";
import { createCopyClient } from "../../../src/storage/create-copy-client.ts";
import { createCredentialFor } from "../../../src/storage/credentials.ts";
import { startFileStorage, uploadFile } from "../../support/stack/file-storage.ts";

/* Conditions that Azure Files does not support, which the client must check itself. */

async function endpoints() {
  const storage = await startFileStorage();
  const { blobUrl, fileUrl } = storage.emulator;
  const origins = { emulator: { blob: blobUrl, file: fileUrl }, external: [] };
  const from = await uploadFile(storage.file("film.mp4"), "film");
  const source = parseSource(from.url, origins);
  const destination = parseDestination(storage.file("copy.mp4").url, origins);
  if (!source.ok || !destination.ok) throw new Error("Cannot parse the emulator's own URLs");
  const client = createCopyClient(createCredentialFor(origins.emulator));
  const side = { endpoint: destination.endpoint, sas: null, leaseId: null };
  const start = (destinationEtag: string | null) =>
    client.start({
      source: { endpoint: source.endpoint, sas: null },
      destination: side,
      sourceEtag: null,
      destinationEtag,
      options: { ...optionsOff, tags: null },
      signal: new AbortController().signal,
    });
  const copies = () =>
    storage.emulator.requests.filter(({ operation }) => operation === "CopyFile").length;
  return { storage, client, side, start, copies };
}

async function errorOf(call: Promise<unknown>) {
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  return error instanceof StorageRefusal ? error.response : error;
}

const notMet = { status: 412, code: "ConditionNotMet" };

test("a start is not sent if the destination file was created after the plan", async () => {
  const { storage, start, copies } = await endpoints();
  await uploadFile(storage.file("copy.mp4"), "other");
  expect(await errorOf(start(null))).toMatchObject(notMet);
  expect(copies()).toBe(0);
});

test("a start is not sent if the destination file was changed or deleted after the plan", async () => {
  const { storage, start, copies } = await endpoints();
  const file = await uploadFile(storage.file("copy.mp4"), "former");
  const { etag = "" } = await file.getProperties();
  await storage.clock.advance(1_000);
  await uploadFile(storage.file("copy.mp4"), "newer");
  expect(await errorOf(start(etag))).toMatchObject(notMet);
  await file.delete();
  expect(await errorOf(start(etag))).toMatchObject(notMet);
  expect(copies()).toBe(0);
});

test("a start is sent once if the destination is as planned", async () => {
  const { storage, start, copies } = await endpoints();
  const { etag = "" } = await (await uploadFile(storage.file("copy.mp4"), "a")).getProperties();
  const copyId: unknown = expect.stringMatching(/^[\da-f-]{36}$/);
  expect(await start(etag)).toEqual({
    copyId,
    copyStatus: expect.stringMatching(/^(success|pending)$/),
  });
  expect(copies()).toBe(1);
});

test("only the exact file that was read is removed", async () => {
  const { storage, client, side } = await endpoints();
  const file = await uploadFile(storage.file("copy.mp4"), "a");
  const { etag = "" } = await file.getProperties();
  expect(await errorOf(client.remove(side, '"0x0"'))).toMatchObject(notMet);
  expect(await file.exists()).toBe(true);
  await client.remove(side, etag);
  expect(await file.exists()).toBe(false);
});

test("a missing file is read as null, a missing folder or share throws a refusal", async () => {
  const { client, side } = await endpoints();
  expect(await client.readDestination(side)).toBeNull();
  const inFolder = { ...side, endpoint: { ...side.endpoint, path: "none/copy.mp4" } };
  expect(await errorOf(client.readDestination(inFolder))).toMatchObject({
    status: 404,
    code: "ParentNotFound",
  });
});
