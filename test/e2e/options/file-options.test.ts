import { FileSystemAttributes } from "@azure/storage-file-share";
import { expect, test } from "vitest";
import { createStackFiles } from "../../support/stack/stack-files.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/*
 * Goal: every option of a destination in Azure Files reaches Storage. Method: check headers on the wire, because
 * the SDK silently drops some options, and takes others from the client instead of the call.
 */

const film = Buffer.alloc(10_000, "film");
const environment = { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") };
const leaseId = "5e1a9a36-22dc-4cbb-a3b2-1e4e3bd4a9f1";
const sddl = "O:S-1-5-21-1-2-3-500G:S-1-5-21-1-2-3-513D:(A;;FA;;;SY)";

function startHeaders({ local }: TestStack): Record<string, string> {
  const sent = local.emulator.requests.filter(({ operation }) => operation === "CopyFile");
  expect(sent).toHaveLength(1);
  return sent[0]?.headers ?? {};
}

/** The headers that options control. */
function chosen(headers: Record<string, string>): Record<string, string> {
  const names =
    /^x-ms-(meta-|file-|lease-id|allow-|source-allow-|owner$|group$|mode$|source-if|if-)|^if-/;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.test(name)));
}

/** A source file, the destination's share and folders, and the request as a caller sends it. */
async function prepared(stack: TestStack, from: "file" | "blob" = "file", nfs = false) {
  const files = createStackFiles(stack);
  if (nfs) {
    for (const name of ["shelf", "drop"]) {
      await files.share(name).create({ protocols: { nfsEnabled: true } });
    }
  }
  await files.createFolders("shelf/2026/film.mp4");
  const destination = files.file("shelf/2026/film.mp4");
  const source =
    from === "file"
      ? (await files.upload("drop/film.mp4", film)).url
      : await stack.readSas(await stack.upload("inbox/film.mp4", film));
  return { files, destination, body: { source, destination: destination.url } };
}

async function runCopy(stack: TestStack, body: object) {
  const { id } = await stack.start(body);
  return await stack.untilEnded(id, 24);
}

test.each<[string, object, Record<string, string>]>([
  ["nothing", {}, {}],
  ["metadata", { metadata: { Shelf: "7" } }, { "x-ms-meta-shelf": "7" }],
  [
    "the source's permission",
    { file: { permission: "source" } },
    { "x-ms-file-permission-copy-mode": "source" },
  ],
  [
    "a permission in SDDL",
    { file: { permission: { sddl } } },
    { "x-ms-file-permission-copy-mode": "override", "x-ms-file-permission": sddl },
  ],
  [
    "a binary permission",
    { file: { permission: { binary: "AQAEgA==" } } },
    {
      "x-ms-file-permission-copy-mode": "override",
      "x-ms-file-permission": "AQAEgA==",
      "x-ms-file-permission-format": "Binary",
    },
  ],
  [
    "attributes, times and the archive attribute",
    {
      file: {
        attributes: ["ReadOnly", "Hidden"],
        creationTime: "2020-01-02T03:04:05.1234567Z",
        lastWriteTime: "source",
        changeTime: "2021-01-02T03:04:05Z",
        setArchive: true,
        ignoreReadOnly: true,
      },
    },
    {
      "x-ms-file-attributes": "ReadOnly|Hidden",
      "x-ms-file-creation-time": "2020-01-02T03:04:05.1234567Z",
      "x-ms-file-last-write-time": "source",
      "x-ms-file-change-time": "2021-01-02T03:04:05Z",
      "x-ms-file-copy-set-archive": "true",
      "x-ms-file-copy-ignore-readonly": "true",
    },
  ],
  [
    "the source's attributes",
    { file: { attributes: "source" } },
    { "x-ms-file-attributes": "source" },
  ],
  ["no attributes", { file: { attributes: "none" } }, { "x-ms-file-attributes": "none" }],
  [
    "an owner and a mode",
    { file: { owner: { user: "1000", group: "100" }, mode: "0644" } },
    {
      "x-ms-file-owner-copy-mode": "override",
      "x-ms-owner": "1000",
      "x-ms-group": "100",
      "x-ms-file-mode-copy-mode": "override",
      "x-ms-mode": "0644",
    },
  ],
  [
    "the source's owner and mode",
    { file: { owner: "source", mode: "source" } },
    { "x-ms-file-owner-copy-mode": "source", "x-ms-file-mode-copy-mode": "source" },
  ],
])("a file's %s: sent as given, and no other optional header", async (_, options, headers) => {
  const stack = await startStack();
  const isNfs = "x-ms-file-mode-copy-mode" in headers;
  const { body } = await prepared(stack, "file", isNfs);
  expect(await runCopy(stack, { ...body, options })).toMatchObject({ status: "succeeded" });
  expect(chosen(startHeaders(stack))).toEqual(headers);
});

