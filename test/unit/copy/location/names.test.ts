import fc from "fast-check";
import { expect, test } from "vitest";
import { endpointUrl, identityOf, urlWith } from "../../../../src/copy/location/endpoint.ts";
import type { Endpoint } from "../../../../src/copy/location/endpoint.ts";
import { parseDestination, parseSource } from "../../../../src/copy/location/parse-endpoint.ts";
import { revealSas } from "../../../../src/copy/location/sas.ts";

const origins = {
  emulator: { blob: "http://127.0.0.1:10000", file: "http://127.0.0.1:10003" },
  external: ["https://example.com"],
};
const places = {
  blob: "https://acct1.blob.core.windows.net/inbox/",
  file: "https://acct1.file.core.windows.net/share/",
  emulatedBlob: "http://127.0.0.1:10000/devstoreaccount1/inbox/",
  emulatedFile: "http://127.0.0.1:10003/devstoreaccount1/share/",
};

/** Common names, and characters that cause problems in URLs, headers and file systems. */
const odd = fc.constantFrom(
  ..." #%+?&=;:@'\"!$()*,[]{}|\\^`~<>".split(""),
  ..."%20 %2F %2e %00 .. ... a. .a é ü ñ 文 😀 ﬁ Å \u0301 \u200b \u202e \ud800 \u0000 \u007f \ufffe".split(
    " ",
  ),
);
const part = fc.array(fc.oneof(odd, fc.string({ unit: "grapheme", maxLength: 4 })), {
  maxLength: 5,
});
const names = fc
  .array(
    part.map((pieces) => pieces.join("")),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) => parts.join("/"));

/** The name as Storage would read it from a URL: after the container or share, decoded once. */
function nameIn(url: string, place: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(new URL(place).pathname.length));
}

/** A correctly encoded name in a URL. */
const written = (name: string) => name.split("/").map(encodeURIComponent).join("/");

