import * as fc from "fast-check";
import type { Emulator, WireRequest } from "./valid-copy.ts";

/** A request that a malicious, careless or broken client might send. */
export type HostileRequest = WireRequest & {
  /** No part of it was corrupted. */
  intact: boolean;
};

/** A placeholder in paths for the id of a running copy; the sender replaces it. */
export const anyId = "{id}";

/** Requests of every kind for an app with this emulator. */
export function hostileRequests(emulator: Emulator): fc.Arbitrary<HostileRequest> {
  const copy = copyBodies(emulator);
  const json = { "content-type": "application/json" };
  const post = { method: "POST", path: "/api/copies", headers: json, intact: false };
  const start = (body: fc.Arbitrary<Buffer>) => body.map((bytes) => ({ ...post, body: bytes }));
  return fc.oneof(
    { weight: 1, arbitrary: start(copy.intact).map((request) => ({ ...request, intact: true })) },
    { weight: 30, arbitrary: start(copy.spoilt) },
    { weight: 12, arbitrary: start(copy.mangled) },
    { weight: 6, arbitrary: start(anyBytes) },
    {
      weight: 16,
      arbitrary: fc
        .tuple(fc.oneof(copy.intact, copy.spoilt), spoiltHeaders)
        .map(([body, headers]) => ({ ...post, headers: { ...json, ...headers }, body })),
    },
    { weight: 3, arbitrary: spoiltHosts },
    {
      weight: 35,
      arbitrary: fc.record({
        method: fc.constantFrom(...methods),
        path: paths,
        headers: fc.oneof(fc.constant({}), fc.constant(json), spoiltHeaders),
        body: fc.oneof(fc.constant(null), anyBytes, copy.spoilt),
        intact: fc.constant(false),
      }),
    },
  );
}

const methods =
  "GET HEAD POST PUT PATCH DELETE OPTIONS GET POST POST GET PROPFIND M-SEARCH QUERY".split(" ");

const ids = fc.oneof(
  fc.constant(anyId),
  fc.constantFrom("01a1fb88-0c5b-77ed-8af1-403e51b453cb", "..", ".", "%2e%2e", "..%2f..", "%00"),
  fc.constantFrom("%", "%zz", "%c0%af", "%ff", "a%20b", "'", "*", "@x", "a?b", ";", "{id}{id}"),
  fc.constantFrom("__proto__", "constructor", "hasOwnProperty", "null", "NaN", "a".repeat(3_000)),
  fc.uuid({ version: [4, 7] }).map((id) => id.toUpperCase()),
  fc.string({ unit: fc.constantFrom(..."abc019-_.~!$&'()*+,;=:@%/".split("")), maxLength: 40 }),
);

const queries = fc.constantFrom(
  "",
  "",
  "?",
  "?a=1&a=2&A=3",
  "?code=x&__proto__=y",
  "?%00=%ff",
  "?limit=1e999&status=running",
  "?limit=50&status=running&source=https://a",
  "?cursor=AAAA&limit=1",
  "?status=succeeded&destination=%00",
  `?${"q=1&".repeat(300)}`,
);

const paths = fc.oneof(
  fc
    .tuple(fc.constantFrom("/api/copies/", "/API/Copies/", "/api//copies/"), ids, queries)
    .map((parts) => parts.join("")),
  fc
    .tuple(
      fc.constant("/api/copies/"),
      ids,
      fc.constantFrom("/abort", "/ABORT", "/abort/", "/retry", "/timeline"),
    )
    .map((parts) => parts.join("")),
  fc
    .tuple(fc.constantFrom("/api/copies", "/api/copies/", "/api/health", "/api/none"), queries)
    .map((parts) => parts.join("")),
  fc.constantFrom(
    "/",
    "/api",
    "/api/",
    "//api/copies",
    "*",
    "/api/copies/a/b/c",
    "/api/copies%2Fa",
  ),
);

