import { DefaultAzureCredential } from "@azure/identity";
import {
  FileSASPermissions,
  ShareFileClient,
  ShareSASPermissions,
  ShareServiceClient,
  StorageSharedKeyCredential,
  generateFileSASQueryParameters,
} from "@azure/storage-file-share";
import type { ServiceGetUserDelegationKeyResponse } from "@azure/storage-file-share";
import { expect, test } from "vitest";
import { day, noon, rejection, second } from "../../../support/stack/emulator.ts";
import { uploadFile } from "../../../support/stack/file-storage.ts";
import { startIdentity } from "../../../support/stack/identity.ts";

const account = "devstoreaccount1";
const once = { retryOptions: { maxTries: 1 } };
const denied = { status: 403, code: "AuthorizationPermissionMismatch" };
const failed = { status: 403, code: "AuthenticationFailed" };

/** A share with a file, and clients that use the identity. */
async function start() {
  const storage = await startIdentity();
  const { emulator } = storage;
  const url = (name: string) => `${emulator.fileUrl}/${name}`;
  const byKey = (name: string) =>
    new ShareServiceClient(
      url(name),
      new StorageSharedKeyCredential(name, emulator.accounts[0]?.key ?? ""),
      once,
    );
  const byIdentity = (intent: { fileRequestIntent?: "backup" } = { fileRequestIntent: "backup" }) =>
    new ShareServiceClient(url(account), new DefaultAzureCredential(), { ...once, ...intent });
  const share = byKey(account).getShareClient("media");
  await share.create();
  await uploadFile(share.rootDirectoryClient.getFileClient("film.mp4"), "film");
  const file = (client: ShareServiceClient, path = "film.mp4") =>
    client.getShareClient("media").rootDirectoryClient.getFileClient(path);
  return { ...storage, byKey, byIdentity, file };
}

function delegated(
  file: ShareFileClient,
  key: ServiceGetUserDelegationKeyResponse,
  values: object = {},
): ShareFileClient {
  const sas = generateFileSASQueryParameters(
    {
      shareName: "media",
      filePath: "film.mp4",
      permissions: FileSASPermissions.parse("r"),
      expiresOn: new Date(noon + day),
      ...values,
    },
    key,
    account,
  );
  return new ShareFileClient(`${file.url}?${sas.toString()}`, undefined, once);
}

test("a token with the backup intent authorizes file operations, limited by the identity's roles", async () => {
  const { byIdentity, file, emulator } = await start();
  const own = file(byIdentity());
  expect((await own.downloadToBuffer()).toString()).toBe("film");
  expect(await rejection(file(byIdentity({})).getProperties())).toEqual({
    status: 400,
    code: "MissingRequiredHeader",
  });
  const may = async () => [
    await rejection(own.getProperties()),
    await rejection(own.setMetadata({})),
    await rejection(byIdentity().getUserDelegationKey(new Date(noon), new Date(noon + day))),
  ];
  const allowed = { status: 200, code: "not refused" };
  expect(await may()).toEqual([allowed, allowed, allowed]);
  emulator.roles.splice(0, Infinity, {
    role: "Storage File Data Privileged Reader",
    account,
    share: "media",
  });
  expect(await may()).toEqual([allowed, denied, denied]);
  emulator.roles.splice(0, Infinity, {
    role: "Storage File Data Privileged Contributor",
    account,
    share: "other",
  });
  expect(await may()).toEqual([denied, denied, denied]);
  emulator.roles.splice(0, Infinity, { role: "Storage File Data Privileged Contributor", account });
  expect(await may()).toEqual([allowed, allowed, denied]);
  expect(await rejection(byIdentity().getShareClient("new").create())).toEqual(denied);
  emulator.roles.splice(0, Infinity, { role: "Storage File Delegator", account });
  expect(await may()).toEqual([denied, denied, allowed]);
  emulator.roles.splice(0, Infinity, { role: "Storage Blob Data Contributor", account });
  expect(await may()).toEqual([denied, denied, denied]);
});

test("a user delegation SAS authorizes its file or share until its key expires", async () => {
  const { byIdentity, byKey, file, clock, client } = await start();
  const key = await byIdentity().getUserDelegationKey(new Date(noon), new Date(noon + 2 * day));
  const film = file(byKey(account));
  const code = (values?: object, from = key) =>
    rejection(delegated(film, from, values).getProperties());
  expect((await delegated(film, key).downloadToBuffer()).toString()).toBe("film");
  expect(await code({ version: "2025-07-05" })).toMatchObject({ status: 200 });
  const whole = { filePath: undefined, permissions: ShareSASPermissions.parse("r") };
  expect(await code(whole)).toMatchObject({ status: 200 });
  expect(await code({ filePath: "other" })).toEqual(failed);
  expect(await code({ permissions: FileSASPermissions.parse("w") })).toEqual(denied);
  const ofBlobs = await client().getUserDelegationKey(new Date(noon), new Date(noon + 2 * day));
  const { value, signedService } = ofBlobs;
  expect(await code({}, { ...key, value, signedService })).toEqual(failed);

  const long = { expiresOn: new Date(noon + 6 * day) };
  await clock.advance(2 * day - second);
  expect(await code(long)).toMatchObject({ status: 200 });
  await clock.advance(second);
  expect(await code(long)).toEqual(failed);
});

test("a user delegation SAS authorizes a copy's source; the identity's token only its destination", async () => {
  const { byIdentity, byKey, file, clock, emulator } = await start();
  emulator.copies.bytesPerSecond = 0;
  const film = file(byKey(account));
  const copy = file(byIdentity(), "copy.mp4");
  expect(await rejection(copy.startCopyFromURL(film.url))).toEqual({
    status: 404,
    code: "CannotVerifyCopySource",
  });
  const key = await byIdentity().getUserDelegationKey(new Date(noon), new Date(noon + day));
  await copy.startCopyFromURL(delegated(film, key).url);
  expect((await copy.getProperties()).copyStatus).toBe("pending");
  await clock.advance(day);
  expect(await file(byKey(account), "copy.mp4").getProperties()).toMatchObject({
    copyStatus: "failed",
    copyStatusDescription: '403 AuthenticationFailed "Copy failed when reading the source."',
  });
});
