import {
  AccountSASPermissions,
  BlobSASPermissions,
  BlobServiceClient,
  BlockBlobClient,
  ContainerClient,
  ContainerSASPermissions,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { expect, test } from "vitest";
import {
  day,
  noon,
  rejection,
  second,
  startStorage,
  uploadBlob,
} from "../../../support/stack/emulator.ts";

const once = { retryOptions: { maxTries: 1 } };
const tomorrow = new Date(noon + day);

test("a request signed with another key, or for another account, is rejected", async () => {
  const { emulator } = await startStorage();
  const key = Buffer.alloc(64, 1).toString("base64");
  const wrongKey = new BlobServiceClient(
    `${emulator.blobUrl}/devstoreaccount1`,
    new StorageSharedKeyCredential("devstoreaccount1", key),
    once,
  );
  expect(await rejection(wrongKey.createContainer("abc"))).toEqual({
    status: 403,
    code: "AuthenticationFailed",
  });
  const wrongAccount = new BlobServiceClient(
    `${emulator.blobUrl}/devstoreaccount2`,
    new StorageSharedKeyCredential("devstoreaccount1", emulator.accounts[0]?.key ?? ""),
    once,
  );
  expect((await rejection(wrongAccount.createContainer("abc"))).code).toBe("AuthenticationFailed");
});

test("a signature is valid for fifteen minutes before and after its date", async () => {
  const { emulator, clock, service } = await startStorage();
  await service.createContainer("abc");
  const responses: number[] = [];
  for (const minutes of [15, 16, -15, -16]) {
    const client = new BlobServiceClient(service.url, service.credential, once);
    // The SDK dates its requests with the process's clock, so the emulator's clock must differ.
    const shifted = clock.now;
    clock.now = () => shifted() + minutes * 60 * second;
    responses.push((await rejection(client.getContainerClient("abc").getProperties())).status);
    clock.now = shifted;
  }
  expect(responses).toEqual([200, 403, 200, 403]);
  expect(emulator.requests.at(-1)?.code).toBe("AuthenticationFailed");
});

test("names and metadata that need encoding and sorting are signed as the SDK signs them", async () => {
  const { service } = await startStorage();
  await service.createContainer("abc");
  const name = "deep/ä b+c%20&=?#;'~.txt";
  const blob = service.getContainerClient("abc").getBlockBlobClient(name);
  await blob.upload("x", 1, { metadata: { a_b: "1", ab: "2  3", a1: "4", Z: "5", _x: "6" } });
  expect((await blob.getProperties()).metadata).toEqual({
    a_b: "1",
    ab: "2  3",
    a1: "4",
    z: "5",
    _x: "6",
  });
  const names: string[] = [];
  for await (const item of service.getContainerClient("abc").listBlobsFlat()) names.push(item.name);
  expect(names).toEqual([name]);
});

test.for(["2015-04-05", "2018-11-09", "2020-02-10", "2020-12-06", "2021-08-06", "2026-10-06"])(
  "service and account SAS tokens of version %s authorize what they are signed for",
  async (version) => {
    const { service, credential, emulator } = await startStorage();
    const blob = await uploadBlob(service, "abc");
    const sas = generateBlobSASQueryParameters(
      {
        containerName: "source",
        blobName: "film.mp4",
        permissions: BlobSASPermissions.parse("r"),
        startsOn: new Date(noon - second),
        expiresOn: tomorrow,
        contentDisposition: "attachment",
        cacheControl: "private",
        ipRange: { start: "127.0.0.0", end: "127.0.0.255" },
        protocol: SASProtocol.HttpsAndHttp,
        version,
      },
      credential,
    );
    const response = await new BlockBlobClient(`${blob.url}?${sas}`).download();
    expect(response).toMatchObject({ contentDisposition: "attachment", cacheControl: "private" });

    const container = generateBlobSASQueryParameters(
      {
        containerName: "source",
        permissions: ContainerSASPermissions.parse("rl"),
        expiresOn: tomorrow,
        version,
      },
      credential,
    );
    const holder = new ContainerClient(`${emulator.blobUrl}/devstoreaccount1/source?${container}`);
    expect((await holder.listBlobsFlat().next()).value?.name).toBe("film.mp4");
    expect((await holder.getBlobClient("film.mp4").downloadToBuffer()).toString()).toBe("abc");

    const account = generateAccountSASQueryParameters(
      {
        permissions: AccountSASPermissions.parse("rwl"),
        services: "bf",
        resourceTypes: "sco",
        expiresOn: tomorrow,
        version,
      },
      credential,
    );
    const everything = new BlobServiceClient(`${service.url}?${account}`);
    expect((await everything.listContainers().next()).value?.name).toBe("source");
    await everything.getContainerClient("source").getBlockBlobClient("new").upload("x", 1);
  },
);

test("every kind of service SAS error has a distinct response", async () => {
  const { service, credential, clock } = await startStorage();
  const blob = await uploadBlob(service, "abc");
  const other = await uploadBlob(service, "abc", { blob: "other" });
  const read = { permissions: BlobSASPermissions.parse("r"), expiresOn: tomorrow };
  const sas = (more: object) =>
    generateBlobSASQueryParameters(
      { containerName: "source", blobName: "film.mp4", ...read, ...more },
      credential,
    ).toString();
  const client = (url: string, query: string) =>
    new BlockBlobClient(`${url}?${query}`, undefined, once);
  const code = async (more: object) =>
    (await rejection(client(blob.url, sas(more)).download())).code;

  expect(await code({})).toBe("not refused");
  expect(await code({ permissions: BlobSASPermissions.parse("w") })).toBe(
    "AuthorizationPermissionMismatch",
  );
  expect(await code({ startsOn: new Date(noon + second) })).toBe("AuthenticationFailed");
  expect(await code({ protocol: SASProtocol.Https })).toBe("AuthorizationProtocolMismatch");
  expect(await code({ ipRange: { start: "10.0.0.1" } })).toBe("AuthorizationSourceIPMismatch");
  expect(await code({ identifier: "no-such-policy", blobName: "other" })).toBe("NotImplemented");
  expect((await rejection(client(other.url, sas({})).download())).code).toBe(
    "AuthenticationFailed",
  );
  const widened = sas({}).replace("sp=r", "sp=rw");
  expect((await rejection(client(blob.url, widened).download())).code).toBe("AuthenticationFailed");
  const write = client(blob.url, sas({})).upload("x", 1);
  expect((await rejection(write)).code).toBe("AuthorizationPermissionMismatch");

  const query = sas({});
  await clock.advance(day - 1);
  expect((await rejection(client(blob.url, query).download())).code).toBe("not refused");
  await clock.advance(1);
  expect((await rejection(client(blob.url, query).download())).code).toBe("AuthenticationFailed");
});

test("an account SAS is limited to its services, resource types and permissions", async () => {
  const { service, credential } = await startStorage();
  await uploadBlob(service, "abc");
  const client = (services: string, resourceTypes: string, permissions: string) => {
    const sas = generateAccountSASQueryParameters(
      {
        services,
        resourceTypes,
        permissions: AccountSASPermissions.parse(permissions),
        expiresOn: tomorrow,
      },
      credential,
    );
    return new BlobServiceClient(`${service.url}?${sas}`, undefined, once);
  };
  const read = (holder: BlobServiceClient) =>
    rejection(holder.getContainerClient("source").getBlobClient("film.mp4").download());

  expect((await read(client("b", "o", "r"))).code).toBe("not refused");
  expect((await read(client("f", "o", "r"))).code).toBe("AuthorizationServiceMismatch");
  expect((await read(client("b", "c", "r"))).code).toBe("AuthorizationResourceTypeMismatch");
  expect((await read(client("b", "o", "w"))).code).toBe("AuthorizationPermissionMismatch");
});

test("a service SAS does not authorize operations on the container itself", async () => {
  const { service, credential } = await startStorage();
  await uploadBlob(service, "abc");
  const sas = generateBlobSASQueryParameters(
    {
      containerName: "source",
      permissions: ContainerSASPermissions.parse("racwdl"),
      expiresOn: tomorrow,
    },
    credential,
  );
  const holder = new ContainerClient(`${service.url}/source?${sas}`, undefined, once);
  expect(await rejection(holder.delete())).toEqual({ status: 403, code: "AuthorizationFailure" });
});

test("without authorization only public containers can be read, up to their access level", async () => {
  const { service, anonymous } = await startStorage();
  for (const [name, access] of [
    ["blobs", "blob"],
    ["everything", "container"],
    ["private", undefined],
  ] as const) {
    await service.createContainer(name, access && { access });
    await service.getContainerClient(name).getBlockBlobClient("x").upload("abc", 3);
  }
  const read = async (name: string) =>
    (await rejection(anonymous.getContainerClient(name).getBlobClient("x").download())).status;
  const list = async (name: string) =>
    (await rejection(anonymous.getContainerClient(name).listBlobsFlat().next())).status;

  expect([await read("blobs"), await list("blobs")]).toEqual([200, 401]);
  expect([await read("everything"), await list("everything")]).toEqual([200, 200]);
  expect([await read("private"), await list("private")]).toEqual([401, 401]);
  expect(
    await rejection(
      anonymous.getContainerClient("everything").getBlockBlobClient("y").upload("", 0),
    ),
  ).toEqual({ status: 401, code: "NoAuthenticationInformation" });
  expect((await service.getContainerClient("blobs").getProperties()).blobPublicAccess).toBe("blob");
});

test("anonymous requests with an old or missing version get the 404 of a missing resource", async () => {
  const { service, emulator } = await startStorage();
  await uploadBlob(service, "abc");
  const response = await fetch(`${emulator.blobUrl}/devstoreaccount1/source/film.mp4`);
  expect(response.status).toBe(404);
  expect(response.headers.get("x-ms-error-code")).toBe("ResourceNotFound");
});