/** Without a body: the response to a request that is rejected before its body was read may be lost in a reset. */
const spoiltHosts = fc.record({
  method: fc.constantFrom("GET", "POST", "HEAD"),
  path: paths,
  headers: fc
    .constantFrom("evil.example", "a b", "", "[", "a:99999", "localhost/api", "a@b", "é")
    .map((host) => ({ host })),
  body: fc.constant(null),
  intact: fc.constant(false),
});

const visible = fc.string({
  unit: fc.constantFrom(...'aZ09 !"#,;=\\{}[]\t~\xa0\xff'.split("")),
  maxLength: 60,
});

/** Node's client sends no header that breaks its own line, so neither does this. */
const spoiltHeaders: fc.Arbitrary<WireRequest["headers"]> = fc.oneof(
  fc
    .oneof(
      fc.constantFrom("application/JSON; charset=utf-16", "application/problem+json", "", ";"),
      fc.constantFrom("text/plain", "multipart/form-data", "application/json, text/html", "json"),
      visible,
    )
    .map((type) => ({ "content-type": type })),
  fc
    .oneof(
      visible,
      fc.constantFrom("", " ", "k", "k", "k2", "é", "k".repeat(255), "k".repeat(256), "__proto__"),
      fc.constantFrom("../x", "%2e%2e", "{}", "'", "k".repeat(9_000)),
    )
    .map((key) => ({ "idempotency-key": key })),
  fc.constant({ "idempotency-key": ["a", "b"] }),
  fc.constant({ "transfer-encoding": "chunked" }),
  visible.map((value) => ({ "x-ms-client-principal-id": value, authorization: value })),
  fc.constantFrom("deflate", "gzip").map((value) => ({ "content-encoding": value })),
  visible.map((value) => ({ prefer: value, "x-http-method-override": "DELETE", cookie: value })),
);

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
  fc.json().map((text) => Buffer.from(`\ufeff${text}`, "utf16le")),
  fc.constantFrom("", "\ufeff{}", "{}{}", "[".repeat(9_999), "\u0000").map((t) => Buffer.from(t)),
  fc.constantFrom(65_536, 65_537, 300_000).map((length) => Buffer.alloc(length, "[")),
);

/** A JSON object as text: names may appear twice, and values need not be JSON. */
type Fields = readonly (readonly [name: string, value: string])[];

const written = (fields: Fields) =>
  `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`;

const oddValues = fc.oneof(
  fc.constantFrom("null", "true", "0", "-0", "1e999", "-1e-999", "9".repeat(400), "{}", "[]", '""'),
  fc.constantFrom('"\\ud800"', '"\\u0000"', '"\\uffff"', '{"__proto__":{"x":1}}', '{"a":1,"a":2}'),
  fc.constantFrom('{"constructor":{"prototype":{"x":1}}}', '{"toString":null}', '{"length":1e9}'),
  fc.constantFrom("NaN", "undefined", "'x'", "01", '"\\x"', "//"),
  fc.constantFrom(2, 500, 9_000).map((depth) => "[".repeat(depth) + "]".repeat(depth)),
  fc.constantFrom(2, 500, 3_000).map((depth) => '{"a":'.repeat(depth) + "1" + "}".repeat(depth)),
  fc.constantFrom(1_025, 2_049, 40_000).map((length) => JSON.stringify("x".repeat(length))),
  fc.json({ maxDepth: 3 }),
);

const oddNames = fc.constantFrom(
  ..."__proto__ constructor prototype toString Source source destination route options overwrite".split(
    " ",
  ),
  "",
  "source ",
  "\ud800",
  "a/b~c",
  "n".repeat(5_000),
);

/** Changes fields: one is removed, duplicated, added or replaced. */
const spoilFields = (fields: Fields): fc.Arbitrary<Fields> =>
  fc
    .tuple(fc.constantFrom("drop", "twice", "add", "replace"), fc.nat(20), oddNames, oddValues)
    .map(([how, at, name, value]) => {
      const index = fields.length === 0 ? 0 : at % fields.length;
      const [own = name, old = value] = fields[index] ?? [];
      if (how === "drop") return fields.toSpliced(index, 1);
      if (how === "twice") return fields.toSpliced(index, 0, [own, at % 2 === 0 ? old : value]);
      if (how === "add") return fields.toSpliced(index, 0, [name, value]);
      return fields.toSpliced(index, 1, [own, value]);
    });

