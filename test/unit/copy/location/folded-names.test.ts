import { expect, test } from "vitest";
import { identityOf, lockIdentityOf } from "../../../../src/copy/location/endpoint.ts";
import type { FileEndpoint } from "../../../../src/copy/location/endpoint.ts";

/* Names that Windows reads as one file have one lock. */

const file = (path: string): FileEndpoint => ({
  service: "file",
  origin: "https://acct1.file.core.windows.net",
  account: "acct1",
  secondary: false,
  emulated: false,
  share: "share",
  path,
});
const areOne = (a: string, b: string) =>
  identityOf(file(a)) === identityOf(file(b)) &&
  lockIdentityOf(file(a)) === lockIdentityOf(file(b));

/** Unicode: the letters whose capital has an adscript iota, in lower and upper case, each of one character. */
const withIota = [
  ...[0x1f80, 0x1f90, 0x1fa0].flatMap((first) =>
    Array.from({ length: 8 }, (_, index) => [first + index, first + index + 8] as const),
  ),
  [0x1fb3, 0x1fbc] as const,
  [0x1fc3, 0x1fcc] as const,
  [0x1ff3, 0x1ffc] as const,
].map(([small, capital]) => [String.fromCodePoint(small), String.fromCodePoint(capital)] as const);

test.each(withIota)("%s and %s are one name", (small, capital) => {
  expect(areOne(`a/${small}.txt`, `A/${capital}.TXT`)).toBe(true);
});

test("a letter, its lower case and its single-letter upper case are one name", () => {
  const apart: string[] = [];
  for (let code = 0; code <= 0x10_ffff; code++) {
    const letter = String.fromCodePoint(code);
    const capital = letter.toUpperCase();
    if (capital === letter && letter.toLowerCase() === letter) continue;
    if (capital.length === letter.length && !areOne(letter, capital)) apart.push(letter);
    const small = letter.toLowerCase();
    // Windows treats a lower-case letter as the same only if its capital is this letter, unlike "K" (Kelvin) and "k".
    const isPair = capital.length > letter.length || small.toUpperCase() === letter;
    if (small.length === letter.length && isPair && !areOne(letter, small)) apart.push(letter);
  }
  expect(apart).toEqual([]);
});

test.each([
  ["straße", "STRASSE"],
  ["straße", "strasse"],
  ["ŉ", "ʼN"],
  ["ﬁ", "FI"],
  ["ᾀ", "ἈΙ"],
  ["ᾀ", "ᾁ"],
  ["é", "e\u0301"],
])("%s and %s are two names", (one, other) => {
  expect(areOne(one, other)).toBe(false);
});
