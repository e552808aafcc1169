import { createHash } from "node:crypto";
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  FileSASPermissions,
  FileSystemAttributes,
  ShareClient,
  ShareFileClient,
  ShareSASPermissions,
  generateAccountSASQueryParameters,
  generateFileSASQueryParameters,
} from "@azure/storage-file-share";
import { expect, test } from "vitest";
import { day, kib, noon, rejection, second } from "../../../support/stack/emulator.ts";
import { startFileStorage, uploadFile } from "../../../support/stack/file-storage.ts";

const tomorrow = new Date(noon + day);
const attributes = (given: Partial<FileSystemAttributes>) =>
  Object.assign(new FileSystemAttributes(), given);
const retryOptions = { maxTries: 1 };

async function listed<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test("shares are created, read, listed in pages and deleted", async () => {
  const { files } = await startFileStorage();
  const paper = files.getShareClient("paper");
  await paper.create({ quota: 10, metadata: { team: "y" } });
  expect(await paper.getProperties()).toMatchObject({
    quota: 10,
    metadata: { team: "y" },
    protocols: { smbEnabled: true },
    lastModified: new Date(noon),
  });
  expect(await rejection(paper.create())).toEqual({ status: 409, code: "ShareAlreadyExists" });
  expect(await rejection(files.getShareClient("No").create())).toEqual({
    status: 400,
    code: "OutOfRangeInput",
  });
  const pages = files.listShares({ includeMetadata: true }).byPage({ maxPageSize: 1 });
  const names = (await listed(pages)).map(({ shareItems }) =>
    shareItems?.map(({ name, metadata }) => [name, metadata]),
  );
  expect(names).toEqual([[["media", undefined]], [["paper", { team: "y" }]]]);

  await paper.delete();
  expect(await rejection(paper.getProperties())).toEqual({ status: 404, code: "ShareNotFound" });
  expect(await rejection(paper.rootDirectoryClient.getFileClient("a").create(1))).toEqual({
    status: 404,
    code: "ShareNotFound",
  });
});

test("files need an existing directory, and only empty directories can be deleted", async () => {
  const { share, file } = await startFileStorage();
  const root = share.rootDirectoryClient;
  expect(await rejection(file("in/film.mp4").create(1))).toEqual({
    status: 404,
    code: "ParentNotFound",
  });
  const directory = root.getDirectoryClient("in");
  await directory.create({ metadata: { kind: "inbox" } });
  expect(await directory.getProperties()).toMatchObject({
    metadata: { kind: "inbox" },
    fileAttributes: "Directory",
    fileParentId: (await root.getProperties()).fileId,
  });
  expect(await rejection(directory.create())).toEqual({
    status: 409,
    code: "ResourceAlreadyExists",
  });
  const film = file("in/film.mp4");
  await film.create(1);
  expect((await film.getProperties()).fileParentId).toBe((await directory.getProperties()).fileId);

  expect(await rejection(file("in").create(1))).toEqual({
    status: 409,
    code: "ResourceTypeMismatch",
  });
  expect(await rejection(root.getDirectoryClient("in/film.mp4").create())).toEqual({
    status: 409,
    code: "ResourceTypeMismatch",
  });
  expect(await rejection(directory.delete())).toEqual({ status: 409, code: "DirectoryNotEmpty" });
  await film.delete();
  await directory.delete();
  expect(await rejection(directory.getProperties())).toEqual({
    status: 404,
    code: "ResourceNotFound",
  });
  expect(await rejection(film.delete())).toEqual({ status: 404, code: "ParentNotFound" });
});

test("a directory is listed by pages and prefix, with the requested details", async () => {
  const { share, file } = await startFileStorage();
  const root = share.rootDirectoryClient;
  await root.getDirectoryClient("Beta").create();
  for (const name of ["alpha", "gamma", "garden"]) await file(name).create(3);
  await file("Beta/inner").create(0);

  const pages = await listed(root.listFilesAndDirectories().byPage({ maxPageSize: 2 }));
  expect(
    pages.map(({ segment }) => [
      segment.directoryItems.map(({ name }) => name),
      segment.fileItems.map(({ name }) => name),
    ]),
  ).toEqual([
    [["Beta"], ["alpha"]],
    [[], ["gamma", "garden"]],
  ]);
  const [gamma, ...others] = await listed(
    root.listFilesAndDirectories({
      prefix: "GA",
      includeTimestamps: true,
      includeEtag: true,
      includeAttributes: true,
      includePermissionKey: true,
      includeExtendedInfo: true,
    }),
  );
  const { etag, fileId, filePermissionKey } = await file("gamma").getProperties();
  expect(gamma).toMatchObject({
    name: "gamma",
    fileId,
    attributes: "Archive",
    permissionKey: filePermissionKey,
    properties: { contentLength: 3, etag, lastModified: new Date(noon) },
  });
  expect(others.map(({ name }) => name)).toEqual(["garden"]);
});

