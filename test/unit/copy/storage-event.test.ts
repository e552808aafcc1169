import { expect, test } from "vitest";
import { endpointUrl } from "../../../src/copy/location/endpoint.ts";
import { onlyStorage } from "../../../src/copy/location/parse-endpoint.ts";
import { parseStorageEvent } from "../../../src/copy/routing/storage-event.ts";

const content = {
  api: "PutBlob",
  eTag: "0x8D4BCC2E4835CD0",
  contentLength: 0,
  url: "https://acct1.blob.core.windows.net/inbox/film.mp4",
};
const subject = "/blobServices/default/containers/inbox/blobs/film.mp4";
const time = "2026-03-01T09:05:00.1234567Z";
const gridEvent = (changes: object = {}) => ({
  eventType: "Microsoft.Storage.BlobCreated",
  eventTime: time,
  subject,
  data: { ...content, ...changes },
});

/** The URL of an event; null if it does not report a completed blob. */
function urlOf(event: unknown, origins = onlyStorage): string | null {
  const read = parseStorageEvent(event, origins);
  return read.kind === "created" ? endpointUrl(read.created.blob) : null;
}

test("both schemas are read as the same event", () => {
  const { eventType: type, eventTime: _, ...rest } = gridEvent();
  const cloudEvent = { specversion: "1.0", type, time, ...rest };
  const expected = {
    kind: "created",
    created: { etag: "0x8D4BCC2E4835CD0", byCopy: false, at: Date.parse(time) },
  };
  expect(parseStorageEvent(gridEvent(), onlyStorage)).toMatchObject(expected);
  expect(parseStorageEvent(cloudEvent, onlyStorage)).toMatchObject(expected);
});

test("an event counts if its API completes the content, whatever its length", () => {
  for (const api of ["PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose", "SftpCommit"]) {
    expect(urlOf(gridEvent({ api })), api).toBe(content.url);
  }
  for (const api of ["CreateFile", "SftpCreate", "AppendFile", "putblob", ""]) {
    expect(parseStorageEvent(gridEvent({ api, contentLength: 9 }), onlyStorage), api).toEqual({
      kind: "other",
    });
  }
});

test("ETags are equal with and without quotes", () => {
  for (const eTag of ['"0x8D"', "0x8D", 'W/"0x8D"']) {
    expect(parseStorageEvent(gridEvent({ eTag }), onlyStorage)).toMatchObject({
      created: { etag: "0x8D" },
    });
  }
});

test.each([
  ["https://acct1.dfs.core.windows.net/inbox/film.mp4", content.url],
  [
    "https://acct1.z3.dfs.storage.azure.net/inbox/film.mp4",
    "https://acct1.z3.blob.storage.azure.net/inbox/film.mp4",
  ],
  [
    "https://acct1.dfs.core.usgovcloudapi.net/inbox/film.mp4",
    "https://acct1.blob.core.usgovcloudapi.net/inbox/film.mp4",
  ],
])("the Data Lake host %s is mapped to the Blob service", (url, blob) => {
  expect(urlOf(gridEvent({ url }))).toBe(blob);
});

test("a URL that is not encoded is recognized by the subject, which is never encoded", () => {
  const name = "a b/100%25 #1?.mp4";
  const event = { ...gridEvent(), subject: `/blobServices/default/containers/inbox/blobs/${name}` };
  const root = "https://acct1.blob.core.windows.net/inbox";
  const encoded = name.split("/").map(encodeURIComponent).join("/");
  for (const url of [`${root}/${name}`, `${root}/${encoded}`]) {
    expect(urlOf({ ...event, data: { ...content, url } })).toBe(`${root}/${encoded}`);
  }
});

test("an emulator's URL has the account in its path", () => {
  const emulator = { blob: "http://127.0.0.1:10000", file: null };
  const url = "http://127.0.0.1:10000/devstoreaccount1/inbox/film.mp4";
  expect(urlOf(gridEvent({ url }), { emulator, external: [] })).toBe(url);
  expect(urlOf(gridEvent({ url }))).toBeNull();
});

test.each([
  ["text", "film"],
  ["nothing", null],
  ["another host", gridEvent({ url: "https://example.org/inbox/film.mp4?sig=hush" })],
  ["a file share", gridEvent({ url: "https://acct1.file.core.windows.net/inbox/film.mp4" })],
  ["no time", { ...gridEvent(), eventTime: "yesterday" }],
  ["no data", { ...gridEvent(), data: null }],
  ["an endless ETag", gridEvent({ eTag: "film".repeat(100) })],
  [
    "half a letter",
    {
      ...gridEvent({ url: `${content.url}\ud800` }),
      subject: `${subject}\ud800`,
    },
  ],
])("%s is unreadable, and the problem does not quote it", (_, event) => {
  const read = parseStorageEvent(event, onlyStorage);
  expect(read.kind).toBe("unreadable");
  expect(JSON.stringify(read)).not.toMatch(/hush|film/);
});

test.each(["a/../film.mp4", "..", "a/./film.mp4"])(
  "an event for a blob named %s is unreadable, and not mistaken for another blob's",
  (name) => {
    const url = `https://acct1.blob.core.windows.net/inbox/${name}`;
    const event = { ...gridEvent({ url }), subject: subject.replace(/blobs\/.*/, `blobs/${name}`) };
    expect(parseStorageEvent(event, onlyStorage)).toEqual({
      kind: "unreadable",
      problem: "has a URL that has a path segment of dots, which URL parsers remove",
    });
  },
);
