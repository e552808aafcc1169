import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { untilAllEnded } from "../../support/stack/events.ts";
import { startExternalServer } from "../../support/servers/outside.ts";
import { openStack, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* URLs are read as they are written: Ferry copies the blob that the caller named, or nothing. */

describe("in one stack", () => {
  let stack: TestStack;
  let inbox: string;
  let archive: string;
  beforeAll(async () => {
    stack = await openStack();
    for (const name of ["report", "report ", "ab.txt", "a/b.txt", "b.txt"]) {
      await stack.upload(`inbox/${name}`, `I am ${JSON.stringify(name)}`);
    }
    inbox = stack.container("inbox").url;
    archive = stack.container("archive").url;
  });
  afterAll(() => stack.close());

  async function post(source: string, destination: string, options: object = {}) {
    const response = await stack.call("POST", "/copies", {
      body: { source, destination, options },
    });
    await stack.clock.settled();
    return response;
  }

  test.each([
    ["/report ", "U+0020 SPACE"],
    ["/a\tb.txt", "U+0009 TAB"],
    ["/a\nb.txt", "U+000A LINE FEED"],
    ["/a\r\nb.txt", "U+000D CARRIAGE RETURN"],
    ["/a\\b.txt", "U+005C BACKSLASH"],
    ["/a/../b.txt", "dot segment"],
    ["/a/%2e%2e/b.txt", "dot segment"],
    ["/a/%252e%252e/b.txt", "becomes"],
    ["/./b.txt", "dot segment"],
    ["/half-\ud83d.txt", "U+D83D, an unpaired surrogate"],
  ])(
    "the name %j is rejected as a source and as a destination, and nothing is copied",
    async (name, says) => {
      const good = `${inbox}/b.txt`;
      for (const [source, destination, pointer] of [
        [`${inbox}${name}`, `${archive}/x`, "/source"],
        [good, `${archive}${name}`, "/destination"],
      ] as const) {
        const { status, json } = await post(source, destination);
        expect(status).toBe(400);
        expect(json.errors.map((each: { pointer: string }) => each.pointer)).toContain(pointer);
        expect(JSON.stringify(json.errors)).toContain(says);
      }
      expect(stack.local.emulator.requests.some(({ operation }) => operation === "CopyBlob")).toBe(
        false,
      );
    },
  );

  test("a destination with dot segments writes into no other container", async () => {
    const { status } = await post(`${inbox}/b.txt`, `${archive}/rd/../../inbox/over.txt`);
    expect(status).toBe(400);
    expect(await stack.blob("inbox/over.txt").exists()).toBe(false);
  });

  test("a source has a URL of at most 2,048 characters with its SAS, and a name of at most 1,024", async () => {
    const prefix = `${inbox}/`.length;
    const named = (length: number) => `${inbox}/${"文".repeat(Math.ceil((length - prefix) / 9))}`;
    const response = await post(named(2_060), `${archive}/x`);
    expect(response.status).toBe(400);
    expect(response.json.errors).toEqual([
      {
        pointer: "/source",
        message: expect.stringMatching(/^is 20\d\d characters long when it is encoded; .*2,048/),
      },
    ]);
    const withSas = await post(`${named(1_900)}?sv=1&sig=${"x".repeat(200)}`, `${archive}/x`);
    expect(withSas.json.errors).toContainEqual({
      pointer: "/source",
      message: expect.stringContaining("with its query"),
    });
    const tooLong = await post(`${inbox}/b.txt`, `${archive}/${"n".repeat(1_025)}`);
    expect(tooLong.json.errors).toEqual([
      { pointer: "/destination", message: "has a blob name of more than 1,024 characters" },
    ]);
  });
});

test("a blob whose name ends with a space is copied if the space is written as %20", async () => {
  const fresh = await startStack();
  await fresh.upload("inbox/report", "plain");
  await fresh.upload("inbox/report ", "with a space");
  const source = `${fresh.container("inbox").url}/report%20`;
  const { id } = await fresh.start({ source, destination: fresh.blob("archive/copy").url });
  expect(await fresh.untilEnded(id, 1)).toMatchObject({ status: "succeeded" });
  expect(String(await fresh.blob("archive/copy").downloadToBuffer())).toBe("with a space");
});

test.each([
  ["400 letters of two bytes", "ä".repeat(400)],
  ["1,024 letters of three bytes", "文".repeat(1_024)],
  ["512 letters of four bytes, 1,024 characters", "💎".repeat(512)],
  ["1,024 plain letters", "n".repeat(1_024)],
])("a destination whose name has %s is written", async (_, name) => {
  const fresh = await startStack();
  const { url } = await fresh.upload("inbox/b.txt", "film");
  for (const destination of [
    `${fresh.container("archive").url}/${name}`,
    fresh.blob(`archive/e${name.slice(2)}`).url,
  ]) {
    const { id } = await fresh.start({ source: url, destination });
    expect(await fresh.untilEnded(id, 1)).toMatchObject({ status: "succeeded" });
  }
  expect(String(await fresh.blob(`archive/${name}`).downloadToBuffer())).toBe("film");
});

test("a copy whose source URL is too long only with the SAS that Ferry signs fails with a fix", async () => {
  const fresh = await startStack({ secure: true });
  const name = "文".repeat(215);
  const { url } = await fresh.upload(`inbox/${name}`, "film", "devstoreaccount2");
  expect(url.length).toBeLessThan(2_048);
  const { id } = await fresh.start({ source: url, destination: fresh.blob("archive/x").url });
  const copy = await fresh.untilEnded(id, 1);
  expect(copy).toMatchObject({ status: "failed", error: { cause: "not-supported" } });
  expect(copy.error.message).toMatch(/is 2[2-9]\d\d characters long with its query/);
  expect(copy.error.fix).toMatch(/shorter/);
  expect(fresh.local.emulator.requests.some(({ operation }) => operation === "CopyBlob")).toBe(
    false,
  );
  // Within one account no SAS is needed, and the same name is copied.
  const own = await fresh.upload(`inbox/${name}`, "film");
  const second = await fresh.start({ source: own.url, destination: fresh.blob("archive/x").url });
  expect(await fresh.untilEnded(second.id, 1)).toMatchObject({ status: "succeeded" });
});

test.each([
  "/a%2Fb.bin",
  "/50%25-off.png",
  "/exp=1~acl=*%2F109.mp4*~hmac=ab/x.mp4?key=1",
  "/%2e%2e%2Fx",
  "/caf%E9",
])(
  "outside Storage, %s is copied as it is written when the pair is the whole origin",
  async (path) => {
    const film = Buffer.from("film");
    const [plain = ""] = path.split("?");
    const server = await startExternalServer({ [plain]: film });
    const fresh = await startStack({
      environment: {
        COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64"),
      },
      settings: {
        COPY_ALLOWED: JSON.stringify([
          { from: server.origin, to: "http://127.0.0.1:10000/devstoreaccount1/archive" },
        ]),
      },
    });
    const destination = fresh.blob("archive/x");
    const { id } = await fresh.start({
      source: `${server.origin}${path}`,
      destination: destination.url,
    });
    expect(await fresh.untilEnded(id, 1)).toMatchObject({ status: "succeeded" });
    expect(await destination.downloadToBuffer()).toEqual(film);
    expect(server.requests.every((request) => request.endsWith(path))).toBe(true);
  },
);

test("outside Storage, if the pair is a folder, a path that a lenient server reads as another one is rejected", async () => {
  const server = await startExternalServer({ "/pub/a": Buffer.from("film") });
  const fresh = await startStack({
    settings: {
      COPY_ALLOWED: JSON.stringify([
        { from: `${server.origin}/pub`, to: "http://127.0.0.1:10000/devstoreaccount1/archive" },
      ]),
    },
  });
  const destination = fresh.blob("archive/x").url;
  for (const path of [
    "/pub/%252e%252e%252fsec%253F%25zz",
    "/pub/%252e%252e;%25zz/sec",
    "/pub/%252e%252e%25zz/sec",
    "/pub/%252e%252e%252fsec%25c0",
    "/pub/..%2fsec",
    "/pub/../sec",
  ]) {
    const response = await fresh.call("POST", "/copies", {
      body: { source: `${server.origin}${path}`, destination },
    });
    expect(response.status, path).toBe(400);
  }
  expect(server.requests).toEqual([]);
});

test("copies onto names that differ only in slashes exclude each other, and one cannot be the source of the other", async () => {
  const fresh = await startStack({ copies: { bytesPerSecond: 1 } });
  const { url } = await fresh.upload("inbox/b.txt", "x".repeat(1_000));
  await fresh.start({ source: url, destination: fresh.blob("archive/a/b").url });
  for (const name of ["a//b", "/a/b", "a/b/", "a///b"]) {
    const { id } = await fresh.start({
      source: url,
      destination: fresh.blob(`archive/${name}`).url,
    });
    expect(await fresh.untilEnded(id, 1), name).toMatchObject({
      status: "failed",
      error: { cause: "destination-busy" },
    });
  }
  const { id } = await fresh.start({ source: url, destination: fresh.blob("archive/a/b2").url });
  expect((await fresh.get(id)).status).toBe("copying");
  const body = { source: fresh.blob("inbox/c//d").url, destination: fresh.blob("inbox/c/d").url };
  const response = await fresh.call("POST", "/copies", { body });
  expect(response.json.errors).toEqual([
    { pointer: "/destination", message: expect.stringContaining("only in its slashes") },
  ]);
});

test.each(["$root", "$web"])(
  "a blob in %s is copied, on request and by a route",
  async (container) => {
    const account = "http://127.0.0.1:10000/devstoreaccount1";
    const fresh = await startStack({
      settings: {
        COPY_ROUTES: JSON.stringify([
          {
            name: "r",
            source: `${account}/${container}`,
            destination: `${account}/archive/{path}`,
          },
        ]),
      },
      events: {},
    });
    const source = await fresh.upload(`${container}/r.txt`, "film");
    const [routed] = await untilAllEnded(fresh);
    expect(routed).toMatchObject({ status: "succeeded" });
    expect(String(await fresh.blob("archive/r.txt").downloadToBuffer())).toBe("film");
    const destination = fresh.blob(`${container}/copy`);
    const { id } = await fresh.start({ source: source.url, destination: destination.url });
    expect(await fresh.untilEnded(id, 1)).toMatchObject({ status: "succeeded" });
    expect(String(await destination.downloadToBuffer())).toBe("film");
  },
);
