import { expect, test } from "vitest";
import { printable } from "../../../src/copy/printable.ts";

test("C0, DEL and C1 are escaped, whatever they would do to a terminal", () => {
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
  ["letters, emoji and spaces", "résumé 日本 🎬 a b", "résumé 日本 🎬 a b"],
])("%s", (_, text, expected) => {
  expect(printable(text)).toBe(expected);
});
