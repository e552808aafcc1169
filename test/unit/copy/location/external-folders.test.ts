import { expect, test } from "vitest";
import { parseSource } from "../../../../src/copy/location/parse-endpoint.ts";
import {
  externalOrigins,
  isAllowed,
  parseAllowedPairs,
  wholeExternalOrigins,
} from "../../../../src/copy/request/access-policy.ts";
import type { BlobEndpoint } from "../../../../src/copy/location/endpoint.ts";

/* Outside Storage, a path in a folder must not lead out of it, however leniently its server reads the path. */

const emulator = { blob: null, file: null };
const destination: BlobEndpoint = {
  service: "blob",
  origin: "https://acct1.blob.core.windows.net",
  account: "acct1",
  secondary: false,
  emulated: false,
  container: "out",
  path: "x",
};

const originsOf = (...from: string[]) => {
  const to = "https://acct1.blob.core.windows.net/out";
  const list = JSON.stringify(from.map((each) => ({ from: each, to })));
  const { pairs, problems } = parseAllowedPairs(list, emulator);
  expect(problems).toEqual([]);
  const external = externalOrigins(pairs);
  return { pairs, origins: { emulator, external, wholeExternal: wholeExternalOrigins(pairs) } };
};

const ignorable =
  "\u00ad \u034f \u061c \u115f \u180e \u200b \u200c \u200d \u200e \u202e \u2060 \u2063 \u2066 \ufe0f \ufeff \u{e0001} \u{e0100}";
const spaces = ["\u00a0", "\u1680", "\u2003", "\u2009", "\u202f", "\u3000"];
const slashes = Array.from(
  "\u2215\u2044\u2216\u2571\u2572\u29f5\u29f8\u29f9\u00a5\u20a9\uff0f\uff3c\ufe68",
);

const escapes = [
  ...ignorable.split(" ").flatMap((mark) => [`.${mark}./sec`, `${mark}../sec`, `..${mark}/sec`]),
  ...spaces.flatMap((space) => [`..${space}/sec`, `.${space}./sec`, `${space}../sec`]),
  ...slashes.flatMap((slash) => [
    `..${slash}sec`,
    `a${slash}..${slash}..${slash}sec`,
    `x${slash}..`,
  ]),
  "..+/sec",
  "+../sec",
  ".+./sec",
  ".+/sec",
  "..%20./sec",
  "..%20/sec",
  "%20../sec",
  "..%09/sec",
  "%E2%80%8B../sec",
  ".%E2%80%8B./sec",
  ".%C2%AD./sec",
  ".%25E2%2580%258B./sec",
  "..%E2%88%95sec",
  "..%25E2%2588%2595sec",
  "..%2B/sec",
  "..%3Bx/sec",
  "..%3Fx/sec",
  "..%23x/sec",
  "..::$INDEX_ALLOCATION/sec",
  "..%3A/sec",
  ".../sec",
  "..../sec",
  "\u3002\u3002/sec",
  "\uff61\uff61/sec",
  "\u2024\u2024/sec",
  "\u2025/sec",
  "\uff0e\uff0e/sec",
  ".\u0338./sec",
];

test.each(escapes)("https://cdn.example/pub/%s is rejected", (path) => {
  for (const written of [path, path.split("/").map(encodeURI).join("/")]) {
    const folder = originsOf("https://cdn.example/pub");
    expect(parseSource(`https://cdn.example/pub/${written}`, folder.origins)).toMatchObject({
      ok: false,
    });
    // Even if another pair has the whole origin, the pair of the folder does not contain the path.
    const both = originsOf("https://cdn.example/pub", "https://cdn.example");
    const parsed = parseSource(`https://cdn.example/pub/${written}`, both.origins);
    if (!parsed.ok) continue;
    const pairs = both.pairs.filter(({ from }) => from.segments.length > 0);
    expect(isAllowed(pairs, { source: parsed.endpoint, destination })).toBe(false);
  }
});

test.each([
  "a.png",
  "a b.png",
  "..a/b..",
  ".hidden",
  "a..b",
  "a+b",
  "C++/a",
  "100%C2%A5",
  "1\u20442.png",
  "a\u2215b",
  "e\u0301te\u0301.png",
  "\u{1f469}\u200d\u{1f680}.png",
  "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.txt",
  "a;b=c",
  "12:30.txt",
  "\u3042\u3002txt",
])("https://cdn.example/pub/%s is a source in the folder", (path) => {
  const { pairs, origins } = originsOf("https://cdn.example/pub");
  const parsed = parseSource(`https://cdn.example/pub/${path}`, origins);
  if (!parsed.ok) throw new Error(parsed.problems.join());
  expect(isAllowed(pairs, { source: parsed.endpoint, destination })).toBe(true);
});
