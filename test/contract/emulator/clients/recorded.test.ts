import { expect, test } from "vitest";
import { rejection, second, startStorage, uploadBlob } from "../../../support/stack/emulator.ts";
import { startFileStorage } from "../../../support/stack/file-storage.ts";
import { rawClient, type RawRequest } from "../../../support/stack/signed-request.ts";
import type { StorageEmulatorOptions } from "../../../../src/local/storage/emulator.ts";

/* The emulator's responses are equal to recordings of Azure Storage (azure-sdk-for-js, sdk/storage/…/recordings). */

async function start(options: Partial<StorageEmulatorOptions> = {}) {
  const storage = await startStorage(options);
  await storage.service.createContainer("box");
  const send = rawClient(storage.emulator, () => storage.clock.now());
  const put = (name: string, request: RawRequest) =>
    send({
      method: "PUT",
      path: `/box/${name}`,
      ...request,
      headers: { ...request.headers },
    });
  const head = (name: string, query = "") => send({ method: "HEAD", path: `/box/${name}`, query });
  return { ...storage, box: storage.service.getContainerClient("box"), send, put, head };
}

const blockBlob = { "x-ms-blob-type": "BlockBlob" };
const small = { finishOnStart: "same-account", maxFinishOnStartBytes: 1000 } as const;

test("a small copy within one account is complete in the 202; longer copies and those from other accounts are pending", async () => {
  const { service, otherService, box, put, head } = await start({ copies: small });
  await uploadBlob(service, "Hello World", { container: "box", blob: "small" });
  await uploadBlob(service, Buffer.alloc(1001), { container: "box", blob: "long" });
  await otherService.createContainer("open", { access: "blob" });
  const foreign = await uploadBlob(otherService, "x", { container: "open" });
  const copy = (source: string) =>
    put("copy", { headers: { "x-ms-copy-source": source, "x-ms-access-tier": "Cold" } });

  const finished = await copy(box.getBlobClient("small").url);
  expect(finished).toMatchObject({ status: 202, headers: { "x-ms-copy-status": "success" } });
  expect((await head("copy")).headers).toMatchObject({
    "x-ms-copy-id": finished.headers["x-ms-copy-id"],
    "x-ms-copy-status": "success",
    "x-ms-copy-progress": "11/11",
    "x-ms-access-tier": "Cold",
    "content-length": "11",
    etag: finished.headers["etag"],
  });
  for (const source of [box.getBlobClient("long").url, foreign.url]) {
    const pending = await copy(source);
    expect(pending).toMatchObject({ status: 202, headers: { "x-ms-copy-status": "pending" } });
    await box.getBlobClient("copy").abortCopyFromURL(pending.headers["x-ms-copy-id"] ?? "");
  }
});

test("a small copy of a file is complete in the 202, too", async () => {
  const { file } = await startFileStorage({ copies: small });
  const source = file("a.txt");
  await source.create(11);
  const copied = await file("b.txt").startCopyFromURL(source.url);
  expect(copied.copyStatus).toBe("success");
  await file("long.txt").create(1001);
  expect((await file("c.txt").startCopyFromURL(file("long.txt").url)).copyStatus).toBe("pending");
});

const id = "ca761232-ed42-11ce-bacd-00aa0057b223";
const forms = [
  "ca761232ed4211cebacd00aa0057b223",
  "CA761232-ED42-11CE-BACD-00AA0057B223",
  "{ca761232-ed42-11ce-bacd-00aa0057b223}",
  "(CA761232-ed42-11ce-bacd-00aa0057b223)",
  "{0xca761232,0xed42,0x11ce,{0xba,0xcd,0x00,0xaa,0x00,0x57,0xb2,0x23}}",
];

test.for(forms)("a lease id in the form %s is the same id in every other form", async (form) => {
  const { put, box } = await start();
  await put("b", { headers: blockBlob, body: "x" });
  const lease = (headers: Record<string, string>) => put("b", { query: "comp=lease", headers });
  const acquired = await lease({
    "x-ms-lease-action": "acquire",
    "x-ms-lease-duration": "-1",
    "x-ms-proposed-lease-id": form,
  });
  expect(acquired).toMatchObject({ status: 201, headers: { "x-ms-lease-id": id } });
  for (const given of [id, ...forms]) {
    const renewed = await lease({ "x-ms-lease-action": "renew", "x-ms-lease-id": given });
    expect(renewed).toMatchObject({ status: 200, headers: { "x-ms-lease-id": id } });
    const written = await put("b", {
      headers: { ...blockBlob, "x-ms-lease-id": given },
      body: "y",
    });
    expect(written.status).toBe(201);
  }
  const changed = await lease({
    "x-ms-lease-action": "change",
    "x-ms-lease-id": form,
    "x-ms-proposed-lease-id": "FC3FF2B9EFFC4EBDA6C49F9BEF2A0A8B",
  });
  expect(changed.headers["x-ms-lease-id"]).toBe("fc3ff2b9-effc-4ebd-a6c4-9f9bef2a0a8b");
  expect((await rejection(box.getBlobClient("b").delete())).code).toBe("LeaseIdMissing");
  const released = await lease({
    "x-ms-lease-action": "release",
    "x-ms-lease-id": "{fc3ff2b9-effc-4ebd-a6c4-9f9bef2a0a8b}",
  });
  expect(released.status).toBe(200);
});

