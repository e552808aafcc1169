import fc from "fast-check";
import { expect, test } from "vitest";
import { endpointUrl } from "../../../../src/copy/location/endpoint.ts";
import { parseDestination, parseSource } from "../../../../src/copy/location/parse-endpoint.ts";
import { revealSas } from "../../../../src/copy/location/sas.ts";
import { parseAllowedPairs } from "../../../../src/copy/request/access-policy.ts";
import { parseRoutes } from "../../../../src/copy/routing/routes.ts";

const emulator = { blob: "http://127.0.0.1:10000", file: "http://127.0.0.1:10003" };
const origins = {
  emulator,
  external: ["https://cdn.example", "https://folders.example"],
  wholeExternal: ["https://cdn.example"],
};
const E = "http://127.0.0.1:10000/devstoreaccount1";

function problemsOf(url: string): string[] {
  const source = parseSource(url, origins);
  const destination = parseDestination(url, origins);
  expect(source.ok).toBe(destination.ok);
  return source.ok ? [] : source.problems;
}

const remove = "remove it, because no name in Storage contains it";

test.each<[string, string]>([
  [
    `${E}/inbox/report `,
    "ends with U+0020 SPACE; write %20 if the name ends with it, or remove it",
  ],
  [` ${E}/inbox/report`, "begins with U+0020 SPACE; remove it"],
  [
    `${E}/archive/two-one `,
    "ends with U+0020 SPACE; write %20 if the name ends with it, or remove it",
  ],
  [`${E}/inbox/a\tb.txt`, `has the character U+0009 TAB; ${remove}`],
  [`${E}/inbox/a\nb.txt`, `has the character U+000A LINE FEED; ${remove}`],
  [`${E}/inbox/a\rb.txt`, `has the character U+000D CARRIAGE RETURN; ${remove}`],
  [`${E}/inbox/report\n`, `has the character U+000A LINE FEED; ${remove}`],
  [`\t${E}/inbox/report`, `has the character U+0009 TAB; ${remove}`],
  [`${E}/inbox/a\u0000b`, `has the character U+0000 NULL; ${remove}`],
  [`${E}/inbox/a\u001bb`, `has the character U+001B ESCAPE; ${remove}`],
  [`${E}/inbox/a\u007fb`, `has the character U+007F DELETE; ${remove}`],
  [
    `${E}/inbox/a\\b.txt`,
    'has the character U+005C BACKSLASH; write "/" between the parts of a name',
  ],
  [
    `${E}/archive/half-\ud83d.txt`,
    "has the character U+D83D, an unpaired surrogate; remove it, because no encoding of it is valid",
  ],
  [`${E}/inbox/a/../b.txt`, "has a dot segment in its path, which URL parsers remove"],
  [`${E}/inbox/a/%2e%2e/b.txt`, "has a dot segment in its path, which URL parsers remove"],
  [`${E}/inbox/./b.txt`, "has a dot segment in its path, which URL parsers remove"],
  [
    `${E}/archive/rd/../../inbox/over.txt`,
    "has a dot segment in its path, which URL parsers remove",
  ],
  [`${E}/inbox/a%09b`, "has the character U+0009 TAB in its blob name"],
  [`${E}/inbox/a%5Cb`, "has U+005C BACKSLASH in its blob name"],
  [`${E}/inbox/a?sig=x\ny`, `has the character U+000A LINE FEED; ${remove}`],
  ...["?", "?&", "?&&", "?&&&&"].map((end): [string, string] => [
    `${E}/inbox/a.txt${end}`,
    'has a "?" without a query; write "?" in a name as %3F',
  ]),
  ["https://cdn.example/a?&", 'has a "?" without a query; write "?" in a name as %3F'],
  [`${E}/inbox/a#`, 'contains a fragment; write "#" in a name as %23'],
  ["https://@acct1.blob.core.windows.net/inbox/a", "contains user information"],
  ["https:acct1.blob.core.windows.net/inbox/a", "is not an absolute URL"],
  ["https:///acct1.blob.core.windows.net/inbox/a", "is not an absolute URL"],
  ["https:/acct1.blob.core.windows.net/inbox/a", "is not an absolute URL"],
  ["//acct1.blob.core.windows.net/inbox/a", "is not an absolute URL"],
  [
    "https:\\\\acct1.blob.core.windows.net\\inbox\\a",
    'has the character U+005C BACKSLASH; write "/" between the parts of a name',
  ],
])("the URL %j is rejected: it %s", (url, problem) => {
  expect(problemsOf(url)).toEqual([problem]);
});