test("a new file contains zeros; ranges are overwritten and cleared", async () => {
  const { file } = await startFileStorage();
  const film = file("film.mp4");
  await film.create(10);
  expect(await film.downloadToBuffer()).toEqual(Buffer.alloc(10));

  await film.uploadRange("abcdefgh", 1, 8);
  await film.uploadRange("XY", 3, 2);
  await film.clearRange(6, 2);
  expect((await film.downloadToBuffer()).toString()).toBe("\0abXYe\0\0h\0");
  expect((await film.downloadToBuffer(3, 2)).toString()).toBe("XY");
  expect(await rejection(film.uploadRange("abc", 8, 3))).toEqual({
    status: 416,
    code: "InvalidRange",
  });

  const wrong = createHash("md5").update("other").digest();
  expect(await rejection(film.uploadRange("abc", 0, 3, { contentMD5: wrong }))).toEqual({
    status: 400,
    code: "Md5Mismatch",
  });
  await film.resize(3);
  expect((await film.downloadToBuffer()).toString()).toBe("\0ab");
  await film.resize(5);
  expect((await film.downloadToBuffer()).toString()).toBe("\0ab\0\0");
});

test("a file is uploaded and downloaded in full, in any number of ranges", async () => {
  const { file } = await startFileStorage();
  const content = Buffer.from(Array.from({ length: 10 * kib }, (_, index) => index % 251));
  await file("film.mp4").uploadData(content, { rangeSize: kib, concurrency: 4 });
  expect(await file("film.mp4").downloadToBuffer(0, content.length, { rangeSize: 999 })).toEqual(
    content,
  );
  await file("empty").uploadData(Buffer.alloc(0));
  expect((await file("empty").getProperties()).contentLength).toBe(0);
});

test("headers and metadata are replaced as a whole, and every write changes the ETag", async () => {
  const { file, clock } = await startFileStorage();
  const film = await uploadFile(file("film.mp4"), "abc");
  const before = await film.getProperties();
  expect(before).toMatchObject({ contentType: "video/mp4", metadata: { project: "x" } });

  await clock.advance(5 * second);
  await film.setHttpHeaders({ fileContentLanguage: "de" });
  const after = await film.getProperties();
  expect(after).toMatchObject({
    contentLanguage: "de",
    contentLength: 3,
    metadata: { project: "x" },
  });
  expect([after.contentType, after.cacheControl]).toEqual([undefined, undefined]);
  expect(after.etag).not.toBe(before.etag);
  expect(after.fileLastWriteOn).toEqual(before.fileLastWriteOn);

  await film.setMetadata({ Other: "z" });
  const { metadata, etag, contentLanguage } = await film.getProperties();
  expect({ metadata, contentLanguage }).toEqual({
    metadata: { other: "z" },
    contentLanguage: "de",
  });
  expect(etag).not.toBe(after.etag);
});

test("attributes, times and permission are returned as they were set", async () => {
  const { file, share } = await startFileStorage();
  const sddl = "O:S-1-5-32-544G:S-1-5-21-1-2-3-513D:(A;;FA;;;SY)";
  const { filePermissionKey = "" } = await share.createPermission(sddl);
  expect((await share.getPermission(filePermissionKey)).permission).toBe(sddl);
  expect(await rejection(share.createPermission("everybody"))).toEqual({
    status: 400,
    code: "FileInvalidPermission",
  });
  expect(await rejection(share.getPermission("1*2"))).toEqual({
    status: 400,
    code: "InvalidHeaderValue",
  });

  const film = file("film.mp4");
  await film.create(0, {
    filePermission: sddl,
    creationTime: new Date(noon - day),
    lastWriteTime: new Date(noon - 2 * day),
    changeTime: new Date(noon - 3 * day),
  });
  expect(await film.getProperties()).toMatchObject({
    filePermissionKey,
    fileAttributes: "Archive",
    fileCreatedOn: new Date(noon - day),
    fileLastWriteOn: new Date(noon - 2 * day),
    fileChangeOn: new Date(noon - 3 * day),
  });
  await film.setProperties({ lastWriteTime: new Date(noon), filePermissionKey });
  expect(await film.getProperties()).toMatchObject({
    filePermissionKey,
    fileCreatedOn: new Date(noon - day),
    fileLastWriteOn: new Date(noon),
    fileChangeOn: new Date(noon),
  });
  expect(await rejection(film.setProperties({ filePermissionKey: "1*2" }))).toEqual({
    status: 400,
    code: "InvalidHeaderValue",
  });
});