type Ends = { source: string; destination: string };

function ends(source: fc.Arbitrary<string>, destination: fc.Arbitrary<string>): fc.Arbitrary<Ends> {
  return fc.record({ source, destination });
}

function copyBodies({ blobUrl, fileUrl }: Emulator) {
  const blob = (account: string, container: string) =>
    fc.nat(40).map((n) => `${blobUrl}/${account}/${container}/film-${n}.mp4`);
  const file = (account: string, share: string) =>
    fc.nat(40).map((n) => `${fileUrl}/${account}/${share}/in/film-${n}.mp4`);
  const blobs = fc.oneof(blob("devstoreaccount1", "inbox"), blob("devstoreaccount2", "inbox"));
  const files = fc.oneof(file("devstoreaccount1", "drop"), file("devstoreaccount2", "drop"));
  const good = fc.oneof(
    { weight: 3, arbitrary: ends(blobs, blob("devstoreaccount1", "archive")) },
    { weight: 1, arbitrary: ends(files, blob("devstoreaccount1", "archive")) },
  );
  const goodFiles = ends(fc.oneof(blobs, files), file("devstoreaccount1", "shelf"));
  const odd = (url: string) => fc.constantFrom(...urlTricks).map((trick) => trick(url));
  const options: fc.Arbitrary<Fields> = fc.constantFrom<Fields>(
    [],
    [["overwrite", '"always"']],
    [["tier", '"Cool"']],
    [["metadata", '{"a":"b"}']],
    [["tags", '{"a":"b c"}']],
    [
      ["overwrite", '"skip"'],
      ["metadata", '{"_":"c d"}'],
      ["ifBusy", '"wait"'],
    ],
    [
      ["overwrite", '"always"'],
      ["ifBusy", '"replace"'],
      ["rollback", '"snapshot"'],
      ["destinationLease", '"5e1a9a36-22dc-4cbb-a3b2-1e4e3bd4a9f1"'],
    ],
    [
      ["legalHold", "true"],
      ["immutabilityPolicy", '{"until":"2027-01-01T00:00:00Z","mode":"Unlocked"}'],
      ["destinationConditions", '{"ifNoneMatch":"*"}'],
    ],
  );
  const fileOptions: fc.Arbitrary<Fields> = fc.constantFrom<Fields>(
    [["metadata", '{"a":"b"}']],
    [["file", '{"attributes":["Archive"],"permission":{"key":"k"},"setArchive":true}']],
    [["file", '{"owner":{"user":"1","group":"2"},"mode":"0644"}']],
    [["file", '{"creationTime":"2026-11-20T12:00:00Z"}']],
  );
  const fieldsOf = (ends: Ends, chosen: Fields): Fields => [
    ["source", JSON.stringify(ends.source)],
    ["destination", JSON.stringify(ends.destination)],
    ["options", written(chosen)],
  ];
  const routed = fc
    .tuple(blob("devstoreaccount1", "watched"), options)
    .map(([source, chosen]): Fields => [
      ["source", JSON.stringify(source)],
      ["route", '"watched"'],
      ["options", written(chosen)],
    ]);
  const whole = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(good, options).map(([ends, chosen]) => fieldsOf(ends, chosen)),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(goodFiles, fileOptions).map(([ends, chosen]) => fieldsOf(ends, chosen)),
    },
    { weight: 1, arbitrary: routed },
  );

  const intact = whole.map((fields) => Buffer.from(written(fields)));
  const spoilt = fc
    .oneof(
      whole.chain(spoilFields),
      fc.tuple(good, options.chain(spoilFields)).map(([ends, chosen]) => fieldsOf(ends, chosen)),
      fc
        .tuple(fc.oneof(good, goodFiles), fc.oneof(options, fileOptions.chain(spoilFields)))
        .map(([ends, chosen]) => fieldsOf(ends, chosen)),
      fc
        .oneof(good, goodFiles)
        .chain((ends) =>
          fc.tuple(odd(ends.source), odd(ends.destination), fc.constant(ends), fc.nat(2)),
        )
        .map(([source, destination, ends, which]) =>
          fieldsOf(
            {
              source: which === 1 ? ends.source : source,
              destination: which === 0 ? ends.destination : destination,
            },
            [],
          ),
        ),
    )
    .map((fields) => Buffer.from(written(fields)));
  // A bit, a byte or a stretch of an otherwise valid body.
  const mangled = fc
    .tuple(intact, fc.nat(400), fc.nat(3), fc.uint8Array({ maxLength: 3 }))
    .map(([bytes, at, gone, come]) => {
      const index = at % bytes.length;
      return Buffer.concat([bytes.subarray(0, index), come, bytes.subarray(index + gone)]);
    });
  return { intact, spoilt, mangled };
}

