import { request } from "node:http";
import { expect, test } from "vitest";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import type { Storage } from "../../support/stack/emulator.ts";

const hosts = { "md-abc.blob.core.windows.net": "devstoreaccount1" };

/** The status of an anonymous GET with this Host header. */
function get({ emulator }: Storage, host: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const { port } = emulator;
    const sent = request({ host: "127.0.0.1", port, path, headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", reject).end();
  });
}

test("a virtual host reaches its account without the account in the path; any other host is the emulator's own", async () => {
  const storage = await startStorage({ hosts });
  await uploadBlob(storage.service, "film");
  await storage.service.createContainer("public", { access: "blob" });
  await uploadBlob(storage.service, "film", { container: "public" });
  const host = "MD-abc.blob.core.windows.net:443";
  expect(await get(storage, host, "/public/film.mp4")).toBe(200);
  expect(await get(storage, host, "/devstoreaccount1/public/film.mp4")).toBe(404);
  expect(await get(storage, "md-other.blob.core.windows.net", "/public/film.mp4")).not.toBe(200);
  expect(await get(storage, "constructor", "/devstoreaccount1/public/film.mp4")).toBe(200);
});

test("a copy reads a source on a virtual host from its account, and is refused if the source is not public", async () => {
  const storage = await startStorage({ hosts, copies: { finishOnStart: "always" } });
  await storage.otherService.createContainer("into");
  await storage.service.createContainer("public", { access: "blob" });
  await uploadBlob(storage.service, "film", { container: "public" });
  await uploadBlob(storage.service, "film", { container: "private" });
  const into = storage.otherService.getContainerClient("into").getBlobClient("x");
  const copy = await into.beginCopyFromURL("https://md-abc.blob.core.windows.net/public/film.mp4");
  expect((await copy.pollUntilDone()).copyStatus).toBe("success");
  const refused = into.beginCopyFromURL("https://md-abc.blob.core.windows.net/private/film.mp4");
  await expect(refused).rejects.toMatchObject({ code: "CannotVerifyCopySource" });
});
