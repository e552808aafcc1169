import { expect, test } from "vitest";
import { BlobSASPermissions } from "@azure/storage-blob";
import {
  FileSASPermissions,
  type FileStartCopyOptions,
  ShareFileClient,
} from "@azure/storage-file-share";
import { day, noon, rejection, uploadBlob } from "../../../support/stack/emulator.ts";
import {
  startFileStorage,
  uploadFile,
  type FileStorage,
} from "../../../support/stack/file-storage.ts";

const tomorrow = new Date(noon + day);
const permission = "O:S-1-5-32-544G:S-1-5-21-1-2-3-513D:(A;;FA;;;SY)";
const invalid = { status: 400, code: "InvalidHeaderValue" };
const missing = { status: 400, code: "MissingRequiredHeader" };
const unsupported = { status: 400, code: "UnsupportedHeader" };

/** Every copy completes in its start, because these tests are about starts. */
async function start(): Promise<FileStorage & { source: ShareFileClient }> {
  const storage = await startFileStorage({ copies: { finishOnStart: "always" } });
  return { ...storage, source: await uploadFile(storage.file("film.mp4"), "film") };
}

const readSas = (file: ShareFileClient) =>
  file.generateSasUrl({ permissions: FileSASPermissions.parse("r"), expiresOn: tomorrow });

const lastStart = ({ emulator }: FileStorage) =>
  emulator.requests.findLast(({ operation }) => operation === "CopyFile")?.headers;

test("the account key authorizes source files of its own account; all others need a SAS", async () => {
  const { file, otherFiles, service, source } = await start();
  expect((await file("near").startCopyFromURL(source.url)).copyStatus).toBe("success");

  const far = otherFiles.getShareClient("far");
  await far.create();
  const destination = far.rootDirectoryClient.getFileClient("film.mp4");
  expect(await rejection(destination.startCopyFromURL(source.url))).toEqual({
    status: 404,
    code: "CannotVerifyCopySource",
  });
  expect((await destination.startCopyFromURL(readSas(source))).copyStatus).toBe("success");
  expect((await destination.downloadToBuffer()).toString()).toBe("film");

  const blob = await uploadBlob(service, "blob");
  expect(await rejection(file("blob").startCopyFromURL(blob.url))).toEqual({
    status: 404,
    code: "CannotVerifyCopySource",
  });
  const sas = await blob.generateSasUrl({
    permissions: BlobSASPermissions.parse("r"),
    expiresOn: tomorrow,
  });
  expect((await file("blob").startCopyFromURL(sas)).copyStatus).toBe("success");
  await service.createContainer("open", { access: "blob" });
  const open = service.getContainerClient("open").getBlockBlobClient("film");
  await open.upload("open", 4);
  expect((await destination.startCopyFromURL(open.url)).copyStatus).toBe("success");
  expect((await destination.downloadToBuffer()).toString()).toBe("open");
});

test("a copy from a file to a blob requires a SAS, and does not allow source conditions", async () => {
  const { service, source } = await start();
  const container = service.getContainerClient("inbox");
  await container.create();
  const blob = container.getBlockBlobClient("film");
  expect(await rejection(blob.beginCopyFromURL(source.url))).toEqual({
    status: 404,
    code: "CannotVerifyCopySource",
  });
  const sourceConditions = { ifMatch: (await source.getProperties()).etag ?? "" };
  expect(await rejection(blob.beginCopyFromURL(readSas(source), { sourceConditions }))).toEqual(
    unsupported,
  );
  await blob.beginCopyFromURL(readSas(source));
  expect((await blob.downloadToBuffer()).toString()).toBe("film");

  const page = container.getPageBlobClient("page");
  await page.create(512);
  expect(await rejection(page.beginCopyFromURL(readSas(source)))).toEqual({
    status: 409,
    code: "InvalidBlobType",
  });
});

test("a missing source is reported by its missing part; a SAS without r does not authorize it", async () => {
  const { file, source, otherFiles } = await start();
  const at = (url: string) => rejection(file("copy").startCopyFromURL(url));
  expect(await at(source.url.replace("film", "none"))).toEqual({
    status: 404,
    code: "ResourceNotFound",
  });
  expect(await at(source.url.replace("film", "none/film"))).toEqual({
    status: 404,
    code: "ParentNotFound",
  });
  expect(await at(source.url.replace("media", "none"))).toEqual({
    status: 404,
    code: "ShareNotFound",
  });
  await otherFiles.createShare("far");
  const far = otherFiles.getShareClient("far").rootDirectoryClient.getFileClient("copy");
  const writeOnly = source.generateSasUrl({
    permissions: FileSASPermissions.parse("w"),
    expiresOn: tomorrow,
  });
  await expect(far.startCopyFromURL(writeOnly)).rejects.toMatchObject({
    statusCode: 403,
    code: "CannotVerifyCopySource",
    details: {
      copySourceStatusCode: 403,
      copySourceErrorCode: "AuthorizationPermissionMismatch",
    },
  });
  expect(await rejection(far.startCopyFromURL("not a URL"))).toEqual(invalid);
  expect(await rejection(far.getProperties())).toEqual({ status: 404, code: "ResourceNotFound" });
});

