import fc from "fast-check";
import { expect, test } from "vitest";
import {
  externalOrigins,
  isAllowed,
  parseAllowedPairs,
  wholeExternalOrigins,
} from "../../../../src/copy/request/access-policy.ts";
import { isOwnState } from "../../../../src/copy/request/own-state.ts";
import { endpointUrl, lockIdentityOf } from "../../../../src/copy/location/endpoint.ts";
import type { Destination, Endpoint } from "../../../../src/copy/location/endpoint.ts";
import { parseDestination, parseSource } from "../../../../src/copy/location/parse-endpoint.ts";

const blobs = "http://127.0.0.1:10000";
const emulator = { blob: blobs, file: "http://127.0.0.1:10003" };
const origins = { emulator, external: ["https://example.com"] };

function endpoint(url: string): Destination {
  const parsed = parseDestination(url, origins);
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  return parsed.endpoint;
}

function sourceAt(url: string): Endpoint {
  const parsed = parseSource(url, origins);
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  return parsed.endpoint;
}

test.each([
  ["https://acct1.blob.core.windows.net/inbox/a/b.mp4", "acct1", "inbox", "a/b.mp4"],
  ["HTTPS://ACCT1.BLOB.CORE.WINDOWS.NET/inbox/A", "acct1", "inbox", "A"],
  ["https://acct1.z07.blob.storage.azure.net/inbox/a", "acct1", "inbox", "a"],
  ["https://acct1.blob.core.chinacloudapi.cn/inbox/a", "acct1", "inbox", "a"],
  ["https://acct1.blob.core.usgovcloudapi.net/$web/index.html", "acct1", "$web", "index.html"],
  ["https://acct1.blob.core.windows.net/inbox/%C3%BC%20%23%2B.mp4", "acct1", "inbox", "ü #+.mp4"],
  ["https://acct1.blob.core.windows.net/inbox/a%2Fb", "acct1", "inbox", "a/b"],
  [`${blobs}/devstoreaccount1/inbox/a`, "devstoreaccount1", "inbox", "a"],
])("%s is account %s, container %s, blob %s", (url, account, container, path) => {
  expect(endpoint(url)).toMatchObject({ account, container, path });
});

test("a blob name that is written as a URL and parsed again is the same name", () => {
  const part = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
      const path = parts.join("/");
      const url = endpointUrl({ ...endpoint(`${blobs}/devstoreaccount1/inbox/x`), path });
      const parsed = parseDestination(url, origins);
      // Invalid names are rejected with a message; all others are returned unchanged, at the same URL.
      if (!parsed.ok) {
        expect(parsed.problems.join()).toMatch(/blob name|dot segment|characters long/);
        return;
      }
      expect(parsed.endpoint.path).toBe(path);
      expect(endpointUrl(parsed.endpoint)).toBe(url);
    }),
  );
});

const allowed = (from: string, to: string) =>
  parseAllowedPairs(JSON.stringify([{ from, to }]), emulator).pairs;
const to = endpoint("https://acct2.blob.core.windows.net/archive/x");

test.each([
  [
    "https://acct1.blob.core.windows.net/inbox",
    "https://acct1.blob.core.windows.net/inbox/a",
    true,
  ],
  [
    "https://acct1.blob.core.windows.net/inbox/",
    "https://acct1.blob.core.windows.net/inbox/a",
    true,
  ],
  ["https://acct1.blob.core.windows.net", "https://acct1.blob.core.windows.net/other/a", true],
  [
    "https://acct1.blob.core.windows.net/inbox/in",
    "https://acct1.blob.core.windows.net/inbox/in/a",
    true,
  ],
  [
    "https://acct1.blob.core.windows.net/inbox/in",
    "https://acct1.blob.core.windows.net/inbox/in-secret/a",
    false,
  ],
  [
    "https://acct1.blob.core.windows.net/inbox/in",
    "https://acct1.blob.core.windows.net/inbox/IN/a",
    false,
  ],

  [
    "https://acct1.blob.core.windows.net/inbox/in",
    "https://acct1.blob.core.windows.net/inbox/in%2Fa",
    true,
  ],
  [
    "https://acct1.blob.core.windows.net/inbox",
    "https://acct1-secondary.blob.core.windows.net/inbox/a",
    false,
  ],
  [
    "https://acct1.blob.core.windows.net/inbox",
    "https://acct1.blob.core.chinacloudapi.cn/inbox/a",
    false,
  ],
  [
    "https://acct1.blob.core.windows.net/inbox",
    "https://acct11.blob.core.windows.net/inbox/a",
    false,
  ],
])("the prefix %s and the source %s: %s", (prefix, source, expected) => {
  const pairs = allowed(prefix, "https://acct2.blob.core.windows.net/archive");
  expect(isAllowed(pairs, { source: sourceAt(source), destination: to })).toBe(expected);
});