const urlTricks: readonly ((url: string) => string)[] = [
  (url) => url.replace("http:", "HTTP:"),
  (url) => url.replace("http:", "https:"),
  (url) => url.replace("http://", "http:"),
  (url) => url.replace("http://", "http:\\\\"),
  (url) => url.replace("//", "//me:pw@"),
  (url) => url.replace("//", "//127.0.0.1@"),
  (url) => url.replace("127.0.0.1", "127.1"),
  (url) => url.replace("127.0.0.1", "0x7f.0.0.1"),
  (url) => url.replace("127.0.0.1", "2130706433"),
  (url) => url.replace("127.0.0.1", "[::ffff:127.0.0.1]"),
  (url) => url.replace("127.0.0.1", "localhost"),
  (url) => url.replace("127.0.0.1", "127.0.0.1."),
  (url) => url.replace("127.0.0.1", "１２７.0.0.1"),
  (url) => url.replace(/:\d+\//, ":1/"),
  (url) => url.replace("devstoreaccount", "devstoreaccount1/../devstoreaccount"),
  (url) => url.replace("devstoreaccount1", "devstoreaccount3"),
  (url) => url.replace("devstoreaccount1", "DevStoreAccount1"),
  (url) => url.replace("inbox", "inbox/.."),
  (url) => url.replace("archive", "archive/%2e%2e/ferry-ledger"),
  (url) => url.replace("archive", "ferry-ledger/archive"),
  (url) => url.replace("archive", "%66erry-ledger"),
  (url) => url.replace("archive", "$logs"),
  (url) => url.replace("film", "a%2f..%2f..%2ffilm"),
  (url) => url.replace("film", "%5c..%5cfilm"),
  (url) => url.replace("film", "fi\nlm"),
  (url) => url.replace("film", "fi%0Alm"),
  (url) => url.replace("film", "fi%00lm"),
  (url) => url.replace("film", "\ud800"),
  (url) => url.replace("film", "%ed%a0%80"),
  (url) => url.replace("film", "%zz"),
  (url) => url.replace("film", "a//b"),
  (url) => url.replace("film", "文".repeat(400)),
  (url) => url.replace("film", "a".repeat(1_100)),
  (url) => `${url}/`,
  (url) => `${url}#x`,
  (url) => `${url}?`,
  (url) => `${url}?sig=x&sv=2026-10-06`,
  (url) => `${url}?sig=x&sig=y`,
  (url) => `${url}?comp=copy&sig=x`,
  (url) => `${url}%3Fsig=x`,
  (url) => `${url}?SIG=x`,
  (url) => ` ${url}\t`,
  (url) => `view-source:${url}`,
  (url) => url.slice(0, url.indexOf("/", 30)),
  (url) => `${url}?snapshot=2026-11-20T12:00:00.0000000Z`,
  (url) => `${url}?versionid=2026-11-20T12:00:00.0000000Z&snapshot=x`,
  (url) => `${url}?sharesnapshot=2026-11-20T12:00:00.0000000Z`,
  (url) => url.replace("film", "CON"),
  (url) => url.replace("film", "a%22b%7Cc"),
  () => "https://acct1.blob.core.windows.net/inbox/a",
  () => "https://169.254.169.254/metadata/identity",
  () => "file:///etc/passwd",
  () => "",
];