test("a create-only SAS can start a copy to a new file, but not overwrite an existing one", async () => {
  const { file, source } = await start();
  const creating = (name: string) =>
    new ShareFileClient(
      file(name).generateSasUrl({
        permissions: FileSASPermissions.parse("c"),
        expiresOn: tomorrow,
      }),
    );
  await creating("copy").startCopyFromURL(readSas(source));
  expect(await rejection(creating("copy").startCopyFromURL(readSas(source)))).toEqual({
    status: 403,
    code: "AuthorizationPermissionMismatch",
  });
  expect(await rejection(creating("new").startCopyFromURL(source.url))).toEqual({
    status: 404,
    code: "CannotVerifyCopySource",
  });
});

test("a file in a share snapshot is copied, even over its base file, but is read-only", async () => {
  const { share, source, otherFiles } = await start();
  const { snapshot = "" } = await share.createSnapshot();
  const image = share.withSnapshot(snapshot).rootDirectoryClient.getFileClient("film.mp4");
  await source.create(1);
  await source.startCopyFromURL(image.url);
  expect((await source.downloadToBuffer()).toString()).toBe("film");
  expect(await rejection(image.startCopyFromURL(source.url))).toEqual({
    status: 400,
    code: "ShareSnapshotOperationNotSupported",
  });

  await otherFiles.createShare("far");
  const far = otherFiles.getShareClient("far").rootDirectoryClient.getFileClient("copy");
  await far.startCopyFromURL(`${readSas(source)}&sharesnapshot=${encodeURIComponent(snapshot)}`);
  expect((await far.downloadToBuffer()).toString()).toBe("film");
});

test("the start's metadata replaces the source's", async () => {
  const storage = await start();
  const { file, source } = storage;
  // Version 12.33.0 of the SDK does not send `metadata`, but it sends these headers.
  const requestOptions = { headers: { "x-ms-meta-Own": "y" } };
  await file("copy").startCopyFromURL(source.url, { requestOptions } as FileStartCopyOptions);
  expect((await file("copy").getProperties()).metadata).toEqual({ own: "y" });
  await file("copy").startCopyFromURL(source.url, { metadata: { lost: "z" } });
  expect(lastStart(storage)).not.toHaveProperty("x-ms-meta-lost");
  expect((await file("copy").getProperties()).metadata).toEqual({ project: "x" });
});

test("the destination gets attributes, times and permission of the start, of the source, or of a new file", async () => {
  const storage = await start();
  const { file, source, share } = storage;
  const before = await source.getProperties();
  const { filePermissionKey = "" } = await share.createPermission(permission);
  await source.setProperties({
    filePermissionKey,
    creationTime: new Date(noon - day),
    lastWriteTime: new Date(noon - 2 * day),
    changeTime: new Date(noon - 3 * day),
  });
  const copied = async (options: FileStartCopyOptions) => {
    await file("copy").startCopyFromURL(source.url, options);
    return file("copy").getProperties();
  };
  const times = (days: number[]) => {
    const [fileCreatedOn, fileLastWriteOn, fileChangeOn] = days.map(
      (n) => new Date(noon - n * day),
    );
    return { fileCreatedOn, fileLastWriteOn, fileChangeOn };
  };

  expect(await copied({})).toMatchObject({
    ...times([0, 0, 0]),
    fileAttributes: "Archive",
    filePermissionKey: before.filePermissionKey,
  });
  expect(
    await copied({
      copyFileSmbInfo: {
        fileAttributes: "source",
        fileCreationTime: "source",
        fileLastWriteTime: "source",
        fileChangeTime: "source",
        filePermissionCopyMode: "source",
      },
    }),
  ).toMatchObject({ ...times([1, 2, 3]), fileAttributes: "Archive", filePermissionKey });
  expect(
    await copied({
      filePermission: permission,
      filePermissionFormat: "Sddl",
      copyFileSmbInfo: {
        fileAttributes: "Hidden|System",
        setArchiveAttribute: true,
        fileCreationTime: new Date(noon - 4 * day).toISOString(),
        fileLastWriteTime: new Date(noon - 5 * day).toISOString(),
        fileChangeTime: new Date(noon - 6 * day).toISOString(),
        filePermissionCopyMode: "override",
      },
    }),
  ).toMatchObject({
    ...times([4, 5, 6]),
    fileAttributes: "Hidden | System | Archive",
    filePermissionKey,
  });
  expect(lastStart(storage)).toMatchObject({
    "x-ms-file-permission": permission,
    "x-ms-file-permission-format": "Sddl",
    "x-ms-file-permission-copy-mode": "override",
    "x-ms-file-attributes": "Hidden|System",
    "x-ms-file-copy-set-archive": "true",
    "x-ms-file-creation-time": "2026-02-25T12:00:00.000Z",
    "x-ms-file-last-write-time": "2026-02-24T12:00:00.000Z",
    "x-ms-file-change-time": "2026-02-23T12:00:00.000Z",
  });
  expect(
    await copied({
      filePermissionKey,
      copyFileSmbInfo: { fileAttributes: "none", filePermissionCopyMode: "override" },
    }),
  ).toMatchObject({ fileAttributes: "None", filePermissionKey });
});

