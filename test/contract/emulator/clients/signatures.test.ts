import { createHmac } from "node:crypto";
import { BlobSASPermissions, generateBlobSASQueryParameters } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { noon, rejection, uploadBlob } from "../../../support/stack/emulator.ts";
import { startFileStorage } from "../../../support/stack/file-storage.ts";
import { rawClient } from "../../../support/stack/signed-request.ts";

async function start() {
  const storage = await startFileStorage();
  const film = await uploadBlob(storage.service, "abc", { container: "box" });
  return { ...storage, film, send: rawClient(storage.emulator, () => storage.clock.now()) };
}

const signatures = ["with empty values", "without empty values"] as const;
/** The requests that the clients send; rclone signs with the SDK for Go, Azure CLI with the one for Python. */
const requests = [
  {
    client: "rclone lsl, and every other command that lists without a delimiter",
    request: {
      path: "/box",
      query: "comp=list&delimiter=&include=metadata&maxresults=5000&restype=container&timeout=31",
    },
    status: 200,
  },
  {
    client: "az storage container list",
    request: { query: "comp=list&maxresults=5000&include=" },
    status: 200,
  },
  {
    client: "az storage share list",
    request: { service: "file", query: "comp=list&include=" },
    status: 200,
  },
  {
    client: "an empty snapshot parameter",
    request: { method: "HEAD", path: "/box/film.mp4", query: "snapshot=" },
    status: 200,
  },
  {
    client: "az storage blob copy cancel without an id",
    request: {
      method: "PUT",
      path: "/box/film.mp4",
      query: "comp=copy&copyid=",
      headers: { "x-ms-copy-action": "abort" },
    },
    status: 409,
  },
  {
    client: "a name without a value",
    request: { path: "/box", query: "restype=container&comp=list&marker&prefix" },
    status: 200,
  },
] as const;

test.for(requests.flatMap((row) => signatures.map((sign) => ({ ...row, sign }))))(
  "$client, signed $sign, is authorized",
  async ({ request, sign, status }) => {
    const { send } = await start();
    expect(await send({ ...request, sign })).toMatchObject({ status });
  },
);

/** The Authorization header of a GET of the container `box`, for this query in the string to sign. */
function signList(key: string, now: number, query: string): string {
  const text = [
    "GET",
    ...Array.from({ length: 11 }, () => ""),
    `x-ms-date:${new Date(now).toUTCString()}`,
    "x-ms-version:2026-10-06",
    "/devstoreaccount1/devstoreaccount1/box",
    ...query.split("&").map((parameter) => parameter.replace("=", ":")),
  ].join("\n");
  const hmac = createHmac("sha256", Buffer.from(key, "base64")).update(text).digest("base64");
  return `SharedKey devstoreaccount1:${hmac}`;
}

const list = "comp=list&restype=container";

test.for([
  { signed: list, sent: list, status: 200 },
  { signed: list, sent: `${list}&prefix=x`, status: 403 },
  { signed: list, sent: `${list}&prefix=&marker=x`, status: 403 },
  { signed: "comp=list&prefix=&restype=container", sent: list, status: 403 },
  { signed: "comp=list&prefix=x&restype=container", sent: `${list}&prefix=`, status: 403 },
  {
    signed: "comp=list&delimiter=&restype=container",
    sent: `${list}&delimiter=&prefix=`,
    status: 403,
  },
])("signed $signed, sent $sent: $status", async ({ signed, sent, status }) => {
  const { send, emulator, clock } = await start();
  const authorization = signList(emulator.accounts[0]?.key ?? "", clock.now(), signed);
  const response = await send({
    path: "/box",
    query: sent,
    sign: "none",
    headers: { authorization },
  });
  expect(response.status).toBe(status);
  if (status === 403) expect(response.code).toBe("AuthenticationFailed");
});

test("Shared Key Lite gets a 501 that names it", async () => {
  const { send } = await start();
  const headers = { authorization: "SharedKeyLite devstoreaccount1:AAAA" };
  const response = await send({ path: "/box/film.mp4", sign: "none", headers });
  expect(response).toMatchObject({ status: 501, code: "NotImplemented" });
  expect(response.text).toContain("Shared Key Lite");
});

