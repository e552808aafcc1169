import fc from "fast-check";
import { expect, test } from "vitest";
import { etag } from "../../../../src/copy/contract/stored-shapes.ts";
import { endpointUrl } from "../../../../src/copy/location/endpoint.ts";
import { onlyStorage } from "../../../../src/copy/location/parse-endpoint.ts";
import { describeBlob, parseStorageEvent } from "../../../../src/copy/routing/storage-event.ts";

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

test("an event counts if its API completes the content, regardless of its length", () => {
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
  ["a time after the year 9999", { ...gridEvent(), eventTime: "+275760-09-12T00:00:00Z" }],
  ["a time that is after it in UTC", { ...gridEvent(), eventTime: "9999-12-31T23:00:00-02:00" }],
  ["a time before the year 0", { ...gridEvent(), eventTime: "-000001-01-01T00:00:00Z" }],
  ["a time that is before it in UTC", { ...gridEvent(), eventTime: "0000-01-01T00:00:00+02:00" }],
  ["a time in a different form", { ...gridEvent(), eventTime: "Nov 20, 2026 12:00" }],
  ["no data", { ...gridEvent(), data: null }],
  [
    "a very long URL",
    gridEvent({ url: `https://acct1.blob.core.windows.net/${"film/".repeat(4_000)}` }),
  ],
  ["a very long subject", { ...gridEvent(), subject: "film".repeat(4_097) }],
  ["a very long time", { ...gridEvent(), eventTime: `2026-11-20T12:00:00.${"0".repeat(256)}Z` }],
  ["a very long api", gridEvent({ api: "film".repeat(100) })],
  ["a very long ETag", gridEvent({ eTag: "film".repeat(100) })],
])("%s is unreadable, and the problem does not quote it", (_, event) => {
  const read = parseStorageEvent(event, onlyStorage);
  if (read.kind !== "unreadable") throw new Error(read.kind);
  expect(read.problem).not.toMatch(/hush|film/);
  expect(read.subject ?? "").not.toContain("hush");
});

/** An event for a blob of this name, with an unencoded URL (as the subject is) or an encoded one. */
function eventFor(name: string, { encoded = false, container = "inbox" } = {}) {
  const path = encoded ? name.split("/").map(encodeURIComponent).join("/") : name;
  return {
    ...gridEvent({ url: `https://acct1.blob.core.windows.net/${container}/${path}` }),
    subject: `/blobServices/default/containers/${container}/blobs/${name}`,
  };
}

test.each<[string, RegExp]>([
  ["a/../film.mp4", /"\." or "\.\." as a part/],
  ["..", /"\." or "\.\." as a part/],
  ["a/./film.mp4", /"\." or "\.\." as a part/],
  ["%2e%2e/film.mp4", /becomes "\." or "\.\."/],
  ["a.", /"\." at the end of a part/],
  ["a./film.mp4", /"\." at the end of a part/],
  ["a\\b.txt", /U\+005C BACKSLASH/],
  ["a\tb", /U\+0009 TAB/],
  ["a\u0000", /U\+0000 NULL/],
  ["half \ud800", /U\+D800, an unpaired surrogate/],
  ["\uffff", /U\+FFFF/],
  ["文".repeat(1_025), /1,024/],
])("an event for a blob named %j is unusable, and not mistaken for another blob's", (name, why) => {
  const read = parseStorageEvent(eventFor(name), onlyStorage);
  expect(read).toMatchObject({ kind: "unusable", created: { blob: { path: name } } });
  expect(read.kind === "unusable" && read.problem).toMatch(why);
});

test.each([
  "a?sig=x",
  "a&sig=y",
  "?sig=z",
  "a?b#c",
  "é".repeat(400),
  "文".repeat(1_024),
  " spaces at both ends ",
  "a%20b+c",
  "50%.mp4",
  ".x",
  "//a//",
  "résumé 💎.txt",
])("an event for a blob named %s has this name, encoded or not", (name) => {
  for (const encoded of [false, true]) {
    expect(parseStorageEvent(eventFor(name, { encoded }), onlyStorage)).toMatchObject({
      kind: "created",
      created: { blob: { container: "inbox", path: name } },
    });
  }
});

test("any name of a blob is read from its event as it is, or the event is unusable", () => {
  const names = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 });
  const odd = fc.constantFrom(..."%20 %2F %252e .. . ? # & + \\ \t 💎 ?sig= // %".split(" "));
  const mixed = fc.array(fc.oneof(names, odd), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      mixed.map((parts) => parts.join("")),
      fc.boolean(),
      (name, encoded) => {
        fc.pre(!/\p{Surrogate}/u.test(name));
        const read = parseStorageEvent(eventFor(name, { encoded }), onlyStorage);
        if (read.kind !== "created" && read.kind !== "unusable") throw new Error(read.kind);
        expect(read.created.blob.path).toBe(name);
      },
    ),
  );
});

test.each(["$root/r.txt", "r.txt"])(
  "an event of the root container with the path %s is read",
  (path) => {
    const event = {
      ...gridEvent({ url: `https://acct1.blob.core.windows.net/${path}` }),
      subject: "/blobServices/default/containers/$root/blobs/r.txt",
    };
    expect(urlOf(event)).toBe("https://acct1.blob.core.windows.net/$root/r.txt");
  },
);

test("a URL with a question mark that its subject contradicts names no blob", () => {
  const url = "https://acct1.blob.core.windows.net/inbox/film.mp4?sig=hush";
  expect(parseStorageEvent(gridEvent({ url }), onlyStorage)).toEqual({
    kind: "unreadable",
    subject,
    problem: "has a data.url that is not the URL of a blob",
  });
});

test("a blob is described in one line of visible characters", () => {
  const read = parseStorageEvent(eventFor("a\n\u001b[31m\u202e\ud800 é 💎\\"), onlyStorage);
  if (read.kind !== "unusable") throw new Error(read.kind);
  expect(describeBlob(read.created.blob)).toBe(
    "https://acct1.blob.core.windows.net/inbox/a\\u{a}\\u{1b}[31m\\u{202e}\\u{d800} é 💎\\\\",
  );
});

test.each(["a\nb", "\u00e9", "\t", "a\u007f", "\u0000", "x".repeat(257)])(
  "an event with the ETag %j, which no input may have, is unreadable",
  (eTag) => {
    expect(parseStorageEvent(gridEvent({ eTag }), onlyStorage)).toMatchObject({
      kind: "unreadable",
    });
    expect(etag.safeParse(eTag).success).toBe(false);
  },
);