test.each(["inbox/x/../in2/a", "inbox/in/../a", "other/../inbox/in/a", "inbox/in/%2e%2e/a"])(
  "dots can neither leave nor enter a prefix: %s is not a valid source",
  (path) => {
    const source = `https://acct1.blob.core.windows.net/${path}`;
    expect(parseSource(source, origins)).toMatchObject({ ok: false });
  },
);

test("one pair must allow source and destination; two pairs do not combine", () => {
  const pairs = parseAllowedPairs(
    JSON.stringify([
      {
        from: "https://acct1.blob.core.windows.net/inbox",
        to: "https://acct1.blob.core.windows.net/a",
      },
      {
        from: "https://acct3.blob.core.windows.net/inbox",
        to: "https://acct2.blob.core.windows.net/archive",
      },
    ]),
    emulator,
  ).pairs;
  const source = endpoint("https://acct1.blob.core.windows.net/inbox/a");
  expect(isAllowed(pairs, { source, destination: to })).toBe(false);
  expect(isAllowed([], { source, destination: to })).toBe(false);
});

test("each invalid pair is reported with its position", () => {
  const wrong = JSON.stringify([
    { from: "https://acct1.blob.core.windows.net/a?x=1", to: "http://acct1.blob.core.windows.net" },
    { from: "nothing", to: "https://example.com/" },
  ]);
  const { pairs, problems } = parseAllowedPairs(wrong, emulator);
  expect(pairs).toEqual([]);
  expect(problems.map((problem) => problem.split(" ")[0])).toEqual([
    "[0].from",
    "[0].to",
    "[1].from",
    "[1].to",
  ]);
  expect(parseAllowedPairs("{", emulator).problems).toHaveLength(1);
});

/** The verdict on a source outside Storage if only `https://cdn.example/pub` is listed. */
function outside(url: string): "allowed" | "not allowed" | "invalid" {
  const pairs = allowed("https://cdn.example/pub", "https://acct2.blob.core.windows.net/archive");
  const read = parseSource(url, { emulator, external: externalOrigins(pairs) });
  if (!read.ok) return "invalid";
  const endpoints = { source: read.endpoint, destination: to };
  return isAllowed(pairs, endpoints) ? "allowed" : "not allowed";
}