test("a SAS by stored access policy gets a 501 that names it, wherever it is used", async () => {
  const { film, service, credential, send } = await start();
  // No times and no permissions, because the policy has them.
  const query = "sv=2018-11-09&sr=b&si=disk-export&sig=bm9uZQ%3D%3D";
  const read = await send({ path: "/box/film.mp4", query, sign: "none" });
  expect(read).toMatchObject({ status: 501, code: "NotImplemented" });
  expect(read.text).toContain("A SAS by stored access policy (si) is not implemented");
  const signed = generateBlobSASQueryParameters(
    { containerName: "box", blobName: "film.mp4", identifier: "policy" },
    credential,
  );
  const target = await send({ path: "/box/film.mp4", query: signed.toString(), sign: "none" });
  expect(target).toMatchObject({ status: 501, code: "NotImplemented" });
  const copy = service.getContainerClient("box").getBlobClient("copy");
  expect(await rejection(copy.beginCopyFromURL(`${film.url}?${query}`))).toEqual({
    status: 501,
    code: "NotImplemented",
  });
  const file = await send({
    service: "file",
    path: "/media/film.mp4",
    query: "sv=2018-11-09&sr=f&si=policy&sig=bm9uZQ%3D%3D",
    sign: "none",
  });
  expect(file).toMatchObject({ status: 501, code: "NotImplemented" });
});

test("an empty policy counts as none, so the SAS is checked as usual", async () => {
  const { film, credential } = await start();
  const permissions = BlobSASPermissions.parse("r");
  const sas = generateBlobSASQueryParameters(
    { containerName: "box", blobName: "film.mp4", permissions, expiresOn: new Date(noon + 1000) },
    credential,
  );
  expect((await fetch(`${film.url}?${sas}&si=`)).status).toBe(200);
});

/** REST page "Formatting DateTime values": the accepted formats, with an offset too. */
const times = [
  { se: "2026-03-02", ok: true },
  { se: "2026-03-01T12:01Z", ok: true },
  { se: "2026-03-01T12:00:01Z", ok: true },
  { se: "2026-03-01T12:00:01.1234567Z", ok: true },
  { se: "2026-03-01t12:00:01z", ok: true },
  { se: "2026-03-01T12:00:01", ok: true },
  { se: "2026-03-01T14:00:01+02:00", ok: true },
  { se: "2026-03-01T07:00:01-05:00", ok: true },
  { se: "2026-03-01T13:59:59+02:00", ok: false },
  { se: "2026-03-01T12:00Z", ok: false },
  { se: "2026-03-01", ok: false },
  { se: "2026-03-01T14:00:01+0200", ok: false },
  { se: "2026-03-01T14:00:01+24:00", ok: false },
  { se: "2026-03-01T12:00:01.12345678Z", ok: false },
  { se: "2026-03-01T12:00:01,5Z", ok: false },
  { se: "2026-03-01 12:00:01Z", ok: false },
  { se: "2 Mar 2026", ok: false },
  { se: "2026-03", ok: false },
  { se: "20260302T120000Z", ok: false },
] as const;

test.for(times)("at noon UTC, a SAS that expires at $se is valid: $ok", async ({ se, ok }) => {
  const { film, emulator } = await start();
  const key = Buffer.from(emulator.accounts[0]?.key ?? "", "base64");
  const text = ["r", "", se, "/blob/devstoreaccount1/box/film.mp4", "", "", "", "2018-11-09"];
  const lines = [...text, "b", "", "", "", "", "", ""].join("\n");
  const sig = createHmac("sha256", key).update(lines).digest("base64");
  const query = new URLSearchParams({ sv: "2018-11-09", sr: "b", sp: "r", se, sig });
  const response = await fetch(`${film.url}?${query.toString().replaceAll("+", "%20")}`);
  expect(response.status).toBe(ok ? 200 : 403);
});

test("a start time is read in the same formats", async () => {
  const { film, emulator } = await start();
  const key = Buffer.from(emulator.accounts[0]?.key ?? "", "base64");
  const status = async (st: string) => {
    const head = ["r", st, "2026-03-02", "/blob/devstoreaccount1/box/film.mp4"];
    const lines = [...head, "", "", "", "2018-11-09", "b", "", "", "", "", "", ""].join("\n");
    const sig = createHmac("sha256", key).update(lines).digest("base64");
    const query = new URLSearchParams({ sv: "2018-11-09", sr: "b", sp: "r", st, sig });
    query.set("se", "2026-03-02");
    return (await fetch(`${film.url}?${query}`)).status;
  };
  expect(await status("2026-03-01T13:59:59+02:00")).toBe(200);
  expect(await status("2026-03-01T14:00:01+02:00")).toBe(403);
  expect(await status("yesterday")).toBe(403);
});