test("every C0 control is rejected by its name, wherever it appears", () => {
  const names = new Set<string>();
  for (let code = 0; code < 0x20; code++) {
    const character = String.fromCharCode(code);
    for (const url of [
      `${E}/in${character}box/a`,
      `${E}/inbox/a${character}`,
      `${character}${E}/b/c`,
    ]) {
      const [problem = "", ...others] = problemsOf(url);
      expect(others).toEqual([]);
      const [, name = ""] = /^has the character (U\+00[01][0-9A-F] [A-Z ]+); /.exec(problem) ?? [];
      expect(name).not.toBe("");
      names.add(name);
    }
  }
  expect(names.size).toBe(32);
});

test("several characters are reported together, each once", () => {
  expect(problemsOf(`${E}/inbox/a\t\tb\nc\\d `)).toHaveLength(4);
});

test.each<[string, string]>([
  [`${E}/inbox/résumé.txt`, "résumé.txt"],
  [`${E}/inbox/💎.txt`, "💎.txt"],
  [`${E}/inbox/a b  c+d.txt`, "a b  c+d.txt"],
  [`${E}/inbox/ a`, " a"],
  [`${E}/inbox/a%20`, "a "],
  [`${E}/inbox/a/ /b`, "a/ /b"],
  [`${E}/inbox/a\u00a0`, "a\u00a0"],
  [`${E}/inbox/"<>|^\`{}[]'`, "\"<>|^`{}[]'"],
  [`${E}/inbox/a//b/`, "a//b/"],
  [`${E}/inbox//a`, "/a"],
  [`${E}/inbox/.x`, ".x"],
  ["HTTP://127.0.0.1:10000/devstoreaccount1/inbox/A", "A"],
  ["HTTPS://ACCT1.Blob.Core.Windows.NET:443/inbox/A", "A"],
  ["https://acct1.blob.core.windows.net:/inbox/A", "A"],
])("the URL %j names %j", (url, path) => {
  for (const parse of [parseSource, parseDestination]) {
    const parsed = parse(url, origins);
    expect(parsed).toMatchObject({ ok: true, endpoint: { path } });
  }
});

const sas = "sv=2026-10-06&se=2026-11-28T05:31Z&sp=r&sig=a%2Bb%3D";

test.each(["\n", "\r\n", " ", "\t", " \r\n "])("%j around a URL with a SAS is removed", (blank) => {
  for (const text of [`${blank}${E}/inbox/report?${sas}`, `${E}/inbox/report?${sas}${blank}`]) {
    const parsed = parseSource(text, origins);
    if (!parsed.ok) throw new Error(parsed.problems.join());
    expect(parsed.endpoint).toMatchObject({ path: "report" });
    expect(parsed.sas === null ? "" : revealSas(parsed.sas)).toBe(sas);
  }
});

test.each(["?", "? ", "?\n", "?#"])("an empty query %j is rejected", (query) => {
  for (const name of ["report", "report "]) {
    const parsed = parseSource(`${E}/inbox/${name}${query}`, origins);
    expect(parsed.ok ? "" : parsed.problems.join()).toMatch(/"\?" without a query|SPACE|LINE FEED/);
  }
});

test.each(["x", "sig", "sv&sig=a", `${sas}&sip`, `${sas}&sip=`, "sig=", "snapshot", "versionid="])(
  "a query with a parameter that has no value is rejected: ?%s",
  (query) => {
    expect(parseSource(`${E}/inbox/report?${query}`, origins).ok).toBe(false);
    expect(parseDestination(`${E}/inbox/report?${query}`, origins).ok).toBe(false);
  },
);

const characters = fc.oneof(
  fc.constantFrom(..."\t\n\r\0\u001f\u007f\\ /.%?#&+=;:@~^|<>{}`'\"[]$".split("")),
  fc.constantFrom("%2e", "%2E%2e", "%20", "%5c", "%09", "..", "\ud800", "\udfff", "é", "💎", "文"),
  fc.string({ unit: "binary", minLength: 1, maxLength: 3 }),
);