test.each(Object.entries(places))(
  "any name in %s is requested exactly as it was checked, or rejected with a message",
  (_, place) => {
    let accepted = 0;
    fc.assert(
      fc.property(names, (name) => {
        // A URL cannot contain half a surrogate pair.
        if (/\p{Surrogate}/u.test(name)) return;
        const hasDots = /(^|\/)\.\.?(\/|$)/.test(name);
        // Each escape is decoded separately, until nothing changes.
        let innermost = name;
        while (/%[0-9a-f]{2}/i.test(innermost)) {
          innermost = innermost.replace(/%([0-9a-f]{2})/gi, (_match, code) =>
            String.fromCharCode(Number(`0x${code}`)),
          );
        }
        for (const parse of [parseSource, parseDestination]) {
          const parsed = parse(place + written(name), origins);
          if (!parsed.ok) {
            const problems = parsed.problems.join();
            expect(problems).toMatch(/name|path|container|share|characters long/);
            if (hasDots) expect(problems).toMatch(/dot segment|characters long/);
            continue;
          }
          expect(hasDots).toBe(false);
          expect(innermost).not.toMatch(/(^|[/\\])\.\.?([/\\]|$)/);
          accepted++;
          expect(parsed.endpoint.path).toBe(name);
          const url = endpointUrl(parsed.endpoint);
          expect(nameIn(url, place)).toBe(name);
          // It is valid in a header, and parses to the same value.
          expect(url).toMatch(/^[!-~]+$/);
          expect(parse(url, origins)).toEqual(parsed);
        }
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(400);
  },
);

test.each<[string, boolean]>([
  ["a b/c d", true],
  ["50%.mp4", true],
  ["a%20b", true],
  ["a#b+c", true],
  ["ünï/😀.mp4", true],
  ["dots.../a.", true],
  [".hidden", true],
  ["a//b", false],
  ["a/", false],
  ["/a", false],
  ['a"b', false],
  ["a:b", false],
  ["a?b", false],
  ["nul", false],
  ["COM1.txt", false],
  ["conic", true],
  ["x".repeat(256), false],
])("the file name %s: %s", (name, isTaken) => {
  expect(parseSource(places.file + written(name), origins).ok).toBe(isTaken);
});

test.each<[string, boolean]>([
  ["a//b", true],
  ["a/", true],
  ["/a", true],
  ["a.", false],
  ['a"b', true],
  ["a?b", true],
  ["nul", true],
  ["a\\b", false],
  ["x".repeat(1_025), false],
])("the blob name %s: %s", (name, isTaken) => {
  expect(parseSource(places.blob + written(name), origins).ok).toBe(isTaken);
});

const dotNames = [".", "..", "a/./b", "a/../b", "a/.", "a/..", "./a", "../a", "../..", "../../x"];

test.each([
  ...dotNames,
  ...dotNames.map((name) => name.replaceAll(".", "%2e")),
  ...dotNames.map((name) => name.replaceAll(".", "%2E")),
  "a/.%2e/b",
  "a/%2E./b",
  "a/..?sig=x",
])("the name %j has a dot segment and is rejected for it in each place", (name) => {
  for (const [, place] of Object.entries(places)) {
    expect(parseSource(place + name, origins), place).toEqual({
      ok: false,
      problems: ["has a dot segment in its path, which URL parsers remove"],
    });
  }
});

test.each([
  "%252e",
  "a/%252E%252e/b",
  "a/%25252e%25252e/b",
  "a%252f..%252fb",
  "a%252f%252e%252e%255cb",
  `a/%${"25".repeat(100)}2e`,
])("the name %s becomes a dot segment when it is decoded again, and is rejected", (name) => {
  for (const [, place] of Object.entries(places)) {
    const parsed = parseSource(place + name, origins);
    expect(parsed, place).toMatchObject({ ok: false });
    expect(JSON.stringify(parsed), place).toContain('becomes \\".\\" or \\"..\\"');
  }
});

test.each([".a", "..a", "a..b", "a/.b", "%252e%252ea", "a/..%3Bx", "a?sig=/../x"])(
  "the name %j has dots but no dot segment",
  (name) => {
    expect(parseSource(places.blob + name, origins)).toMatchObject({ ok: true });
  },
);

test.each(["a.", "...", "a..", "a/.../b", "a./b", "a./", "a.//", "a%2E", "a%252e", "a./b%252fc"])(
  "the blob name %j has a part that ends in a dot, and is rejected in each place of the Blob service",
  (name) => {
    for (const place of [places.blob, places.emulatedBlob]) {
      for (const parse of [parseSource, parseDestination]) {
        expect(parse(place + name, origins), place).toEqual({
          ok: false,
          problems: [
            'has a "." at the end of a part of its blob name, which Storage removes; use a name without it',
          ],
        });
      }
    }
  },
);

const time = "2026-11-20T12:00:00.1234567Z";

test.each<[string, keyof typeof places, Partial<Record<"snapshot" | "version", string>>]>([
  [`?snapshot=${time}`, "blob", { snapshot: time }],
  [`?versionid=${time}`, "blob", { version: time }],
  [`?sharesnapshot=${time}`, "file", { snapshot: time }],
  [`?sig=x%2B%3D&snapshot=${time}&sv=1`, "emulatedBlob", { snapshot: time }],
  [`?sig=x%2B%3D&sharesnapshot=${encodeURIComponent(time)}`, "emulatedFile", { snapshot: time }],
])("%s of %s is split into the selection and the secret", (query, place, selection) => {
  const parsed = parseSource(`${places[place]}a${query}`, origins);
  if (!parsed.ok) throw new Error(parsed.problems.join());
  expect(parsed.endpoint).toMatchObject(selection);
  expect(endpointUrl(parsed.endpoint)).not.toContain("sig");
  const secret = parsed.sas === null ? null : revealSas(parsed.sas);
  expect(secret).toBe(
    query.includes("sig=") ? query.slice(1).replace(/&\w*snapshot=[^&]+/, "") : null,
  );
  const whole = new URL(urlWith(parsed.endpoint, secret));
  expect(Object.fromEntries(whole.searchParams)).toEqual(
    Object.fromEntries(new URLSearchParams(query)),
  );
});

test.each([
  ["blob", "?snapshot=yesterday"],
  ["blob", `?snapshot=${time}&versionid=${time}`],
  ["blob", `?snapshot=${time}&snapshot=${time}`],
  ["blob", `?sharesnapshot=${time}`],
  ["file", `?snapshot=${time}`],
  ["file", `?versionid=${time}`],
] as const)("for a %s, %s is rejected", (place, query) => {
  expect(parseSource(`${places[place]}a${query}`, origins)).toMatchObject({ ok: false });
});

test.each([
  ["https://example.com/a/b.mp4", "/a/b.mp4", null],
  ["https://EXAMPLE.com:443/a%20b?x=1&x=2", "/a%20b", "x=1&x=2"],
  ["https://example.com/ü?token=geheim", "/%C3%BC", "token=geheim"],
])("%s is outside Storage, at %s", (url, path, secret) => {
  const parsed = parseSource(url, origins);
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const endpoint: Endpoint = { service: "external", origin: "https://example.com", path };
  expect(parsed.endpoint).toEqual(endpoint);
  expect(parsed.sas === null ? null : revealSas(parsed.sas)).toBe(secret);
  expect(JSON.stringify(parsed)).not.toContain("geheim");
});

test.each([
  "http://example.com/a",
  "https://example.com:8443/a",
  "https://example.com.evil.test/a",
  "https://me:pw@example.com/a",
  "https://example.com/a#b",
  "https://example.com/a%2f..%2fb",
  "https://example.com/a/..%3b/b".replace("%3b", ";"),
  "https://example.com/a%5cb",
  "https://example.com/a%00b",
  "https://example.com/%zz",
  "https://other.example/a",
])("%s is not a valid source", (url) => {
  expect(parseSource(url, origins)).toMatchObject({ ok: false });
});

test.each([
  ["Film.MP4", "film.mp4", true],
  ["\u017fa", "sa", true],
  ["Straße", "STRASSE", false],
  ["a", "b", false],
])("the files %s and %s are the same: %s", (one, other, isSame) => {
  const [first, second] = [one, other].map((name) => {
    const parsed = parseSource(places.file + written(name), origins);
    if (!parsed.ok) throw new Error(parsed.problems.join());
    return identityOf(parsed.endpoint);
  });
  expect(first === second).toBe(isSame);
});

test("nothing outside Storage can be a destination", () => {
  expect(parseDestination("https://example.com/a", origins)).toMatchObject({ ok: false });
});