test.for([
  "abcdefg",
  "",
  "{ca761232-ed42-11ce-bacd-00aa0057b223",
  "ca761232-ed4211ce-bacd-00aa0057b223",
  "ca761232-ed42-11ce-bacd-00aa0057b22g",
  "(ca761232-ed42-11ce-bacd-00aa0057b223}",
])("the text %j is not a lease id", async (text) => {
  const { put } = await start();
  await put("b", { headers: blockBlob, body: "x" });
  const headers = {
    "x-ms-lease-action": "acquire",
    "x-ms-lease-duration": "-1",
    "x-ms-proposed-lease-id": text,
  };
  const response = await put("b", { query: "comp=lease", headers });
  expect(response).toMatchObject({ status: 400, code: "InvalidHeaderValue" });
});

test("Get Blob has the creation time and the tier, like Get Blob Properties", async () => {
  const { put, head, send, clock, box } = await start();
  await put("b", { headers: { ...blockBlob, "x-ms-access-tier": "Cold" }, body: "x" });
  const created = new Date(clock.now()).toUTCString();
  await clock.advance(5 * second);
  await put("b", { headers: blockBlob, body: "again" });
  const properties = (await head("b")).headers;
  for (const headers of [{}, { range: "bytes=0-1" }]) {
    const read = await send({ path: "/box/b", headers });
    for (const name of [
      "x-ms-creation-time",
      "x-ms-access-tier",
      "x-ms-access-tier-inferred",
      "x-ms-access-tier-change-time",
    ]) {
      expect(read.headers[name], name).toBe(properties[name]);
    }
    expect(read.headers).toMatchObject({
      "x-ms-creation-time": created,
      "x-ms-access-tier": "Cold",
    });
  }
  expect((await box.getBlobClient("b").download()).createdOn?.toUTCString()).toBe(created);
});

test("the time of a tier is the time of the write or call that set it", async () => {
  const { put, head, box, clock, send } = await start({ copies: { finishOnStart: "always" } });
  const changedAt = async (name: string) =>
    (await head(name)).headers["x-ms-access-tier-change-time"];
  const at = () => new Date(clock.now()).toUTCString();
  const setTier = (tier: string) =>
    put("b", { query: "comp=tier", headers: { "x-ms-access-tier": tier } });

  await put("b", { headers: blockBlob, body: "Hello World" });
  expect(await changedAt("b")).toBeUndefined();
  await clock.advance(second);
  const archived = at();
  await setTier("Archive");
  expect(await changedAt("b")).toBe(archived);
  await clock.advance(second);
  expect((await setTier("Hot")).status).toBe(202);
  expect((await head("b")).headers).toMatchObject({
    "x-ms-access-tier": "Archive",
    "x-ms-archive-status": "rehydrate-pending-to-hot",
    "x-ms-access-tier-change-time": archived,
  });
  await clock.advance(15 * 60 * 60 * second);
  expect(await changedAt("b")).toBe(at());

  await clock.advance(second);
  for (const [name, tier] of [
    ["cold", "Cold"],
    ["archive", "Archive"],
  ] as const) {
    const source = box.getBlobClient("b").url;
    await put(name, { headers: { "x-ms-copy-source": source, "x-ms-access-tier": tier } });
    expect(await changedAt(name)).toBe(at());
  }
  const listed = await send({ path: "/box", query: "restype=container&comp=list" });
  expect(listed.text).toContain(
    `<AccessTier>Cold</AccessTier><AccessTierChangeTime>${at()}</AccessTierChangeTime>`,
  );
  await put("put", { headers: { ...blockBlob, "x-ms-access-tier": "Cool" }, body: "x" });
  const set = at();
  await clock.advance(second);
  await put("put", { query: "comp=metadata", headers: { "x-ms-meta-a": "b" } });
  expect(await changedAt("put")).toBe(set);
});

test("error and list documents of both services begin with a byte order mark", async () => {
  const { send } = await start();
  const documents: RawRequest[] = [
    { path: "/box/nosuch" },
    { path: "/nosuch", query: "restype=container&comp=list" },
    { path: "/box", query: "restype=container&comp=list" },
    { query: "comp=list" },
    { service: "file", query: "comp=list" },
    { service: "file", path: "/nosuch/a" },
  ];
  for (const document of documents) {
    const { bytes } = await send(document);
    expect(bytes.subarray(0, 6).toString("hex"), JSON.stringify(document)).toBe("efbbbf3c3f78");
  }
});

test("only the current blob has lease headers; snapshots and versions have none", async () => {
  const { put, head, send, emulator } = await start();
  emulator.accountSettings("devstoreaccount1").versioning = true;
  const { headers } = await put("b", { headers: blockBlob, body: "x" });
  const snapshot = (await put("b", { query: "comp=snapshot" })).headers["x-ms-snapshot"] ?? "";
  const isLease = (name: string) => name.startsWith("x-ms-lease-");
  const leaseHeaders = async (query = "") =>
    Object.keys((await head("b", query)).headers)
      .filter(isLease)
      .toSorted();
  for (const query of ["", "snapshot=", "versionid="]) {
    expect(await leaseHeaders(query)).toEqual(["x-ms-lease-state", "x-ms-lease-status"]);
  }
  expect(await leaseHeaders(`snapshot=${encodeURIComponent(snapshot)}`)).toEqual([]);
  const version = encodeURIComponent(headers["x-ms-version-id"] ?? "");
  expect(await leaseHeaders(`versionid=${version}`)).toEqual([]);
  const read = await send({ path: "/box/b", query: `snapshot=${encodeURIComponent(snapshot)}` });
  expect(Object.keys(read.headers).filter(isLease)).toEqual([]);
  const query = "restype=container&comp=list&include=snapshots";
  expect((await send({ path: "/box", query })).text.match(/<LeaseState>/g)).toHaveLength(1);
});
