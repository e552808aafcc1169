import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { printable } from "../../../src/copy/printable.ts";
import { formatWord } from "../../../src/dashboard/page/text/format.ts";
import { nameParts, plainName } from "../../../src/dashboard/page/text/names.ts";
import { plainFileName, plainUrl, urlParts } from "../../../src/dashboard/page/text/urls.ts";

/* test/browser/hostile-names.test.ts shows the same in a browser. */

const shown = (name: string) =>
  nameParts(name)
    .map(({ kind, text }) => (kind === "alike" ? `[${text}]` : text))
    .join("");

test.each([
  ["a plain name", "film 2026-11.mp4", "film 2026-11.mp4"],
  ["a right-to-left override", "photo\u202egpj.exe", "photo\\u202egpj.exe"],
  ["a zero-width space", "a\u200bb", "a\\u200bb"],
  ["a control character", "a\u0085b\u0007", "a\\u0085b\\u0007"],
  ["a character that Unicode does not assign", "a\u0378b", "a\\u0378b"],
  ["a character of private use", "a\ue000b", "a\\ue000b"],
  ["a lone surrogate", "a\ud800b", "a\\ud800b"],
  ["a tag character", "a\u{e0041}", "a\\u{e0041}"],
  ["a variation selector", "a\ufe0f", "a\\ufe0f"],
  ["fillers without a shape", "\u3164\u115f\u2800", "\\u3164\\u115f\\u2800"],
  ["a space that is not U+0020", "a\u3000b\u00a0c", "a\\u3000b\\u00a0c"],
  ["spaces at the ends", " a ", "\\u0020a\\u0020"],
  ["two spaces", "a  b", "a \\u0020b"],
  ["a backslash, with which escapes begin", "a\\u202eb", "a\\\\u202eb"],
  ["slashes that separate nothing", "a/b\u2215c\uff0fd", "a%2Fb\\u2215c\\uff0fd"],
  ["a Cyrillic letter in a Latin word", "p\u0430ypal", "p[\u0430]ypal"],
  [
    "a word of Cyrillic letters that all look Latin",
    "\u0441\u043e\u0440\u0443",
    "[\u0441\u043e\u0440\u0443]",
  ],
  [
    "a Russian word",
    "\u043f\u0440\u0438\u0432\u0435\u0442",
    "\u043f\u0440\u0438\u0432\u0435\u0442",
  ],
  ["a Greek letter in a Latin word", "g\u03bfogle", "g[\u03bf]ogle"],
  ["full-width letters", "\uff46ilm", "[\uff46]ilm"],
  ["a ligature", "\ufb01lm", "[\ufb01]lm"],
  ["digits of another script", "\u0661\u0662", "[\u0661\u0662]"],
  ["a composed accent", "caf\u00e9", "caf\u00e9"],
  ["a combining accent that could be composed", "cafe\u0301", "cafe\\u0301"],
  ["a combining accent that cannot be composed", "x\u0301", "x\u0301"],
  ["a combining accent without a letter", "\u0301a", "\\u0301a"],
  ["Japanese", "\u65e5\u672c\u8a9e.txt", "\u65e5\u672c\u8a9e.txt"],
])("%s is shown as it is", (_, name, expected) => {
  expect(shown(name)).toBe(expected);
});

test("every character that the app and the command line escape is escaped on the page too", () => {
  const missed: string[] = [];
  let escaped = 0;
  for (let code = 0; code <= 0x10ffff; code++) {
    const char = String.fromCodePoint(code);
    if (printable(char) === char) continue;
    escaped++;
    for (const of of ["segment", "sentence"] as const) {
      const [, part] = nameParts(`a${char}b`, of);
      if (part?.kind !== "escaped") missed.push(`${of} U+${code.toString(16)}`);
    }
  }
  expect(missed).toEqual([]);
  expect(escaped).toBeGreaterThan(90);
});

test.each([
  0x34f, 0x115f, 0x17b4, 0x180b, 0x3164, 0xfe0f, 0xffa0, 0xfff9, 0x1d173, 0xe0001, 0xe0100,
])("the character %i, which has no shape, is escaped in names, sentences and words", (code) => {
  const char = String.fromCodePoint(code);
  const hex =
    code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
  const text = (of: "segment" | "sentence") =>
    nameParts(`a${char}b`, of)
      .map((part) => part.text)
      .join("");
  expect(text("segment")).toBe(`a${hex}b`);
  expect(text("sentence")).toBe(`a${hex}b`);
  expect(formatWord(`failed${char}-so`)).toBe(`Failed${hex} so`);
});

test("letters from right to left are apart from what surrounds them", () => {
  expect(nameParts("a\u05d0\u05d1 1\u05d2.txt")).toEqual([
    { kind: "plain", text: "a" },
    { kind: "rtl", text: "\u05d0\u05d1" },
    { kind: "plain", text: " 1" },
    { kind: "rtl", text: "\u05d2" },
    { kind: "plain", text: ".txt" },
  ]);
});

test("a sentence keeps its slashes and spaces, and loses nothing else", () => {
  const parts = nameParts("Cannot read https://a/b\u202e: it  ended ", "sentence");
  expect(parts.map(({ text }) => text).join("")).toBe("Cannot read https://a/b\\u202e: it  ended ");
});

const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      ..."a \\ u 2 0 e I / 1 x X".split(" "),
      " ",
      "\u202e",
      "\u200b",
      "\u0430",
      "\u0301",
      "\u00e9",
      "\uff41",
    ),
    fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
  ),
  maxLength: 12,
});

describe("for all names", () => {
  test("two different ones look different", () => {
    fc.assert(
      fc.property(nasty, nasty, (one, other) => {
        fc.pre(one !== other);
        expect(shown(one)).not.toBe(shown(other));
      }),
    );
  });

  test("labels have only characters with a shape, none of which looks like another", () => {
    fc.assert(
      fc.property(nasty, (name) => {
        expect(plainName(name)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\u2800]|(?! )\p{Zs}/u);
        expect(nameParts(plainName(name)).map(({ kind }) => kind)).not.toContain("alike");
      }),
    );
  });
});

test("a URL is split as it is written, and each segment is decoded once", () => {
  const url =
    "https://acct1.blob.core.windows.net/inbox/a%2Fb/%2541%20c/%E0%A4/%25zz?snapshot=2026";
  expect(urlParts(url)).toEqual({
    scheme: "https://",
    host: "acct1.blob.core.windows.net",
    segments: ["inbox", "a/b", "%41 c", "%E0%A4", "%zz"],
    query: "?snapshot=2026",
  });
  expect(plainFileName("https://acct1/inbox/%E2%80%AEa.txt")).toBe("\\u202ea.txt");
  expect(plainUrl("https://acct1/inbox/%E2%80%AEa.txt")).toBe("https://acct1/inbox/\\u202ea.txt");
});