test("any text after a container is exactly the name that is sent, or is rejected", () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(characters, { minLength: 1, maxLength: 8 }), (parts) => {
      const text = parts.join("");
      const parsed = parseSource(`https://acct1.blob.core.windows.net/inbox/${text}`, origins);
      if (!parsed.ok) return;
      accepted++;
      const [written = ""] = text.split("?");
      // Storage decodes the path once; everything else is as it was written.
      expect(parsed.endpoint.path).toBe(decodeURIComponent(written));
      const url = endpointUrl(parsed.endpoint);
      expect(decodeURIComponent(new URL(url).pathname)).toBe(`/inbox/${parsed.endpoint.path}`);
      const { ok } = parsed;
      expect(parseSource(url, origins)).toMatchObject({ ok, endpoint: parsed.endpoint });
    }),
    { numRuns: 3_000 },
  );
  expect(accepted).toBeGreaterThan(300);
});

test("any path outside Storage is sent as it was written; only characters that no URL contains are encoded", () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(characters, { minLength: 1, maxLength: 8 }), (parts) => {
      const text = parts.join("");
      const parsed = parseSource(`https://cdn.example/${text}`, origins);
      if (!parsed.ok) return;
      accepted++;
      const [written = ""] = text.split("?");
      expect(parsed.endpoint.path).toMatch(/^[!-~]+$/);
      const decode = (path: string) =>
        path.replace(/(?:%[89a-f][0-9a-f]|%[2367][0-9a-f])+/gi, tryDecode);
      expect(decode(parsed.endpoint.path)).toBe(decode(`/${written}`));
    }),
    { numRuns: 3_000 },
  );
  expect(accepted).toBeGreaterThan(300);
});

function tryDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

test.each<[string, string]>([
  ["https://cdn.example/a%2Fb.bin", "/a%2Fb.bin"],
  [
    "https://cdn.example/exp=1551~acl=*%2F109.mp4*~hmac=ab/x.mp4?download=1",
    "/exp=1551~acl=*%2F109.mp4*~hmac=ab/x.mp4",
  ],
  ["https://cdn.example/50%25-off.png", "/50%25-off.png"],
  ["https://cdn.example/a/../b", "/a/../b"],
  ["https://cdn.example/a/%2e%2E/b", "/a/%2e%2E/b"],
  ["https://cdn.example/%252e%252e%252fsec%253F%25zz", "/%252e%252e%252fsec%253F%25zz"],
  ["https://cdn.example/a%5Cb%09", "/a%5Cb%09"],
  ["https://cdn.example/caf%E9", "/caf%E9"],
  ["https://cdn.example/a b/é", "/a%20b/%C3%A9"],
  ["https://cdn.example", "/"],
])("outside Storage, with a pair of the whole origin, %s is %s", (url, path) => {
  expect(parseSource(url, origins)).toMatchObject({
    ok: true,
    endpoint: { origin: "https://cdn.example", path },
  });
});

test.each<[string, string]>([
  ["a\\b", "has the character U+005C BACKSLASH; write it as %5C, or remove it"],
  ["a\tb", "has the character U+0009 TAB; write it as %09, or remove it"],
  ["a ", "ends with U+0020 SPACE; write %20 if the name ends with it, or remove it"],
  ["50%-off.png", 'has a "%" in its path that does not begin a percent-encoding; write it as %25'],
  ["%zz", 'has a "%" in its path that does not begin a percent-encoding; write it as %25'],
])("outside Storage, %j is rejected even with a pair of the whole origin", (path, problem) => {
  expect(parseSource(`https://cdn.example/${path}`, origins)).toEqual({
    ok: false,
    problems: [problem],
  });
});

/** Paths that a server may read as a path outside `/pub`. */
test.each([
  "%252e%252e%252fsec%253F%25zz",
  "%252e%252e;%25zz/sec",
  "%252e%252e%25zz/sec",
  "%252e%252e%252fsec%25c0",
  "%25252e%25252e%25252fsec%2525zz",
  "..%3Fx/sec",
  "%2e%2e%23/sec",
  "..%3B/sec",
  "..%C2%A0/sec",
  "..%E3%80%80/sec",
  "%E2%80%A4%E2%80%A4/sec",
  "%EF%BC%8E%EF%BC%8E/sec",
  "%E2%80%A5/sec",
  "..%EF%BC%8Fsec",
  "a%2Fb",
  "50%25-off.png",
  "caf%E9",
  "../sec",
  "%2e%2e/sec",
])("outside Storage, with pairs of folders only, %s is rejected", (path) => {
  expect(parseSource(`https://folders.example/pub/${path}`, origins)).toMatchObject({ ok: false });
});