test("headers that the documentation does not allow are rejected, and nothing is copied", async () => {
  const { file, source, share, service } = await start();
  const { filePermissionKey = "" } = await share.createPermission(permission);
  const startRejection = (options: FileStartCopyOptions, from = source.url) =>
    rejection(file("copy").startCopyFromURL(from, options));
  const smb = (copyFileSmbInfo: FileStartCopyOptions["copyFileSmbInfo"] & object, more = {}) => ({
    copyFileSmbInfo,
    ...more,
  });
  const override = { filePermissionCopyMode: "override" } as const;
  const asSource = { filePermissionCopyMode: "source" } as const;
  expect(await startRejection(smb(override))).toEqual(missing);
  expect(await startRejection({ filePermission: permission })).toEqual(missing);
  expect(await startRejection(smb(asSource, { filePermission: permission }))).toEqual(invalid);
  expect(
    await startRejection(smb(override, { filePermission: permission, filePermissionKey })),
  ).toEqual(invalid);
  expect(await startRejection(smb(override, { filePermissionKey: "1*2" }))).toEqual(invalid);
  expect(await startRejection(smb(override, { filePermission: "everybody" }))).toEqual({
    status: 400,
    code: "FileInvalidPermission",
  });
  const long = `${permission}${"(A;;FA;;;SY)".repeat(800)}`;
  expect(await startRejection(smb(override, { filePermission: long }))).toEqual(invalid);
  expect(await startRejection(smb({ filePermissionCopyMode: "both" as "source" }))).toEqual(
    invalid,
  );
  expect(await startRejection(smb({ fileAttributes: "Shiny" }))).toEqual(invalid);
  expect(await startRejection(smb({ fileAttributes: "None|Hidden" }))).toEqual(invalid);
  expect(await startRejection(smb({ fileCreationTime: "yesterday" }))).toEqual(invalid);
  expect(await startRejection(smb({ fileChangeTime: "now" }))).toEqual(invalid);
  expect(await startRejection({ posixProperties: { owner: "1" } })).toEqual(unsupported);
  expect(await startRejection({ fileModeCopyMode: "source" })).toEqual(unsupported);

  const blob = await uploadBlob(service, "blob");
  const sas = await blob.generateSasUrl({
    permissions: BlobSASPermissions.parse("r"),
    expiresOn: tomorrow,
  });
  expect(await startRejection(smb({ fileAttributes: "source" }), sas)).toEqual(invalid);
  expect(await startRejection(smb({ fileLastWriteTime: "source" }), sas)).toEqual(invalid);
  expect(await startRejection(smb(asSource), sas)).toEqual(invalid);
  expect(await rejection(file("copy").getProperties())).toEqual({
    status: 404,
    code: "ResourceNotFound",
  });
});

test("between NFS shares, owner, group and mode are set or taken from the source", async () => {
  const storage = await start();
  const { files } = storage;
  const share = files.getShareClient("unix");
  await share.create({ protocols: { nfsEnabled: true } });
  const source = share.rootDirectoryClient.getFileClient("film");
  await source.create(1, { posixProperties: { owner: "345", group: "123" } });
  const copy = share.rootDirectoryClient.getFileClient("copy");
  const copied = async (options: FileStartCopyOptions) => {
    await copy.startCopyFromURL(source.url, options);
    const { owner, group } = (await copy.getProperties()).posixProperties ?? {};
    return { owner, group };
  };
  expect(await copied({})).toEqual({ owner: "0", group: "0" });
  expect(await copied({ fileOwnerCopyMode: "source", fileModeCopyMode: "source" })).toEqual({
    owner: "345",
    group: "123",
  });
  expect(
    await copied({ fileOwnerCopyMode: "override", posixProperties: { owner: "7", group: "8" } }),
  ).toEqual({ owner: "7", group: "8" });
  expect(lastStart(storage)).toMatchObject({
    "x-ms-owner": "7",
    "x-ms-group": "8",
    "x-ms-file-owner-copy-mode": "override",
  });
  const startRejection = (options: FileStartCopyOptions) =>
    rejection(copy.startCopyFromURL(source.url, options));
  expect(await startRejection({ fileOwnerCopyMode: "override" })).toEqual(missing);
  expect(await startRejection({ fileModeCopyMode: "override" })).toEqual(missing);
  expect(await startRejection({ copyFileSmbInfo: { ignoreReadOnly: true } })).toEqual(unsupported);
  expect(await startRejection({ filePermission: permission })).toEqual(unsupported);
});

