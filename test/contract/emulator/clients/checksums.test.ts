import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { crc64 } from "../../../../src/local/storage/http/crc64.ts";
import { startStorage } from "../../../support/stack/emulator.ts";
import { rawClient, type RawRequest } from "../../../support/stack/signed-request.ts";

const md5 = (text: string | Buffer) => createHash("md5").update(text).digest("base64");
const id = (text: string) => encodeURIComponent(Buffer.from(text).toString("base64"));
const types = ["BlockBlob", "AppendBlob", "PageBlob"] as const;

async function start() {
  const { emulator, clock, service } = await startStorage();
  await service.createContainer("box");
  const send = rawClient(emulator, () => clock.now());
  const put = (request: RawRequest) => send({ method: "PUT", path: "/box/b", ...request });
  const create = (type: (typeof types)[number], more: Record<string, string> = {}, body = "") =>
    put({
      headers: {
        "x-ms-blob-type": type,
        ...(type === "PageBlob" && { "x-ms-blob-content-length": "512" }),
        ...more,
      },
      body,
    });
  const storedMd5 = async () =>
    (await send({ method: "HEAD", path: "/box/b" })).headers["content-md5"];
  return { put, create, storedMd5, send };
}

const blockList =
  '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><BlockList><Latest>MQ==</Latest><Latest>Mg==</Latest></BlockList>';

test.for([
  ["Hello World", "YeJLfssylmU="],
  ["Hello World!", "peH8Xsgc5QI="],
  ["HelloWorld", "8R2aIe9T07E="],
  [blockList, "GFi/o1BSQtU="],
] as const)("the CRC64 of %j is the recorded one", ([text, recorded]) => {
  expect(crc64(Buffer.from(text))).toBe(recorded);
});

test("the CRC64 is that of the polynomial, bit by bit, for every length and position", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      let value = 0xffff_ffff_ffff_ffffn;
      for (const byte of bytes) {
        value ^= BigInt(byte);
        for (let bit = 0; bit < 8; bit += 1) {
          value = (value >> 1n) ^ ((value & 1n) === 0n ? 0n : 0x9a6c9329ac4bc9b5n);
        }
      }
      const expected = Buffer.alloc(8);
      expected.writeBigUInt64LE(value ^ 0xffff_ffff_ffff_ffffn);
      expect(crc64(Buffer.from(bytes))).toBe(expected.toString("base64"));
    }),
  );
});

/** The writes with a body, each with its prerequisite. */
const page = "a".repeat(512);
const writes = [
  {
    name: "Put Block",
    type: undefined,
    body: "HelloWorld",
    query: `comp=block&blockid=${id("1")}`,
  },
  { name: "Append Block", type: "AppendBlob", body: "HelloWorld", query: "comp=appendblock" },
  { name: "Put Page", type: "PageBlob", body: page, query: "comp=page" },
  { name: "Put Block List", type: undefined, body: "<BlockList/>", query: "comp=blocklist" },
] as const;
const pageHeaders = { "x-ms-page-write": "update", range: "bytes=0-511" };

test.for(writes)("$name returns the CRC64, or the MD5 if it was sent", async (row) => {
  const { put, create } = await start();
  if (row.type !== undefined) await create(row.type);
  const write = (headers: Record<string, string> = {}) =>
    put({
      query: row.query,
      body: row.body,
      headers: { ...(row.name === "Put Page" && pageHeaders), ...headers },
    });
  const plain = await write();
  expect(plain.status).toBe(201);
  expect(plain.headers["x-ms-content-crc64"]).toBe(crc64(Buffer.from(row.body)));
  expect(plain.headers["content-md5"]).toBeUndefined();

  const withMd5 = await write({ "content-md5": md5(row.body) });
  expect(withMd5).toMatchObject({ status: 201, headers: { "content-md5": md5(row.body) } });
  expect(withMd5.headers["x-ms-content-crc64"]).toBeUndefined();

  const withCrc = await write({ "x-ms-content-crc64": crc64(Buffer.from(row.body)) });
  expect(withCrc.status).toBe(201);
  const wrongCrc = await write({ "x-ms-content-crc64": "AQIDBAUGBwg=" });
  expect(wrongCrc).toMatchObject({ status: 400, code: "Crc64Mismatch" });
  expect(wrongCrc.text).toContain("<UserSpecifiedCrc>AQIDBAUGBwg=</UserSpecifiedCrc>");
  expect(wrongCrc.text).toContain(
    `<ServerCalculatedCrc>${crc64(Buffer.from(row.body))}</ServerCalculatedCrc>`,
  );
  expect(await write({ "x-ms-content-crc64": "AQID" })).toMatchObject({
    status: 400,
    code: "InvalidHeaderValue",
  });
  const both = { "content-md5": md5(row.body), "x-ms-content-crc64": crc64(Buffer.from(row.body)) };
  expect(await write(both)).toMatchObject({ status: 400, code: "BothCrc64AndMd5HeaderPresent" });
});