test.each([
  ["https://cdn.example/pub/a", "allowed"],
  ["HTTPS://CDN.example:443/pub/a?key=1", "allowed"],
  ["https://cdn.example/pub/100%25.mp4", "invalid"], // decoded twice, it is not a percent-encoding
  ["https://cdn.example/pub/..a/b..", "allowed"],
  ["https://cdn.example/x/../pub/a", "invalid"],
  ["https://cdn.example/public/a", "not allowed"],
  ["https://cdn.example/Pub/a", "not allowed"],
  ["https://cdn.example//pub/a", "not allowed"],
  ["https://cdn.example/pub/../a", "invalid"],
  ["https://cdn.example/pub/%2e%2E/a", "invalid"],
  ["https://cdn.example/pub\\..\\a", "invalid"],
  ["https://cdn.example/pub/..%2fa", "invalid"],
  ["https://cdn.example/pub/%2e%2e%5ca", "invalid"],
  ["https://cdn.example/pub/..;/a", "invalid"],
  ["https://cdn.example/pub/.%00./a", "invalid"],
  // Some servers decode twice, or trim spaces.
  ["https://cdn.example/pub/%252e%252e/a", "invalid"],
  ["https://cdn.example/pub/..%252fa", "invalid"],
  ["https://cdn.example/pub/%25252e%25252e%25252fa", "invalid"],
  ["https://cdn.example/pub/..%20/a", "invalid"],
  ["https://cdn.example/pub/%c0%ae%c0%ae/a", "invalid"],
  ["https://me:pw@cdn.example/pub/a", "invalid"],
  ["https://cdn.example/pub/a#b", "invalid"],
  ["https://cdn.example@evil.example/pub/a", "invalid"],
  ["https://cdn.example./pub/a", "invalid"],
  ["https://cdn.example:8443/pub/a", "invalid"],
  ["https://www.cdn.example/pub/a", "invalid"],
  ["https://cdn.example.evil.example/pub/a", "invalid"],
  ["http://cdn.example/pub/a", "invalid"],
  ["https://cdn。example/pub/a", "invalid"],
])("outside Storage, %s is %s", (url, expected) => {
  expect(outside(url)).toBe(expected);
});

test("a pair of a folder contains no ambiguous path, even where another pair has the whole origin", () => {
  const whole = { from: "https://cdn.example", to: "https://acct3.blob.core.windows.net/public" };
  const folder = {
    from: "https://cdn.example/pub",
    to: "https://acct2.blob.core.windows.net/archive",
  };
  const { pairs } = parseAllowedPairs(JSON.stringify([whole, folder]), emulator);
  const allOrigins = {
    emulator,
    external: externalOrigins(pairs),
    wholeExternal: wholeExternalOrigins(pairs),
  };
  const into = endpoint("https://acct3.blob.core.windows.net/public/x");
  for (const [path, inFolder] of [
    ["a", true],
    ["%252e%252e%252fsec%253F%25zz", false],
    ["%252e%252e/sec", false],
    ["..%2fsec", false],
    ["../sec", false],
    ["%2e%2e/sec", false],
    ["50%25-off.png", false],
  ] as const) {
    const parsed = parseSource(`https://cdn.example/pub/${path}`, allOrigins);
    if (!parsed.ok) throw new Error(parsed.problems.join());
    const source = parsed.endpoint;
    expect(isAllowed(pairs, { source, destination: into }), path).toBe(true);
    expect(isAllowed(pairs, { source, destination: to }), path).toBe(inFolder);
  }
});

test("the share with the app's code is closed in every account", () => {
  const own = { account: "acct1", contentShare: "ferry-a1b2", named: [] };
  const file = (account: string, share: string) =>
    sourceAt(`https://${account}.file.core.windows.net/${share}/site/wwwroot/host.json`);
  expect(isOwnState(own, file("acct1", "ferry-a1b2"))).toBe(true);
  expect(isOwnState(own, file("acct9", "ferry-a1b2"))).toBe(true);
  expect(isOwnState(own, file("acct1", "ferry-a1b3"))).toBe(false);
});

test.each(["ferrystaging-leases", "other-largemessages", "other-applease"])(
  "the containers of a renamed task hub are closed: %s",
  (container) => {
    const own = { account: "acct1", contentShare: null, named: [] };
    const at = (account: string) =>
      sourceAt(`https://${account}.blob.core.windows.net/${container}/a`);
    expect(isOwnState(own, at("acct1"))).toBe(true);
    expect(isOwnState(own, at("acct2"))).toBe(false);
  },
);

test("files have one lock for all names that differ only in dots at the end of a part", () => {
  const share = "https://acct1.file.core.windows.net/share";
  const lock = lockIdentityOf(endpoint(`${share}/a/b`));
  for (const path of ["a./b", "a/b.", "a.../b.."]) {
    expect(lockIdentityOf(endpoint(`${share}/${path}`))).toBe(lock);
  }
  expect(lockIdentityOf(endpoint(`${share}/a/.b`))).not.toBe(lock);
});