test("a file of an NFS share has owner, group and mode", async () => {
  const { files } = await startFileStorage();
  const share = files.getShareClient("unix");
  await share.create({ protocols: { nfsEnabled: true } });
  const film = share.rootDirectoryClient.getFileClient("film.mp4");
  const fileMode = {
    owner: { read: true, write: true, execute: false },
    group: { read: true, write: false, execute: false },
    other: { read: false, write: false, execute: false },
    effectiveUserIdentity: false,
    effectiveGroupIdentity: false,
    stickyBit: false,
  };
  await film.create(1, { posixProperties: { owner: "345", group: "123", fileMode } });
  const { posixProperties, fileAttributes, filePermissionKey } = await film.getProperties();
  expect(posixProperties).toMatchObject({
    owner: "345",
    group: "123",
    fileMode,
    fileType: "Regular",
  });
  expect([fileAttributes, filePermissionKey]).toEqual([undefined, undefined]);
  expect(await rejection(film.create(1, { filePermission: "O:AG:BD:" }))).toEqual({
    status: 400,
    code: "UnsupportedHeader",
  });
});

test("a read-only file cannot be written or deleted until it is made writable", async () => {
  const { file } = await startFileStorage();
  const film = await uploadFile(file("film.mp4"), "abc");
  await film.setProperties({ fileAttributes: attributes({ readonly: true, hidden: true }) });
  expect((await film.getProperties()).fileAttributes).toBe("ReadOnly | Hidden");
  const readOnly = { status: 409, code: "ReadOnlyAttribute" };
  expect(await rejection(film.uploadRange("abc", 0, 3))).toEqual(readOnly);
  expect(await rejection(film.create(3))).toEqual(readOnly);
  expect(await rejection(film.delete())).toEqual(readOnly);
  expect((await film.downloadToBuffer()).toString()).toBe("abc");

  await film.setProperties({ fileAttributes: attributes({ none: true }) });
  await film.delete();
});

test("names are case-insensitive, and invalid names are rejected", async () => {
  const { file, share } = await startFileStorage();
  await uploadFile(file("Film.mp4"), "abc");
  expect((await file("FILM.MP4").downloadToBuffer()).toString()).toBe("abc");
  expect((await file("Film.mp4/").downloadToBuffer()).toString()).toBe("abc");
  await file("film.MP4").create(0);
  const names = (await listed(share.rootDirectoryClient.listFilesAndDirectories())).map(
    ({ name }) => name,
  );
  expect(names).toEqual(["Film.mp4"]);
  await uploadFile(file("Straße"), "one");
  await uploadFile(file("STRASSE"), "two");
  expect((await file("STRAßE").downloadToBuffer()).toString()).toBe("one");
  const invalid = { status: 400, code: "InvalidFileOrDirectoryPathName" };
  for (const name of ["a:b", "a*b", 'a"b', "a//b", "a\\\\b", "x".repeat(256)]) {
    expect(await rejection(file(name).create(0)), name).toEqual(invalid);
  }
  // The service reads a backslash as a slash.
  expect((await rejection(file("a\\b").create(0))).code).toBe("ParentNotFound");
  for (const name of ["a b", "#1", "50%25", "a+b", "Übung 🎬", "a&b=c"]) {
    await uploadFile(file(name), name);
    expect((await file(name).downloadToBuffer()).toString()).toBe(name);
  }
});

test("trailing dots are removed unless the client allows them", async () => {
  const { file, share } = await startFileStorage();
  await uploadFile(file("film..."), "cut");
  expect((await file("film").downloadToBuffer()).toString()).toBe("cut");

  const kept = file("film...", { allowTrailingDot: true });
  expect(await rejection(kept.getProperties())).toEqual({ status: 404, code: "ResourceNotFound" });
  await uploadFile(kept, "kept");
  expect((await kept.downloadToBuffer()).toString()).toBe("kept");
  expect((await file("film...").downloadToBuffer()).toString()).toBe("cut");
  const names = (await listed(share.rootDirectoryClient.listFilesAndDirectories())).map(
    ({ name }) => name,
  );
  expect(names).toEqual(["film", "film..."]);
});

