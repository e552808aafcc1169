import { BlobClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { rejection, startStorage, uploadBlob } from "../../../support/stack/emulator.ts";
import { rawClient, type RawRequest } from "../../../support/stack/signed-request.ts";

async function start() {
  const storage = await startStorage();
  const film = await uploadBlob(storage.service, "abc", { container: "box", blob: "b" });
  const send = rawClient(storage.emulator, () => storage.clock.now());
  return { ...storage, film, send, box: storage.service.getContainerClient("box") };
}

const blockBlob = { "x-ms-blob-type": "BlockBlob" };

test.for(["cool", "COOL", "hot", "p10"])(
  "the tier %s is rejected; whether Azure accepts it is not known",
  async (tier) => {
    const { send } = await start();
    const headers = { ...blockBlob, "x-ms-access-tier": tier };
    const put = await send({ method: "PUT", path: "/box/t", headers, body: "x" });
    expect(put).toMatchObject({ status: 400, code: "InvalidHeaderValue" });
    const set = await send({ method: "PUT", path: "/box/b", query: "comp=tier", headers });
    expect(set).toMatchObject({ status: 400, code: "InvalidHeaderValue" });
  },
);

test.for([
  ["<Key/>", "EmptyTagName"],
  ["<Key />", "EmptyTagName"],
  ["<Key></Key>", "EmptyTagName"],
  ["", "EmptyTagName"],
  ["<Key>ä</Key>", "InvalidTag"],
] as const)("tags with the key %s are rejected with %s", async ([key, code]) => {
  const { send, film } = await start();
  await film.setTags({ a: "b" });
  const body = `<Tags><TagSet><Tag>${key}<Value>x</Value></Tag></TagSet></Tags>`;
  const response = await send({ method: "PUT", path: "/box/b", query: "comp=tags", body });
  expect(response).toMatchObject({ status: 400, code });
  expect((await film.getTags()).tags).toEqual({ a: "b" });
});

test("the SDK's request for an empty key is rejected with EmptyTagName", async () => {
  const { film } = await start();
  expect(await rejection(film.setTags({ "": "x" }))).toEqual({
    status: 400,
    code: "EmptyTagName",
  });
});

test.for(["<Value/>", "<Value></Value>"])("the empty value %s is a value", async (value) => {
  const { send, film } = await start();
  const body = `<Tags><TagSet><Tag><Key>a</Key>${value}</Tag></TagSet></Tags>`;
  const response = await send({ method: "PUT", path: "/box/b", query: "comp=tags", body });
  expect(response.status).toBe(204);
  expect((await film.getTags()).tags).toEqual({ a: "" });
});

test("Get Block List honors x-ms-if-tags", async () => {
  const { send, film } = await start();
  await film.setTags({ a: "b" });
  const list = (condition: string) =>
    send({ path: "/box/b", query: "comp=blocklist", headers: { "x-ms-if-tags": condition } });
  expect((await list("a='b'")).status).toBe(200);
  expect(await list("a='c'")).toMatchObject({ status: 412, code: "ConditionNotMet" });
  expect(await list("a=")).toMatchObject({ status: 400, code: "InvalidHeaderValue" });
});

/** Requests of clients, with the name that the 501 must contain. */
const unimplemented: { request: RawRequest; name: string }[] = [
  {
    request: { method: "OPTIONS", path: "/box/b", sign: "none", headers: { origin: "http://a" } },
    name: "Preflight Blob Request",
  },
  {
    request: { method: "OPTIONS", query: "comp=list", sign: "none" },
    name: "Preflight Blob Request",
  },
  {
    request: { service: "file", method: "OPTIONS", path: "/media/a", sign: "none" },
    name: "Preflight File Request",
  },
  { request: { method: "POST", query: "comp=batch&restype=container" }, name: "Blob Batch" },
  { request: { method: "POST", query: "comp=batch" }, name: "Blob Batch" },
  {
    request: { method: "POST", path: "/box", query: "restype=container&comp=batch" },
    name: "Blob Batch",
  },
  {
    request: { service: "file", path: "/media", query: "comp=listhandles" },
    name: "List Handles",
  },
  {
    request: { service: "file", method: "PUT", path: "/media", query: "comp=forceclosehandles" },
    name: "Force Close Handles",
  },
  {
    request: { method: "PUT", path: "/box", query: "restype=container&comp=metadata" },
    name: "Set Container Metadata",
  },
  { request: { path: "/box", query: "restype=container&comp=acl" }, name: "Get Container ACL" },
  {
    request: { method: "PUT", path: "/box", query: "restype=container&comp=acl" },
    name: "Set Container ACL",
  },
  {
    request: { method: "PUT", path: "/box", query: "restype=container&comp=lease" },
    name: "Lease Container",
  },
  { request: { method: "PUT", path: "/box/b", query: "comp=undelete" }, name: "Undelete Blob" },
  {
    request: { query: "restype=service&comp=properties" },
    name: "Get Blob Service Properties",
  },
  {
    request: { method: "PUT", query: "restype=service&comp=properties" },
    name: "Set Blob Service Properties",
  },
  { request: { query: "restype=service&comp=stats" }, name: "Get Blob Service Stats" },
  { request: { query: "restype=account&comp=properties" }, name: "Get Account Information" },
  {
    request: { path: "/box/b", query: "restype=account&comp=properties" },
    name: "Get Account Information",
  },
  { request: { query: "comp=blobs&where=a%3D%27b%27" }, name: "Find Blobs By Tags" },
  {
    request: {
      method: "PUT",
      path: "/box/c",
      headers: { ...blockBlob, "x-ms-copy-source": "http://a/b" },
    },
    name: "Put Blob From URL",
  },
  {
    request: { path: "/box", query: "restype=container&comp=list&include=uncommittedblobs" },
    name: "List Blobs with include=uncommittedblobs",
  },
  { request: { method: "PATCH", path: "/box/b" }, name: "PATCH for a blob" },
  {
    request: { path: "/box/b", query: "comp=nonsense" },
    name: "GET with comp=nonsense for a blob",
  },
];

test.for(unimplemented)("501 names $name", async ({ request, name }) => {
  const { send } = await start();
  const response = await send(request);
  expect(response).toMatchObject({ status: 501, code: "NotImplemented" });
  expect(response.text).toContain(name);
  expect(response.text).not.toContain("Unknown");
});

test.for([
  ["Snapshots", "<Snapshot>"],
  ["snapshots,METADATA", "<Snapshot>"],
  ["Metadata", "<Metadata>"],
  ["Tags,", "<TagSet>"],
] as const)("include=%s lists %s, as for the SDK for .NET", async ([include, element]) => {
  const { send, film } = await start();
  await film.setTags({ a: "b" });
  await film.createSnapshot();
  const query = `restype=container&comp=list&include=${include}`;
  const response = await send({ path: "/box", query });
  expect(response.status).toBe(200);
  expect(response.text).toContain(element);
});

test.for<RawRequest>([
  { path: "/box", query: "restype=container&comp=list&include=nonsense" },
  { path: "/box", query: "restype=container&comp=list&include=snapshots,snapshot" },
  { query: "comp=list&include=snapshots" },
  { service: "file", query: "comp=list&include=tags" },
])("the unknown dataset of %j is rejected", async (request) => {
  const { send } = await start();
  const response = await send(request);
  expect(response).toMatchObject({ status: 400, code: "InvalidQueryParameterValue" });
  expect(response.text).toContain("<QueryParameterName>include</QueryParameterName>");
  expect(response.text).toContain("<Reason>Invalid query parameter value.</Reason>");
});

test.for(["GET", "HEAD"])("a %s with If-None-Match: * is unsatisfiable", async (method) => {
  const { send } = await start();
  const headers = { "if-none-match": "*" };
  expect(await send({ method, path: "/box/b", headers })).toMatchObject({
    status: 400,
    code: "UnsatisfiableCondition",
  });
  expect((await send({ method, path: "/box/none", headers })).status).toBe(404);
});

test("Delete Blob ignores If-None-Match: *, but not an ETag", async () => {
  const { send, film } = await start();
  const { etag = "" } = await film.getProperties();
  const remove = (condition: string) =>
    send({ method: "DELETE", path: "/box/b", headers: { "if-none-match": condition } });
  expect(await remove(etag)).toMatchObject({ status: 412, code: "ConditionNotMet" });
  expect((await remove("*")).status).toBe(202);
  expect(await film.exists()).toBe(false);
});

test("the block ids of a blob have the same length before encoding, as in uploads with ten or more blocks", async () => {
  const { send } = await start();
  const stage = (text: string) => {
    const blockId = encodeURIComponent(Buffer.from(text).toString("base64"));
    const query = `comp=block&blockid=${blockId}`;
    return send({ method: "PUT", path: "/box/blocks", query, body: "x" });
  };
  expect((await stage("9")).status).toBe(201);
  expect(await stage("10")).toMatchObject({ status: 400, code: "InvalidBlobOrBlock" });
  expect((await stage("0")).status).toBe(201);
});

test.for(["dir\\b.txt", "dir%5Cb.txt", "dir%5cb.txt"])(
  "a backslash in a path is a slash: %s",
  async (name) => {
    const { send, box } = await start();
    const put = await send({ method: "PUT", path: `/box/${name}`, headers: blockBlob, body: "x" });
    expect(put.status).toBe(201);
    const names: string[] = [];
    for await (const item of box.listBlobsFlat()) names.push(item.name);
    expect(names).toEqual(["b", "dir/b.txt"]);
    expect((await send({ path: `/box/${name}` })).text).toBe("x");
    const source = `${box.url}/${name.replace("\\", "%5C")}`;
    const copy = await box.getBlobClient("copy").beginCopyFromURL(source);
    expect(copy.getOperationState().isStarted).toBe(true);
  },
);

test.for(["$root", "$web"])("the container %s can be created and used", async (name) => {
  const { service } = await start();
  const blob = await uploadBlob(service, "page", { container: name, blob: "index.html" });
  expect((await blob.downloadToBuffer()).toString()).toBe("page");
  const names: string[] = [];
  for await (const item of service.listContainers()) names.push(item.name);
  expect(names).toContain(name);
  await service.deleteContainer(name);
});

test.for(["$logs", "$rootx", "a$web", "$"])("%s is not a valid container name", async (name) => {
  const { send } = await start();
  const response = await send({ method: "PUT", path: `/${name}`, query: "restype=container" });
  expect(response.status).toBe(400);
});

test("a blob of the root container needs no container in its URL, even as a source", async () => {
  const { service, send, credential, box } = await start();
  await uploadBlob(service, "page", { container: "$root", blob: "index.html" });
  expect((await send({ path: "/index.html" })).text).toBe("page");
  const put = await send({ method: "PUT", path: "/new.txt", headers: blockBlob, body: "x" });
  expect(put.status).toBe(201);
  const copy = box.getBlobClient("copy");
  await copy.beginCopyFromURL(`${service.url}/index.html`);
  expect((await copy.getProperties()).copyStatus).toBe("pending");
  const source = new BlobClient(`${service.url}/$root/new.txt`, credential);
  expect((await source.downloadToBuffer()).toString()).toBe("x");
  expect(await rejection(service.getContainerClient("none").getProperties())).toMatchObject({
    status: 404,
  });
});
