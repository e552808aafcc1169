import { expect, test } from "vitest";
import { printable } from "../../../src/copy/printable.ts";

test("C0, DEL and C1 are escaped, so that a terminal does not execute them", () => {
  for (let code = 0; code <= 0x9f; code++) {
    const isControl = code < 0x20 || code >= 0x7f;
    const char = String.fromCharCode(code);
    const escaped = `\\u${code.toString(16).padStart(4, "0")}`;
    expect(printable(`a${char}b`)).toBe(isControl ? `a${escaped}b` : `a${char}b`);
  }
});

test.each([
  ["a forged line", "w\n05:00:00.000  FORGED", "w\\u000a05:00:00.000  FORGED"],
  ["a color", "\u001b[31mred", "\\u001b[31mred"],
  ["a terminal's title", "\u001b]0;pwned\u0007", "\\u001b]0;pwned\\u0007"],
  ["an 8-bit escape", "\u009b31m", "\\u009b31m"],
  ["a carriage return", "ok\rERROR", "ok\\u000dERROR"],
  ["line separators of Unicode", "a\u2028b\u2029c", "a\\u2028b\\u2029c"],
  ["text from right to left", "a\u202etxt.exe\u2066", "a\\u202etxt.exe\\u2066"],
  ["marks of a direction", "a\u200fb\u061cc", "a\\u200fb\\u061cc"],
  ["characters without a width", "a\u200bb\u00adc\ufeff", "a\\u200bb\\u00adc\\ufeff"],
  ["marks without a width", "a\u034fb\u17b4c\u180b\ufe0f", "a\\u034fb\\u17b4c\\u180b\\ufe0f"],
  ["letters without a shape", "a\u115fb\u3164c\uffa0\u2800", "a\\u115fb\\u3164c\\uffa0\\u2800"],
  ["marks of annotations and music", "a\ufff9\u{1d173}", "a\\ufff9\\ud834\\udd73"],
  [
    "tags and selectors of variants",
    "a\u{e0001}\u{e0041}\u{e0100}",
    "a\\udb40\\udc01\\udb40\\udc41\\udb40\\udd00",
  ],
  ["an unpaired surrogate", "a\ud834b", "a\\ud834b"],
  ["spaces that look like another one", "a\u00a0b\u2003c\u3000", "a\\u00a0b\\u2003c\\u3000"],
  ["letters, emoji and spaces", "résumé 日本 🎬 a b", "résumé 日本 🎬 a b"],
])("%s", (_, text, expected) => {
  expect(printable(text)).toBe(expected);
});

test("no character that has no shape is left, and JSON keeps its value", () => {
  const shapes = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
  const wrong: string[] = [];
  for (let code = 0; code <= 0x10ffff; code++) {
    const text = String.fromCodePoint(code);
    const shown = printable(text);
    const isRight = shown === text ? shapes.test(text) : JSON.parse(`"${shown}"`) === text;
    if (!isRight) wrong.push(code.toString(16));
  }
  expect(wrong).toEqual([]);
});
