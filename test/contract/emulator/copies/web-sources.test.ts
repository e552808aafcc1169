import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type OutgoingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { atEnd, day, rejection, second, startStorage } from "../../../support/stack/emulator.ts";

type Page = {
  status?: number;
  headers?: OutgoingHttpHeaders;
  body: string;
  /** Sent in chunks, without a Content-Length. */
  isChunked?: boolean;
};

/** A web server with one page, which tests can change or remove. */
async function startWeb(first: Page) {
  const web = { page: first, asked: [] as string[], url: "" };
  const server = createServer((request, response) => {
    web.asked.push(`${request.method} ${request.url}`);
    const { status = 200, headers = {}, body, isChunked } = web.page;
    const length = isChunked ? {} : { "Content-Length": Buffer.byteLength(body) };
    response.writeHead(status, { ...length, ...headers });
    response.end(body);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  atEnd(close);
  const { port } = server.address() as AddressInfo; // listens on TCP
  return Object.assign(web, { url: `http://127.0.0.1:${port}/film.mp4`, close });
}

const film: Page = {
  headers: { ETag: '"v1"', "Content-Type": "video/mp4", "Cache-Control": "no-store" },
  body: "0123456789",
};

async function started({
  page = film,
  ...options
}: { page?: Page; [option: string]: unknown } = {}) {
  const web = await startWeb(page);
  const storage = await startStorage({ copies: { bytesPerSecond: 1 }, ...options });
  const box = storage.service.getContainerClient("out");
  await box.createIfNotExists();
  return { ...storage, web, copy: box.getBlockBlobClient("film.mp4") };
}

test("a web URL's headers are read at the start and its bytes at the end, in virtual time", async () => {
  const { web, copy, clock } = await started();
  await copy.beginCopyFromURL(web.url);
  expect(await copy.getProperties()).toMatchObject({
    copyStatus: "pending",
    copyProgress: "0/10",
    contentLength: 0,
    contentType: "video/mp4",
    cacheControl: "no-store",
    copySource: web.url,
  });
  expect(web.asked).toEqual(["GET /film.mp4"]);
  await clock.advance(9 * second);
  expect(await copy.getProperties()).toMatchObject({ copyProgress: "9/10" });
  expect(web.asked).toHaveLength(1);
  await clock.advance(second);
  const completed = await copy.getProperties();
  expect(completed).toMatchObject({ copyStatus: "success", contentLength: 10 });
  expect(completed.copyCompletedOn?.getTime()).toBe(clock.now());
  expect((await copy.downloadToBuffer()).toString()).toBe("0123456789");
  expect(web.asked).toHaveLength(2);
});

test("a copy from the web can finish immediately", async () => {
  const { web, copy } = await started({ copies: { finishOnStart: "always" } });
  await copy.beginCopyFromURL(web.url);
  expect((await copy.getProperties()).copyStatus).toBe("success");
  expect((await copy.downloadToBuffer()).toString()).toBe("0123456789");
  expect(web.asked).toHaveLength(1);
});

test.each([
  ["a missing page", { status: 404, body: "" }, 404],
  ["a forbidden page", { status: 403, body: "" }, 403],
  ["a redirect, which is not followed", { status: 302, headers: { location: "/" }, body: "" }, 400],
  ["a page without length", { isChunked: true, body: "abc" }, 400],
] as const)("%s makes the start fail with its status, or 400", async (_, page, status) => {
  const { web, copy } = await started({ page });
  expect(await rejection(copy.beginCopyFromURL(web.url))).toEqual({
    status,
    code: "CannotVerifyCopySource",
  });
  expect(await copy.exists()).toBe(false);
  expect(web.asked).toHaveLength(1);
});

test("an unreachable server prevents the start", async () => {
  const { web, copy } = await started();
  web.close();
  expect(await rejection(copy.beginCopyFromURL(web.url))).toEqual({
    status: 500,
    code: "CannotVerifyCopySource",
  });
});

test("a request that is rejected anyway calls no server", async () => {
  const { web, copy, anonymous } = await started();
  const stranger = anonymous.getContainerClient("out").getBlobClient("film.mp4");
  expect((await rejection(stranger.beginCopyFromURL(web.url))).status).toBe(401);
  const nowhere = anonymous.getContainerClient("none").getBlobClient("film.mp4");
  expect((await rejection(nowhere.beginCopyFromURL(web.url))).status).toBe(401);
  expect(web.asked).toEqual([]);
  const conditions = { ifMatch: '"0x1"' };
  expect((await rejection(copy.beginCopyFromURL(web.url, { conditions }))).code).toBe(
    "TargetConditionNotMet",
  );
});

test.each([
  ["another ETag", { ...film, headers: { ETag: '"v2"' } }, "412 ConditionNotMet"],
  ["another length", { ...film, body: "short" }, "412 ConditionNotMet"],
  ["a removed page", { status: 404, body: "" }, "404 ResourceNotFound"],
  ["a revoked permission", { status: 403, body: "" }, "403 AuthenticationFailed"],
])("%s at the end fails the copy", async (_, later, description) => {
  const { web, copy, clock } = await started();
  await copy.beginCopyFromURL(web.url);
  web.page = later;
  await clock.advance(10 * second);
  const completed = await copy.getProperties();
  expect(completed).toMatchObject({ copyStatus: "failed", contentLength: 0 });
  expect(completed.copyStatusDescription).toMatch(new RegExp(`^${description} ".+"$`));
});

test("a source that returns 5xx keeps the copy pending with a description, and is retried for at most two weeks", async () => {
  const { web, copy, clock } = await started();
  await copy.beginCopyFromURL(web.url);
  web.page = { status: 503, body: "" };
  await clock.advance(10 * second);
  expect(await copy.getProperties()).toMatchObject({
    copyStatus: "pending",
    copyStatusDescription: expect.stringMatching(/^502 BadGateway /),
  });
  web.page = film;
  await clock.advance(60 * second);
  expect((await copy.getProperties()).copyStatus).toBe("success");

  await copy.beginCopyFromURL(web.url);
  web.page = { status: 503, body: "" };
  await clock.advance(14 * day);
  expect(await copy.getProperties()).toMatchObject({
    copyStatus: "failed",
    copyStatusDescription: expect.stringMatching(/^500 OperationCancelled /),
  });
});

test("a pending copy from the web can be aborted, finished and failed like any other", async () => {
  const { web, copy, emulator } = await started();
  const destination = { container: "out", blob: "film.mp4" };
  await copy.beginCopyFromURL(web.url);
  await copy.abortCopyFromURL((await copy.getProperties()).copyId ?? "");
  expect((await copy.getProperties()).copyStatus).toBe("aborted");
  await copy.beginCopyFromURL(web.url);
  emulator.copies.fail(destination);
  expect((await copy.getProperties()).copyStatus).toBe("failed");
  await copy.beginCopyFromURL(web.url);
  emulator.copies.finish(destination);
  expect((await copy.getProperties()).copyStatus).toBe("success");
  expect((await copy.downloadToBuffer()).toString()).toBe("0123456789");
});

test("a copy from the web can only create a block blob", async () => {
  const { web, copy, service } = await started();
  const log = service.getContainerClient("out").getAppendBlobClient("log");
  await log.create();
  expect(await rejection(log.beginCopyFromURL(web.url))).toEqual({
    status: 409,
    code: "InvalidBlobType",
  });
  await copy.beginCopyFromURL(web.url);
  expect((await copy.getProperties()).blobType).toBe("BlockBlob");
});

test("a URL's query is sent to its server only, and is lost after a restart", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ferry-web-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "storage.db");
  const { web, copy, clock, emulator, logged } = await started({ file });
  const secret = "c4n4ry";
  await copy.beginCopyFromURL(`${web.url}?X-Amz-Signature=${secret}&key=${secret}`);
  expect(web.asked).toEqual([`GET /film.mp4?X-Amz-Signature=${secret}&key=${secret}`]);
  expect((await copy.getProperties()).copySource).toBe(
    `${web.url}?X-Amz-Signature=REDACTED&key=REDACTED`,
  );
  await copy.beginCopyFromURL("http://127.0.0.1:1/x?password=c4n4ry").catch(() => {});
  const kept = JSON.stringify([emulator.requests, logged]);
  expect(kept).not.toContain(secret);
  await emulator.close();
  for (const name of readdirSync(folder)) {
    expect(readFileSync(join(folder, name)).includes(secret)).toBe(false);
  }

  const again = await startStorage({ file, clock });
  await clock.advance(10 * second);
  const after = again.service.getContainerClient("out").getBlobClient("film.mp4");
  expect(await after.getProperties()).toMatchObject({
    copyStatus: "failed",
    copyStatusDescription: expect.stringMatching(/^403 /),
  });
});

test("a copy from a URL without a query continues after a restart", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ferry-web-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "storage.db");
  const { web, copy, clock, emulator } = await started({ file });
  await copy.beginCopyFromURL(web.url);
  await emulator.close();
  const again = await startStorage({ file, clock });
  await clock.advance(10 * second);
  const after = again.service.getContainerClient("out").getBlobClient("film.mp4");
  expect((await after.downloadToBuffer()).toString()).toBe("0123456789");
});
