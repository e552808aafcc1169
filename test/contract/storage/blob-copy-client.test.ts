import { expect, test } from "vitest";
import { optionsOff } from "../../../src/copy/request/copy-options.ts";
import { parseDestination, parseSource } from "../../../src/copy/location/parse-endpoint.ts";
import { StorageRefusal } from "../../../src/storage/copy-client.ts";
import { createCopyClient } from "../../../src/storage/create-copy-client.ts";
import { createCredentialFor } from "../../../src/storage/credentials.ts";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";

/* The conditions that the client sends with a start and with a delete. Storage checks them. */

async function endpoints() {
  const storage = await startStorage({ copies: { finishOnStart: "always" } });
  const { service, emulator } = storage;
  const origins = { emulator: { blob: emulator.blobUrl, file: emulator.fileUrl }, external: [] };
  const from = await uploadBlob(service, "film", { blob: "film.mp4" });
  const to = service.getContainerClient("source").getBlobClient("copy.mp4");
  const source = parseSource(from.url, origins);
  const destination = parseDestination(to.url, origins);
  if (!source.ok || !destination.ok) throw new Error("Cannot parse the emulator's own URLs");
  const client = createCopyClient(createCredentialFor(origins.emulator));
  const side = { endpoint: destination.endpoint, sas: null, leaseId: null };
  const start = (etags: { destinationEtag: string | null; sourceEtag?: string }) =>
    client.start({
      source: { endpoint: source.endpoint, sas: null },
      destination: side,
      sourceEtag: null,
      ...etags,
      options: { ...optionsOff, tags: null },
      signal: new AbortController().signal,
    });
  const upload = (content: string, blob = "copy.mp4") => uploadBlob(service, content, { blob });
  const content = async () => (await to.downloadToBuffer()).toString();
  return { client, side, start, upload, content, from, to };
}

async function errorOf(call: Promise<unknown>) {
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  return error instanceof StorageRefusal ? error.response : error;
}

const started = { copyId: expect.stringMatching(/^[\da-f-]{36}$/), copyStatus: "success" };

test("Storage refuses a start if the destination was created after the plan", async () => {
  const { start, upload, content } = await endpoints();
  await upload("other");
  expect(await errorOf(start({ destinationEtag: null }))).toMatchObject({
    status: 409,
    code: "BlobAlreadyExists",
  });
  expect(await content()).toBe("other");
});

test("Storage refuses a start if the destination was written after the plan", async () => {
  const { start, upload, content } = await endpoints();
  const { etag = "" } = await (await upload("former")).getProperties();
  await upload("newer");
  expect(await errorOf(start({ destinationEtag: etag }))).toMatchObject({ status: 412 });
  expect(await content()).toBe("newer");
});

test("Storage refuses a start if the source was written after the plan", async () => {
  const { start, upload, from, to } = await endpoints();
  const { etag = "" } = await from.getProperties();
  await upload("another film", "film.mp4");
  const error = await errorOf(start({ destinationEtag: null, sourceEtag: etag }));
  expect(error).toMatchObject({ status: 412 });
  expect(await to.exists()).toBe(false);
});

test("a start whose source and destination are as planned copies", async () => {
  const { start, upload, content, from } = await endpoints();
  const { etag: destinationEtag = "" } = await (await upload("former")).getProperties();
  const { etag: sourceEtag = "" } = await from.getProperties();
  expect(await start({ destinationEtag, sourceEtag })).toMatchObject(started);
  expect(await content()).toBe("film");
});

test("only the exact blob that was read is removed", async () => {
  const { client, side, upload, to } = await endpoints();
  const { etag = "" } = await (await upload("stub")).getProperties();
  await upload("newer");
  expect(await errorOf(client.remove(side, etag))).toMatchObject({ status: 412 });
  expect(await to.exists()).toBe(true);
  await client.remove(side, (await to.getProperties()).etag ?? "");
  expect(await to.exists()).toBe(false);
});