test.each(["a.png", "a%20b/é", "..a/b..", "a;b=c", "x%2By", "%F0%9F%92%8E"])(
  "outside Storage, with pairs of folders only, %s is a source",
  (path) => {
    expect(parseSource(`https://folders.example/pub/${path}`, origins)).toMatchObject({ ok: true });
  },
);

test.each([
  "https://acct1.blob.core.windows.net/in\\box",
  "https://acct1.blob.core.windows.net/inbox ",
  " https://acct1.blob.core.windows.net/inbox",
  "https://acct1.blob.core.windows.net/in\tbox",
  "https://acct1.blob.core.windows.net/x/../inbox",
  "https://acct1.blob.core.windows.net/inbox/%2e%2e",
  "https://acct1.blob.core.windows.net/inbox/%252e%252e",
  "https://acct1.blob.core.windows.net/inbox?",
  "https://acct1.blob.core.windows.net/inbox#",
  "https://@acct1.blob.core.windows.net/inbox",
  "https:acct1.blob.core.windows.net/inbox",
  "https://acct1.blob.core.windows.net/\ud800",
])(
  "%j is not a valid prefix in COPY_ALLOWED, nor a valid source or destination of a route",
  (url) => {
    const good = "https://acct2.blob.core.windows.net/out";
    const pairs = (from: string, to: string) =>
      parseAllowedPairs(JSON.stringify([{ from, to }]), emulator).problems;
    expect(pairs(url, good)).toHaveLength(1);
    expect(pairs(good, url)).toHaveLength(1);
    const route = (source: string, destination: string) =>
      parseRoutes(JSON.stringify([{ name: "r", source, destination }]), origins).problems;
    expect(route(good, "https://acct3.blob.core.windows.net/out/{path}")).toEqual([]);
    expect(route(url, "https://acct3.blob.core.windows.net/out/{path}")).not.toEqual([]);
    expect(route(good, `${url}/{path}`)).not.toEqual([]);
  },
);

test.each<[string, string]>([
  [
    "https://acct1.blob.core.windows.net/root.txt",
    "names no container; for a blob in the root container, write /$root/root.txt",
  ],
  [
    "https://acct1.blob.core.windows.net/inbox",
    "names a container, not a blob; for a blob in the root container, write /$root/inbox",
  ],
  [
    "https://acct1.blob.core.windows.net/r%C3%A9 1.txt",
    "names no container; for a blob in the root container, write /$root/r%C3%A9%201.txt",
  ],
])("%s is rejected once, with the URL to write instead", (url, problem) => {
  expect(problemsOf(url)).toEqual([problem]);
});

test.each(["/$root/root.txt", "/%24root/root.txt", "/$web/index.html", "/$logs/a"])(
  "the special container in %s is accepted",
  (path) => {
    expect(problemsOf(`https://acct1.blob.core.windows.net${path}`)).toEqual([]);
  },
);

test("the longest texts that a request can have are rejected in linear time", () => {
  const nested = `%${"25".repeat(30_000)}2e`;
  const blanks = " ".repeat(60_000);
  for (const [text, says] of [
    [`${E}/inbox/${nested}`, /1,024/],
    [`${E.replace("10000", "10003")}/share/${nested}`, /2,048/],
    [`https://folders.example/pub/${nested}`, /2,048/],
    [`https://cdn.example/${nested}`, /2,048/],
    [`${E}/inbox/a${blanks}b?${sas}`, /1,024/],
    [`${E}/inbox/${"?".repeat(60_000)}`, /query parameter/],
    [`${E}/inbox/${"\t".repeat(60_000)}`, /TAB/],
  ] as const) {
    const parsed = parseSource(text, origins);
    expect(parsed.ok ? "accepted" : parsed.problems.join()).toMatch(says);
  }
  expect(parseDestination(`${E}/inbox/${nested}`, origins)).toMatchObject({ ok: false });
});