test("a permission key is sent as a key", async () => {
  const stack = await startStack();
  const { files, body } = await prepared(stack);
  const share = files.share("shelf");
  const { filePermissionKey: key = "" } = await share.createPermission(sddl);
  const options = { file: { permission: { key } } };
  expect(await runCopy(stack, { ...body, options })).toMatchObject({ status: "succeeded" });
  expect(chosen(startHeaders(stack))).toEqual({
    "x-ms-file-permission-copy-mode": "override",
    "x-ms-file-permission-key": key,
  });
});

test("a mode is sent without a copy mode if the source is a blob, because copy modes are for file sources only", async () => {
  const stack = await startStack({ environment });
  const { body } = await prepared(stack, "blob", true);
  const options = { file: { owner: { user: "1000", group: "100" }, mode: "4755" } };
  expect(await runCopy(stack, { ...body, options })).toMatchObject({ status: "succeeded" });
  expect(chosen(startHeaders(stack))).toEqual({
    "x-ms-file-owner-copy-mode": "override",
    "x-ms-owner": "1000",
    "x-ms-group": "100",
    "x-ms-mode": "4755",
  });
});

test("the request's metadata replaces the source's, and stays when the copy is aborted", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 100 } });
  const { destination, body } = await prepared(stack);
  await destination.create(6);
  const options = { overwrite: "always", metadata: { shelf: "7" } };
  const { id } = await stack.start({ ...body, options });
  await stack.clock.advance(10_000);
  await stack.call("POST", `/copies/${id}/abort`);
  expect(await stack.untilEnded(id, 1)).toMatchObject({
    status: "aborted",
    residue: [expect.stringContaining("former content is gone")],
  });
  expect(await destination.getProperties()).toMatchObject({
    contentLength: 0,
    metadata: { shelf: "7" },
  });
});

test("a leased destination is written, aborted and removed with the caller's lease id", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 100 } });
  const { destination, body } = await prepared(stack);
  await destination.create(6);
  await destination.getShareLeaseClient(leaseId).acquireLease();
  expect(await runCopy(stack, { ...body, options: { overwrite: "always" } })).toMatchObject({
    error: { cause: "destination-leased" },
  });
  const options = { overwrite: "always", destinationLease: leaseId };
  const { id } = await stack.start({ ...body, options });
  await stack.clock.advance(10_000);
  await stack.call("POST", `/copies/${id}/abort`);
  expect(await stack.untilEnded(id, 1)).toMatchObject({ status: "aborted", copyStatus: "aborted" });
  const sent = stack.local.emulator.requests.filter(({ operation }) =>
    operation.endsWith("CopyFile"),
  );
  expect(sent.map(({ operation, headers }) => [operation, headers["x-ms-lease-id"]])).toEqual([
    ["CopyFile", undefined],
    ["CopyFile", leaseId],
    ["AbortCopyFile", leaseId],
  ]);
});

test("a read-only destination is rejected with its fix, and overwritten if the request asks for it", async () => {
  const stack = await startStack();
  const { destination, body } = await prepared(stack);
  const readOnly = new FileSystemAttributes();
  readOnly.readonly = true;
  await destination.create(6, { fileAttributes: readOnly });
  expect(await runCopy(stack, { ...body, options: { overwrite: "always" } })).toMatchObject({
    status: "failed",
    error: { cause: "destination-read-only", fix: expect.stringContaining("ignoreReadOnly") },
  });
  const options = { overwrite: "always", file: { ignoreReadOnly: true } };
  expect(await runCopy(stack, { ...body, options })).toMatchObject({ status: "succeeded" });
});

test.each([
  ["a missing share", "none/film.mp4"],
  ["a missing folder", "shelf/2027/film.mp4"],
])("%s fails the copy, with a fix", async (_, path) => {
  const stack = await startStack();
  const { files, body } = await prepared(stack);
  const destination = files.file(path).url;
  expect(await runCopy(stack, { ...body, destination })).toMatchObject({
    status: "failed",
    error: { cause: "destination-not-found", fix: expect.stringContaining("share") },
  });
});

test("a file in another account without a SAS is reported as `source-unauthorized`", async () => {
  const stack = await startStack();
  const { files, destination } = await prepared(stack);
  const source = (await files.upload("drop/film.mp4", film, "devstoreaccount2")).url;
  expect(await runCopy(stack, { source, destination: destination.url })).toMatchObject({
    status: "failed",
    error: { cause: "source-unauthorized" },
  });
});

test("a share snapshot can be a source", async () => {
  const stack = await startStack();
  const { files, destination, body } = await prepared(stack);
  const { snapshot } = await files.share("drop").createSnapshot();
  await files.upload("drop/film.mp4", Buffer.from("new"));
  const source = `${body.source}?sharesnapshot=${snapshot}`;
  const copy = await runCopy(stack, { ...body, source });
  expect(copy).toMatchObject({
    status: "succeeded",
    source: `${body.source}?sharesnapshot=${encodeURIComponent(snapshot ?? "")}`,
  });
  expect(await destination.downloadToBuffer()).toEqual(film);
});
