import { BlobSASPermissions, BlockBlobClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { day, noon, rejection, startStorage, uploadBlob } from "../../../support/stack/emulator.ts";

const leaseId = "11111111-2222-3333-4444-555555555555";

/** A source in the first account, a destination in each; copies take a day. */
async function twoAccounts() {
  const storage = await startStorage({ copies: { bytesPerSecond: 1, startDelayMs: day } });
  const source = await uploadBlob(storage.service, "abc");
  const near = await uploadBlob(storage.service, "old", { container: "near", blob: "near" });
  await storage.otherService.createContainer("far");
  const far = storage.otherService.getContainerClient("far").getBlockBlobClient("far");
  return { ...storage, source, near, far };
}

function sasOf(source: BlockBlobClient, more = {}) {
  return source.generateSasUrl({
    permissions: BlobSASPermissions.parse("r"),
    expiresOn: new Date(noon + day),
    ...more,
  });
}

/** The error of a rejected start, including the source's status and code. */
async function refusedStart(work: Promise<unknown>) {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const { statusCode, code, details } = error as {
    statusCode: number;
    code: string;
    details: Record<string, unknown>;
  }; // a RestError; otherwise the following comparison fails
  return {
    status: statusCode,
    code,
    source: [details["copySourceStatusCode"], details["copySourceErrorCode"]],
  };
}

test("another account's blob is copied with a SAS, or when its container is public", async () => {
  const { service, otherService, far, source } = await twoAccounts();
  await far.beginCopyFromURL(await sasOf(source));
  expect((await far.getProperties()).copyStatus).toBe("pending");

  await service.createContainer("public", { access: "blob" });
  const open = service.getContainerClient("public").getBlockBlobClient("open");
  await open.upload("abc", 3);
  const other = otherService.getContainerClient("far").getBlockBlobClient("other");
  await other.beginCopyFromURL(open.url);
  expect((await other.getProperties()).copyStatus).toBe("pending");
});

test("a source that cannot be read makes the start fail with the source's status and code", async () => {
  const { far, source, service } = await twoAccounts();
  const gone = service.getContainerClient("source").getBlockBlobClient("gone");
  const code = "CannotVerifyCopySource";
  expect(await refusedStart(far.beginCopyFromURL(source.url))).toEqual({
    status: 404,
    code,
    source: [404, "ResourceNotFound"],
  });
  expect(await refusedStart(far.beginCopyFromURL(await sasOf(gone)))).toEqual({
    status: 404,
    code,
    source: [404, "BlobNotFound"],
  });
  expect(
    await refusedStart(
      far.beginCopyFromURL((await sasOf(source)).replace(/sig=.{8}/, "sig=AAAAAAAA")),
    ),
  ).toEqual({ status: 403, code, source: [403, "AuthenticationFailed"] });
  expect(
    await refusedStart(
      far.beginCopyFromURL(await sasOf(source, { permissions: BlobSASPermissions.parse("w") })),
    ),
  ).toEqual({ status: 403, code, source: [403, "AuthorizationPermissionMismatch"] });
  expect(
    await refusedStart(far.beginCopyFromURL(await sasOf(source, { expiresOn: new Date(noon) }))),
  ).toEqual({ status: 403, code, source: [403, "AuthenticationFailed"] });
});

test("a missing source in the same account returns 404, an invalid URL returns 400", async () => {
  const { near, service, emulator } = await twoAccounts();
  const gone = service.getContainerClient("source").getBlockBlobClient("gone");
  expect(await rejection(near.beginCopyFromURL(gone.url))).toEqual({
    status: 404,
    code: "BlobNotFound",
  });
  for (const url of ["not a url", "file:///etc/passwd", "ftp://example.com/film.mp4"]) {
    expect(await rejection(near.beginCopyFromURL(url))).toEqual({
      status: 400,
      code: "InvalidHeaderValue",
    });
  }
  const long = `${emulator.blobUrl}/devstoreaccount1/source/${"x".repeat(2048)}`;
  expect((await rejection(near.beginCopyFromURL(long))).status).toBe(400);
});

test("a SAS on the request authorizes the destination only, not a source in the same account", async () => {
  const { near, source } = await twoAccounts();
  const sas = await sasOf(near, { permissions: BlobSASPermissions.parse("w") });
  expect((await rejection(new BlockBlobClient(sas).beginCopyFromURL(source.url))).code).toBe(
    "CannotVerifyCopySource",
  );
});

test("checks are made in the documented order: source, its conditions, destination, pending, lease", async () => {
  const { near, source, service } = await twoAccounts();
  const gone = service.getContainerClient("source").getBlockBlobClient("gone").url;
  await near.getBlobLeaseClient(leaseId).acquireLease(60);
  const wrong = { ifMatch: '"0x1"' };
  const start = async (url: string, options: object) =>
    (await rejection(near.beginCopyFromURL(url, options))).code;

  expect(await start(gone, { sourceConditions: wrong, conditions: wrong })).toBe("BlobNotFound");
  expect(await start(source.url, { sourceConditions: wrong, conditions: wrong })).toBe(
    "SourceConditionNotMet",
  );
  expect(await start(source.url, { conditions: wrong })).toBe("TargetConditionNotMet");
  expect(await start(source.url, { conditions: { ifNoneMatch: "*" } })).toBe("BlobAlreadyExists");
  expect(await start(source.url, {})).toBe("LeaseIdMissing");
  expect(await start(source.url, { conditions: { leaseId } })).toBe(
    "InfiniteLeaseDurationRequired",
  );
});

test("an infinite lease on the destination is required to start and to abort, and stays", async () => {
  const { near, source } = await twoAccounts();
  await near.getBlobLeaseClient(leaseId).acquireLease(-1);
  const conditions = { leaseId };
  await near.beginCopyFromURL(source.url, { conditions });
  const copyId = (await near.getProperties()).copyId ?? "";
  expect((await rejection(near.abortCopyFromURL(copyId))).code).toBe("LeaseIdMissing");
  await near.abortCopyFromURL(copyId, { conditions });
  expect(await near.getProperties()).toMatchObject({ copyStatus: "aborted", leaseState: "leased" });
});

test("a lease id for a missing destination, or one without a lease, is rejected", async () => {
  const { near, source, service } = await twoAccounts();
  const fresh = service.getContainerClient("near").getBlockBlobClient("fresh");
  const conditions = { leaseId };
  for (const destination of [near, fresh]) {
    expect(await rejection(destination.beginCopyFromURL(source.url, { conditions }))).toEqual({
      status: 412,
      code: "LeaseNotPresentWithBlobOperation",
    });
  }
});

test("a missing destination container is reported as such, and a rejected start changes nothing", async () => {
  const { near, source, service } = await twoAccounts();
  const nowhere = service.getContainerClient("nowhere").getBlockBlobClient("x");
  expect((await rejection(nowhere.beginCopyFromURL(source.url))).code).toBe("ContainerNotFound");
  await rejection(near.beginCopyFromURL(source.url, { conditions: { ifMatch: '"0x1"' } }));
  expect((await near.downloadToBuffer()).toString()).toBe("old");
});

test("a create-only SAS can start a copy to a new blob, but not overwrite an existing one", async () => {
  const { service, near, source } = await twoAccounts();
  const only = { permissions: BlobSASPermissions.parse("c") };
  const client = async (blob: BlockBlobClient) => new BlockBlobClient(await sasOf(blob, only));
  const read = await sasOf(source);
  const fresh = service.getContainerClient("near").getBlockBlobClient("fresh");
  expect((await rejection((await client(near)).beginCopyFromURL(read))).code).toBe(
    "UnauthorizedBlobOverwrite",
  );
  await (await client(fresh)).beginCopyFromURL(read);
  expect((await fresh.getProperties()).copyStatus).toBe("pending");
});

test("the source is echoed without the signature of its SAS", async () => {
  const { far, source } = await twoAccounts();
  await far.beginCopyFromURL(await sasOf(source));
  const { copySource } = await far.getProperties();
  expect(copySource).toContain("/source/film.mp4?sv=");
  expect(copySource).not.toContain("sig");
});