test("a read-only destination is overwritten only if the start requests it", async () => {
  const storage = await start();
  const { file, source } = storage;
  const readOnly = { copyFileSmbInfo: { fileAttributes: "ReadOnly" } };
  await file("copy").startCopyFromURL(source.url, readOnly);
  expect((await file("copy").getProperties()).fileAttributes).toBe("ReadOnly");
  expect(await rejection(file("copy").startCopyFromURL(source.url))).toEqual({
    status: 409,
    code: "ReadOnlyAttribute",
  });
  await file("copy").startCopyFromURL(source.url, { copyFileSmbInfo: { ignoreReadOnly: true } });
  expect(lastStart(storage)).toMatchObject({ "x-ms-file-copy-ignore-readonly": "true" });
  expect((await file("copy").getProperties()).fileAttributes).toBe("Archive");
});

test("trailing dots are kept for each side that allows them, and never apply to a blob", async () => {
  const storage = await start();
  const { file, service } = storage;
  const dotted = await uploadFile(file("dotted.", { allowTrailingDot: true }), "dotted");
  await uploadFile(file("dotted"), "plain");

  const both = file("copy.", { allowTrailingDot: true, allowSourceTrailingDot: true });
  await both.startCopyFromURL(dotted.url);
  expect(lastStart(storage)).toMatchObject({
    "x-ms-allow-trailing-dot": "true",
    "x-ms-source-allow-trailing-dot": "true",
  });
  expect((await both.downloadToBuffer()).toString()).toBe("dotted");
  await file("copy.").startCopyFromURL(dotted.url);
  expect((await file("copy").downloadToBuffer()).toString()).toBe("plain");

  const blob = await uploadBlob(service, "blob");
  const sas = await blob.generateSasUrl({
    permissions: BlobSASPermissions.parse("r"),
    expiresOn: tomorrow,
  });
  const withSourceDots = file("copy", { allowSourceTrailingDot: true });
  expect(await rejection(withSourceDots.startCopyFromURL(sas))).toEqual(unsupported);
});

test("a copy onto a leased destination, and its abort, need the lease id", async () => {
  const { file, source, emulator } = await start();
  emulator.copies.finishOnStart = "never";
  const copy = file("copy");
  await copy.create(1);
  const { leaseId } = copy.getShareLeaseClient();
  const own = { leaseAccessConditions: { leaseId } };
  expect(await rejection(copy.startCopyFromURL(source.url, own))).toEqual({
    status: 412,
    code: "LeaseNotPresentWithFileOperation",
  });
  await copy.getShareLeaseClient(leaseId).acquireLease();
  expect(await rejection(copy.startCopyFromURL(source.url))).toEqual({
    status: 412,
    code: "LeaseIdMissing",
  });
  const { copyId = "" } = await copy.startCopyFromURL(source.url, own);
  expect(await rejection(copy.abortCopyFromURL(copyId))).toEqual({
    status: 412,
    code: "LeaseIdMissing",
  });
  const other = "00000000-0000-0000-0000-000000000000";
  expect(
    await rejection(copy.abortCopyFromURL(copyId, { leaseAccessConditions: { leaseId: other } })),
  ).toEqual({ status: 412, code: "LeaseIdMismatchWithFileOperation" });
  await copy.abortCopyFromURL(copyId, own);
  expect(await copy.getProperties()).toMatchObject({ copyStatus: "aborted", leaseState: "leased" });
  expect(await rejection(file("new").startCopyFromURL(source.url, own))).toEqual({
    status: 412,
    code: "LeaseNotPresentWithFileOperation",
  });

  await source.getShareLeaseClient().acquireLease();
  expect((await file("from leased").startCopyFromURL(source.url)).copyStatus).toBe("pending");
});

test("the only valid request intent is backup", async () => {
  const storage = await start();
  const { file, source } = storage;
  await file("copy", { fileRequestIntent: "backup" }).startCopyFromURL(source.url);
  expect(lastStart(storage)).toMatchObject({ "x-ms-file-request-intent": "backup" });
  const other = file("copy", { fileRequestIntent: "restore" });
  expect(await rejection(other.startCopyFromURL(source.url))).toEqual(invalid);
});