test("Put Blob of a block blob returns both checksums; other types have none", async () => {
  const { create } = await start();
  const written = await create("BlockBlob", {}, "Hello World");
  expect(written.headers).toMatchObject({
    "content-md5": "sQqNsWTgdUEFt6mb5y4/5Q==",
    "x-ms-content-crc64": "YeJLfssylmU=",
  });
  for (const type of ["AppendBlob", "PageBlob"] as const) {
    const { headers } = await create(type);
    expect(headers["content-md5"] ?? headers["x-ms-content-crc64"]).toBeUndefined();
  }
});

test("on any other operation, a CRC64 header gets a 501 that names it", async () => {
  const { create, put } = await start();
  await create("BlockBlob");
  const headers = { "x-ms-content-crc64": "AQIDBAUGBwg=" };
  const response = await put({ query: "comp=metadata", headers });
  expect(response).toMatchObject({ status: 501, code: "NotImplemented" });
  expect(response.text).toContain("x-ms-content-crc64");
});

const wrong = "AAAAAAAAAAAAAAAAAAAAAA==";

test.for([
  { headers: { "x-ms-blob-content-md5": wrong }, code: "Md5Mismatch" },
  { headers: { "x-ms-blob-content-md5": "abc" }, code: "InvalidMd5" },
  { headers: { "content-md5": wrong }, code: "Md5Mismatch" },
  { headers: { "content-md5": "abc" }, code: "InvalidMd5" },
  { headers: { "x-ms-blob-content-md5": wrong, "content-md5": md5("x") }, code: "Md5Mismatch" },
  {
    headers: { "x-ms-blob-content-md5": md5("x"), "x-ms-content-crc64": crc64(Buffer.from("x")) },
    code: "BothCrc64AndMd5HeaderPresent",
  },
  { headers: { "x-ms-content-crc64": "AQIDBAUGBwg=" }, code: "Crc64Mismatch" },
])("Put Blob rejects $headers with $code, and writes nothing", async ({ headers, code }) => {
  const { create, send } = await start();
  expect(await create("BlockBlob", headers, "x")).toMatchObject({ status: 400, code });
  expect((await send({ method: "HEAD", path: "/box/b" })).status).toBe(404);
});

test.for([
  { "x-ms-blob-content-md5": md5("x") },
  { "x-ms-blob-content-md5": md5("x"), "content-md5": wrong },
  { "x-ms-blob-content-md5": "", "content-md5": md5("x") },
  { "x-ms-blob-content-md5": "", "content-md5": "" },
])("Put Blob accepts %j, and stores the calculated MD5", async (headers) => {
  const { create, storedMd5 } = await start();
  expect((await create("BlockBlob", headers, "x")).status).toBe(201);
  expect(await storedMd5()).toBe(md5("x"));
});

test("Put Block ignores the blob's MD5, and Put Block List stores it unverified", async () => {
  const { put, storedMd5 } = await start();
  const headers = { "x-ms-blob-content-md5": wrong };
  const block = await put({ query: `comp=block&blockid=${id("1")}`, headers, body: "x" });
  expect(block.status).toBe(201);
  const body = `<BlockList><Latest>${Buffer.from("1").toString("base64")}</Latest></BlockList>`;
  expect((await put({ query: "comp=blocklist", headers, body })).status).toBe(201);
  expect(await storedMd5()).toBe(wrong);
});
