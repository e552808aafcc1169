import {
  AnonymousCredential,
  BlobSASPermissions,
  BlockBlobClient,
  ContainerClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
} from "@azure/storage-blob";
import type { UserDelegationKey } from "@azure/storage-blob";
import { expect, test } from "vitest";
import {
  day,
  noon,
  rejection,
  second,
  startStorage,
  uploadBlob,
} from "../../../support/stack/emulator.ts";
import { startIdentity } from "../../../support/stack/identity.ts";

const once = { retryOptions: { maxTries: 1 } };
const minute = 60 * second;

async function token(
  { url, header }: { url: string; header: string },
  resource = "https://storage.azure.com/",
): Promise<string> {
  const query = `?resource=${encodeURIComponent(resource)}&api-version=2019-08-01`;
  const response = await fetch(`${url}${query}`, { headers: { "x-identity-header": header } });
  const body = (await response.json()) as { access_token: string }; // of a valid request
  return body.access_token;
}

test("the unmodified DefaultAzureCredential gets tokens that the emulator accepts over TLS", async () => {
  const { client, emulator } = await startIdentity();
  await client().createContainer("abc");
  const blob = client().getContainerClient("abc").getBlockBlobClient("x");
  await blob.upload("abc", 3);
  expect((await blob.downloadToBuffer()).toString()).toBe("abc");
  await blob.delete();
  expect(emulator.requests.at(-1)?.headers["authorization"]).toBe("Bearer REDACTED");
});

test("a token request without the secret header, or in a different form, is rejected", async () => {
  const { identity } = await startIdentity();
  const ask = async (query: string, headers: Record<string, string>) =>
    (await fetch(`${identity.url}${query}`, { headers })).status;
  const known = { "x-identity-header": identity.header };
  const good = "?resource=https://storage.azure.com&api-version=2019-08-01";
  expect(await ask(good, known)).toBe(200);
  expect(await ask(good, {})).toBe(401);
  expect(await ask(good, { "x-identity-header": "another" })).toBe(401);
  expect(await ask("?resource=https://storage.azure.com&api-version=2017-09-01", known)).toBe(400);
  expect(await ask("?api-version=2019-08-01", known)).toBe(400);
});