test("a lease on a file is infinite: writes and deletes need its id, reads do not", async () => {
  const { file } = await startFileStorage();
  const film = await uploadFile(file("film.mp4"), "abc");
  const { etag } = await film.getProperties();
  const lease = film.getShareLeaseClient();
  await lease.acquireLease();
  expect(await film.getProperties()).toMatchObject({
    etag,
    leaseState: "leased",
    leaseStatus: "locked",
    leaseDuration: "infinite",
  });
  expect(await rejection(film.getShareLeaseClient().acquireLease())).toEqual({
    status: 409,
    code: "LeaseAlreadyPresent",
  });
  expect(await rejection(film.getShareLeaseClient(lease.leaseId).acquireLease(15))).toEqual({
    status: 400,
    code: "InvalidHeaderValue",
  });
  const other = { leaseAccessConditions: { leaseId: "00000000-0000-0000-0000-000000000000" } };
  expect(await rejection(film.setMetadata({}))).toEqual({ status: 412, code: "LeaseIdMissing" });
  expect(await rejection(film.uploadRange("abc", 0, 3, other))).toEqual({
    status: 412,
    code: "LeaseIdMismatchWithFileOperation",
  });
  expect(await rejection(film.delete())).toEqual({ status: 412, code: "LeaseIdMissing" });
  await film.setMetadata({}, { leaseAccessConditions: { leaseId: lease.leaseId } });

  const next = "11111111-1111-1111-1111-111111111111";
  await lease.changeLease(next);
  await lease.releaseLease();
  expect(await rejection(film.delete({ leaseAccessConditions: { leaseId: next } }))).toEqual({
    status: 412,
    code: "LeaseNotPresentWithFileOperation",
  });
  await lease.acquireLease();
  await film.getShareLeaseClient().breakLease();
  expect((await film.getProperties()).leaseState).toBe("broken");
  await film.delete();
});

test("a share snapshot keeps the share's content, and is read-only", async () => {
  const { file, share, clock, files } = await startFileStorage();
  await share.rootDirectoryClient.getDirectoryClient("in").create();
  const film = await uploadFile(file("in/film.mp4"), "old");
  await film.getShareLeaseClient().acquireLease();
  const { snapshot = "" } = await share.createSnapshot({ metadata: { why: "test" } });
  const { snapshot: second } = await share.createSnapshot();
  expect(second).not.toBe(snapshot);
  await clock.advance(1000);
  await film.getShareLeaseClient().breakLease();
  await film.delete();

  const then = share.withSnapshot(snapshot);
  expect((await then.getProperties()).metadata).toEqual({ why: "test" });
  const image = then.getDirectoryClient("in").getFileClient("film.mp4");
  expect(await image.getProperties()).toMatchObject({ metadata: { project: "x" } });
  expect((await image.getProperties()).leaseState).toBe("available");
  expect((await image.downloadToBuffer()).toString()).toBe("old");
  expect(await listed(then.rootDirectoryClient.listFilesAndDirectories())).toMatchObject([
    { name: "in" },
  ]);
  const readOnly = { status: 400, code: "ShareSnapshotOperationNotSupported" };
  expect(await rejection(image.create(1))).toEqual(readOnly);
  expect(await rejection(image.setMetadata({}))).toEqual(readOnly);
  expect(await rejection(image.delete())).toEqual(readOnly);
  expect(await rejection(image.startCopyFromURL(image.url))).toEqual(readOnly);

  expect(
    await rejection(share.withSnapshot("2020-01-01T00:00:00.0000000Z").getProperties()),
  ).toEqual({
    status: 404,
    code: "ShareSnapshotNotFound",
  });
  const items = await listed(files.listShares({ includeSnapshots: true }));
  expect(items.map((item) => item.snapshot)).toEqual([undefined, snapshot, second]);
  expect(await rejection(share.delete())).toEqual({ status: 409, code: "ShareHasSnapshots" });
  await share.delete({ deleteSnapshots: "include" });
  expect(await rejection(then.getProperties())).toEqual({
    status: 404,
    code: "ShareSnapshotNotFound",
  });
});