test("a token that is forged, expired or for another audience gets 401 with a challenge", async () => {
  const { identity, emulator, clock, service } = await startIdentity();
  await uploadBlob(service, "abc");
  const read = async (bearer: string, account = "devstoreaccount1") => {
    const url = `${emulator.blobUrl}/${account}/source/film.mp4`;
    const headers = { authorization: `Bearer ${bearer}`, "x-ms-version": "2026-10-06" };
    const response = await fetch(url, { headers });
    const [, detail] = /Detail>([^<]*)</.exec(await response.text()) ?? [];
    const { status } = response;
    if (status === 401) {
      expect(response.headers.get("x-ms-error-code")).toBe("InvalidAuthenticationInfo");
      expect(response.headers.get("www-authenticate")).toContain("https://storage.azure.com");
    }
    return [status, detail];
  };
  const good = await token(identity);
  expect(await read(good)).toEqual([200, undefined]);
  const [header, claims = "", sign] = good.split(".");
  const others = Buffer.from(
    Buffer.from(claims, "base64url")
      .toString()
      .replace(/"oid":"0/, '"oid":"1'),
  ).toString("base64url");
  expect(others).not.toBe(claims);
  for (const forged of [
    "canary",
    "a.b.c",
    "",
    `${header}.${others}.${sign}`,
    `${good}A`,
    `eyJhbGciOiJub25lIn0.${claims}.`,
  ]) {
    expect((await read(forged))[0], forged).toBe(forged === "" ? 403 : 401);
  }
  expect(await read(await token(identity, "https://vault.azure.net"))).toEqual([
    401,
    "Audience validation failed",
  ]);
  const ofAccount = await token(identity, "https://devstoreaccount1.blob.core.windows.net");
  expect((await read(ofAccount))[0]).toBe(200);
  expect((await read(ofAccount, "devstoreaccount2"))[0]).toBe(401);

  await clock.advance(day - 1);
  expect((await read(good))[0]).toBe(200);
  await clock.advance(1);
  expect(await read(good)).toEqual([401, "Lifetime validation failed. The token is expired"]);
});

test("without TLS there is no identity, and tokens are rejected", async () => {
  const secure = await startIdentity();
  const { emulator } = await startStorage({ clock: secure.clock });
  expect(emulator.identity).toBeNull();
  const response = await fetch(`${emulator.blobUrl}/devstoreaccount1/source/film.mp4`, {
    headers: { authorization: `Bearer ${await token(secure.identity)}` },
  });
  expect(response.status).toBe(403);
  expect(response.headers.get("x-ms-error-code")).toBe("AuthorizationProtocolMismatch");
});

test("the identity can do what its roles allow, on the account or container of the assignment", async () => {
  const { emulator, service, client } = await startIdentity();
  await uploadBlob(service, "abc");
  await uploadBlob(service, "abc", { container: "other" });
  const blob = (container: string) =>
    client().getContainerClient(container).getBlockBlobClient("film.mp4");
  const may = async (container: string) =>
    [
      await rejection(blob(container).download()),
      await rejection(blob(container).upload("new", 3)),
      await rejection(client().getContainerClient(container).listBlobsFlat().next()),
      await rejection(client().listContainers().next()),
      await rejection(client().getUserDelegationKey(new Date(noon), new Date(noon + day))),
    ].map(({ code }) => code);
  const [yes, no] = ["not refused", "AuthorizationPermissionMismatch"];
  const account = "devstoreaccount1";

  expect(await may("source")).toEqual([yes, yes, yes, yes, yes]);
  emulator.roles.splice(0, Infinity, { role: "Storage Blob Data Reader", account });
  expect(await may("source")).toEqual([yes, no, yes, yes, yes]);
  emulator.roles.splice(0, Infinity, {
    role: "Storage Blob Data Contributor",
    account,
    container: "source",
  });
  expect(await may("source")).toEqual([yes, yes, yes, no, no]);
  expect(await may("other")).toEqual([no, no, no, no, no]);
  emulator.roles.splice(0, Infinity, { role: "Storage Blob Delegator", account });
  expect(await may("source")).toEqual([no, no, no, no, yes]);
  emulator.roles.splice(0);
  expect(await may("source")).toEqual([no, no, no, no, no]);
});

test("only owners can read and write tags, contributors cannot", async () => {
  const { client, emulator, service } = await startIdentity();
  await uploadBlob(service, "abc");
  const blob = client().getContainerClient("source").getBlockBlobClient("film.mp4");
  const rejected = { status: 403, code: "AuthorizationPermissionMismatch" };
  await blob.setTags({ a: "b" });
  const account = "devstoreaccount1";
  emulator.roles.splice(0, Infinity, { role: "Storage Blob Data Contributor", account });
  expect(await rejection(blob.getTags())).toEqual(rejected);
  expect(await rejection(blob.setTags({ a: "b" }))).toEqual(rejected);
  expect(await rejection(blob.upload("x", 1, { tags: { a: "b" } }))).toEqual(rejected);
  await blob.upload("x", 1);
  emulator.roles.splice(0, Infinity, { role: "Storage Blob Data Owner", account });
  await blob.upload("x", 1, { tags: { a: "b" } });
});

test("only a token gets a user delegation key, for at most seven days", async () => {
  const { client, service } = await startIdentity();
  const ask = (from: number, to: number, by = client()) =>
    rejection(by.getUserDelegationKey(new Date(from), new Date(to)));
  const key = await client().getUserDelegationKey(
    new Date(noon - 15 * minute),
    new Date(noon + day),
  );
  expect(key).toMatchObject({
    signedStartsOn: new Date(noon - 15 * minute),
    signedExpiresOn: new Date(noon + day),
    signedService: "b",
  });
  expect((await ask(noon, noon + 7 * day)).code).toBe("not refused");
  const wrong = { status: 400, code: "InvalidXmlNodeValue" };
  expect(await ask(noon, noon + 7 * day + second)).toEqual(wrong);
  expect(await ask(noon - 8 * day, noon + day)).toEqual(wrong);
  expect(await ask(noon + day, noon + day)).toEqual(wrong);
  expect(await ask(noon - day, noon)).toEqual(wrong);
  expect(await ask(noon, noon + day, service)).toEqual({
    status: 403,
    code: "AuthenticationFailed",
  });
});

/** A SAS for `source/film.mp4` as the SDK writes it; the identity can read the blob. */
function delegate(key: UserDelegationKey, more: object = {}, account = "devstoreaccount1"): string {
  return generateBlobSASQueryParameters(
    {
      containerName: "source",
      blobName: "film.mp4",
      permissions: BlobSASPermissions.parse("r"),
      startsOn: new Date(noon - 15 * minute),
      expiresOn: new Date(noon + day),
      ...more,
    },
    key,
    account,
  ).toString();
}

test.for(["2018-11-09", "2020-02-10", "2020-12-06", "2025-07-05", "2026-04-06", "2026-10-06"])(
  "user delegation SAS tokens of version %s authorize the operations for which they are signed",
  async (version) => {
    const { client, service, emulator } = await startIdentity();
    const blob = await uploadBlob(service, "abc");
    const key = await client().getUserDelegationKey(new Date(noon - day), new Date(noon + day));
    const open = (url: string, query: string) =>
      new BlockBlobClient(`${url}${url.includes("?") ? "&" : "?"}${query}`, undefined, once);
    const correlationId = "c0ffee00-0000-4000-8000-000000000000";
    const agent = "a9e47000-0000-4000-8000-000000000000";
    const signed =
      version < "2020-02-10" ? {} : { correlationId, preauthorizedAgentObjectId: agent };
    const sas = delegate(key, {
      version,
      protocol: SASProtocol.Https,
      ipRange: { start: "127.0.0.0", end: "127.0.0.255" },
      contentType: "text/plain",
      cacheControl: "private",
      ...signed,
    });
    expect(sas.includes(`scid=${correlationId}`)).toBe(version >= "2020-02-10");
    const response = await open(blob.url, sas).download();
    expect(response).toMatchObject({ contentType: "text/plain", cacheControl: "private" });
    const changed = sas.replace(correlationId, correlationId.replace("c0ffee", "decaf0"));
    const code = (await rejection(open(blob.url, changed).download())).code;
    expect(code).toBe(version < "2020-02-10" ? "not refused" : "AuthenticationFailed");

    const { snapshot = "" } = await blob.createSnapshot();
    const snapshotUrl = blob.withSnapshot(snapshot).url;
    const ofSnapshot = delegate(key, { version, snapshotTime: snapshot });
    expect((await rejection(open(snapshotUrl, ofSnapshot).download())).code).toBe("not refused");
    expect((await rejection(open(snapshotUrl, sas).download())).code).toBe("AuthenticationFailed");
    expect((await rejection(open(blob.url, ofSnapshot).download())).code).toBe(
      "AuthenticationFailed",
    );

    const ofContainer = delegate(key, {
      version,
      blobName: undefined,
      permissions: ContainerSASPermissions.parse("rl"),
    });
    const holder = new ContainerClient(
      `${emulator.blobUrl}/devstoreaccount1/source?${ofContainer}`,
      new AnonymousCredential(),
      once,
    );
    expect((await holder.listBlobsFlat().next()).value?.name).toBe("film.mp4");
  },
);

test("every kind of user delegation SAS error has a distinct response", async () => {
  const { client, service, otherService, clock, emulator } = await startIdentity();
  const blob = await uploadBlob(service, "abc");
  const other = await uploadBlob(service, "abc", { blob: "other" });
  const elsewhere = await uploadBlob(otherService, "abc");
  const key = await client().getUserDelegationKey(
    new Date(noon - 15 * minute),
    new Date(noon + 2 * day),
  );
  const code = async (query: string, url = blob.url) =>
    (await rejection(new BlockBlobClient(`${url}?${query}`, undefined, once).download())).code;
  const failed = "AuthenticationFailed";

  expect(await code(delegate(key))).toBe("not refused");
  expect(await code(delegate(key), other.url)).toBe(failed);
  expect(await code(delegate(key, {}, "devstoreaccount2"), elsewhere.url)).toBe(failed);
  expect(await code(delegate(key).replace("sp=r", "sp=rw"))).toBe(failed);
  expect(await code(delegate(key).replace(/ske=[^&]*/, "ske=2027-01-01T00%3A00%3A00Z"))).toBe(
    failed,
  );
  expect(await code(delegate({ ...key, signedObjectId: key.signedTenantId }))).toBe(failed);
  expect(await code(delegate(key, { startsOn: new Date(noon + second) }))).toBe(failed);
  expect(await code(delegate(key, { expiresOn: new Date(noon - second) }))).toBe(failed);
  expect(await code(delegate(key, { permissions: BlobSASPermissions.parse("w") }))).toBe(
    "AuthorizationPermissionMismatch",
  );
  expect(await code(delegate(key, { ipRange: { start: "10.0.0.1" } }))).toBe(
    "AuthorizationSourceIPMismatch",
  );
  const later = await client().getUserDelegationKey(new Date(noon + minute), new Date(noon + day));
  expect(await code(delegate(later))).toBe(failed);

  // The identity's own roles are checked at each use.
  const [contributor, ...rest] = emulator.roles.splice(0);
  emulator.roles.push({ role: "Storage Blob Delegator", account: "devstoreaccount1" });
  expect(await code(delegate(key))).toBe("AuthorizationPermissionMismatch");
  if (contributor !== undefined) emulator.roles.push(contributor, ...rest);

  // It expires with its key, even if its expiry is later.
  const long = delegate(key, { expiresOn: new Date(noon + 6 * day) });
  await clock.advance(2 * day - 1);
  expect(await code(long)).toBe("not refused");
  await clock.advance(1);
  expect(await code(long)).toBe(failed);
});

test("a copy between accounts reads with a minted SAS, fails when it expires, and echoes its scid", async () => {
  const { client, clock, service, emulator } = await startIdentity();
  emulator.copies.bytesPerSecond = 1;
  const source = await uploadBlob(service, Buffer.alloc(3600));
  await client("devstoreaccount2").createContainer("far");
  const far = client("devstoreaccount2").getContainerClient("far").getBlockBlobClient("film.mp4");
  expect(await rejection(far.beginCopyFromURL(source.url))).toMatchObject({
    code: "CannotVerifyCopySource",
  });
  const key = await client().getUserDelegationKey(
    new Date(noon - 15 * minute),
    new Date(noon + 30 * minute),
  );
  const correlationId = "c0ffee00-0000-4000-8000-000000000000";
  await far.beginCopyFromURL(`${source.url}?${delegate(key, { correlationId })}`);
  const { copySource = "" } = await far.getProperties();
  expect(new URL(copySource).searchParams.get("scid")).toBe(correlationId);
  expect(copySource).not.toContain("sig=");
  await clock.advance(day);
  expect(await far.getProperties()).toMatchObject({
    copyStatus: "failed",
    copyStatusDescription: '403 AuthenticationFailed "Copy failed when reading the source."',
    copyCompletedOn: new Date(noon + 30 * minute),
  });
});

test("a copy within one account requires that the identity can read the source", async () => {
  const { client, service, emulator } = await startIdentity();
  const source = await uploadBlob(service, "abc");
  await service.createContainer("target");
  const target = client().getContainerClient("target").getBlockBlobClient("film.mp4");
  const account = "devstoreaccount1";
  emulator.roles.splice(0, Infinity, {
    role: "Storage Blob Data Contributor",
    account,
    container: "target",
  });
  expect((await rejection(target.beginCopyFromURL(source.url))).code).toBe(
    "CannotVerifyCopySource",
  );
  emulator.roles.push({ role: "Storage Blob Data Reader", account, container: "source" });
  expect((await rejection(target.beginCopyFromURL(source.url))).code).toBe("not refused");
});