test("a service SAS authorizes one file or one share, limited by its permissions", async () => {
  const { file, share, fileCredential, emulator } = await startFileStorage();
  await share.rootDirectoryClient.getDirectoryClient("in").create();
  const film = await uploadFile(file("in/film.mp4"), "abc");
  await uploadFile(file("other"), "xyz");
  const sasFor = (values: object, version?: string) =>
    generateFileSASQueryParameters(
      {
        shareName: "media",
        permissions: FileSASPermissions.parse("r"),
        expiresOn: tomorrow,
        ...(version === undefined ? {} : { version }),
        ...values,
      },
      fileCredential,
    ).toString();
  const at = (path: string, sas: string) =>
    new ShareFileClient(`${emulator.fileUrl}/devstoreaccount1/media/${path}?${sas}`, undefined, {
      retryOptions,
    });
  for (const version of [undefined, "2015-04-05", "2019-02-02", "2021-12-02"]) {
    const sas = sasFor({ filePath: "in/film.mp4" }, version);
    expect((await at("in/film.mp4", sas).downloadToBuffer()).toString(), version).toBe("abc");
  }
  const one = sasFor({ filePath: "in/film.mp4", contentType: "text/plain" });
  expect((await at("in/film.mp4", one).getProperties()).contentType).toBe("text/plain");
  expect(await rejection(at("other", one).getProperties())).toEqual({
    status: 403,
    code: "AuthenticationFailed",
  });
  expect(await rejection(at("in/film.mp4", one).setMetadata({}))).toEqual({
    status: 403,
    code: "AuthorizationPermissionMismatch",
  });
  const expired = sasFor({ filePath: "in/film.mp4", expiresOn: new Date(noon - second) });
  expect(await rejection(at("in/film.mp4", expired).getProperties())).toEqual({
    status: 403,
    code: "AuthenticationFailed",
  });

  const all = sasFor({ permissions: ShareSASPermissions.parse("rcl") });
  expect((await at("other", all).downloadToBuffer()).toString()).toBe("xyz");
  const whole = new ShareClient(`${share.url}?${all}`, undefined, { retryOptions });
  expect(await listed(whole.rootDirectoryClient.listFilesAndDirectories())).toHaveLength(2);
  expect(await rejection(whole.getProperties())).toEqual({
    status: 403,
    code: "AuthorizationFailure",
  });
  await at("new", all).create(0);
  expect(await rejection(at("new", all).create(0))).toEqual({
    status: 403,
    code: "AuthorizationPermissionMismatch",
  });
  expect((await film.downloadToBuffer()).toString()).toBe("abc");
});

test("an account SAS authorizes file operations if it includes the file service", async () => {
  const { file, fileCredential } = await startFileStorage();
  const film = await uploadFile(file("film.mp4"), "abc");
  const sasFor = (services: string) =>
    generateAccountSASQueryParameters(
      {
        services: AccountSASServices.parse(services).toString(),
        resourceTypes: AccountSASResourceTypes.parse("o").toString(),
        permissions: AccountSASPermissions.parse("r"),
        expiresOn: tomorrow,
      },
      fileCredential,
    ).toString();
  const at = (services: string) =>
    new ShareFileClient(`${film.url}?${sasFor(services)}`, undefined, { retryOptions });
  expect((await at("f").downloadToBuffer()).toString()).toBe("abc");
  expect(await rejection(at("b").getProperties())).toEqual({
    status: 403,
    code: "AuthorizationServiceMismatch",
  });
});

test("errors begin with a byte order mark, and nothing is public", async () => {
  const { file } = await startFileStorage();
  const film = await uploadFile(file("film.mp4"), "abc");
  const response = await fetch(film.url);
  const bytes = Buffer.from(await response.arrayBuffer());
  expect(response.status).toBe(404);
  expect(response.headers.get("x-ms-error-code")).toBe("ResourceNotFound");
  expect(bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
  expect(bytes.toString()).toContain("<Code>ResourceNotFound</Code>");
});

test("unsupported operations are reported by name, and requests are recorded with their service", async () => {
  const { file, share, emulator } = await startFileStorage();
  const film = await uploadFile(file("film.mp4"), "abc");
  expect(await rejection(film.getRangeList())).toEqual({ status: 501, code: "NotImplemented" });
  await expect(film.rename("other.mp4")).rejects.toMatchObject({ statusCode: 501 });
  await expect(share.getStatistics()).rejects.toMatchObject({ statusCode: 501 });
  expect(emulator.requests.map(({ service, operation }) => [service, operation])).toContainEqual([
    "file",
    "ListRanges",
  ]);
});
