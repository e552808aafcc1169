/*
 * Names of blobs and files come from strangers. The page shows each of their characters in order, and marks those
 * that a reader could not see or would mistake for others.
 */

/**
 * A part of a name.
 * - `plain`: shown as it is;
 * - `rtl`: letters that are written from right to left, isolated from the text around them;
 * - `alike`: a character that looks like another one, shown with a mark;
 * - `escaped`: a character without a shape, shown as its code.
 */
export type NamePart = { kind: "plain" | "rtl" | "alike" | "escaped"; text: string };

/** Most names: printable ASCII without a slash or a backslash, and with single spaces inside. */
const ordinary = /^[!-.0-[\]-~]+(?: [!-.0-[\]-~]+)*$/;
/** Control and format characters, including those of bidirectional text; unassigned and private ones; lone surrogates. */
const shapeless = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;
/** Spaces that are not U+0020. */
const otherSpace = /(?! )\p{Zs}/u;
/** Slashes that separate nothing, and the backslash, with which escapes begin. */
const slash = /[/\\\u2044\u2215\u29f8\uff0f\u2571\ufe68\uff3c\u29f5\u2216]/u;
const combining = /\p{M}/u;
/** The blocks of Hebrew, Arabic and the other scripts that are written from right to left. */
const rtlLetters =
  /^[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const words = /[\p{L}\p{M}\p{N}]+/gu;
const latin = /\p{Script=Latin}/u;
/** Scripts with letters that look like Latin ones. */
const cousins =
  /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}\p{Script=Lisu}]/u;
/** Letters of Cyrillic and Greek that have the shape of a Latin one. */
const twins = /^[авекмнорстухіјѕһԁԛԝҮүӏьАВЕКМНОРСТУХІЈЅҺԚԜӀЬαικνορτυχγΑΒΕΖΗΙΚΜΝΟΡΤΥΧϲϳ]+$/u;

/** A text: a segment of a name, in which a slash separates nothing, or a sentence, in which it may. */
type TextKind = "segment" | "sentence";

/** Splits a text into parts, whose texts are what the page shows. Two different segments never have the same parts. */
export function nameParts(name: string, of: TextKind = "segment"): NamePart[] {
  if (ordinary.test(name)) return [{ kind: "plain", text: name }];
  const suspicious = findAlike(name);
  const isComposed = name.normalize("NFC") === name;
  const parts: NamePart[] = [];
  let index = 0;
  for (const char of name) {
    const at = index;
    index += char.length;
    const isText = of === "sentence" && (char === "/" || char === " ");
    const kind = isText ? "plain" : classify(char, at, { name, isComposed, suspicious });
    const text = kind === "escaped" ? escapeChar(char) : char;
    const last = parts.at(-1);
    // Combining marks stay with their letter.
    const continues = combining.test(char) && (last?.kind === "rtl" || last?.kind === "alike");
    if (last !== undefined && (last.kind === kind || (kind === "plain" && continues))) {
      last.text += text;
    } else parts.push({ kind, text });
  }
  return parts;
}

/**
 * Returns the name as one text for labels, which cannot contain marks: characters that look like others are also
 * escaped.
 */
export function plainName(name: string): string {
  return nameParts(name)
    .map(({ kind, text }) => (kind === "alike" ? Array.from(text, escapeChar).join("") : text))
    .join("");
}

function classify(
  char: string,
  at: number,
  context: { name: string; isComposed: boolean; suspicious: ReadonlySet<number> },
): NamePart["kind"] {
  const { name, isComposed, suspicious } = context;
  if (shapeless.test(char) || otherSpace.test(char) || slash.test(char)) return "escaped";
  if (char === " ") {
    const isAtEnd = at === 0 || at === name.length - 1;
    return isAtEnd || name[at - 1] === " " ? "escaped" : "plain";
  }
  // "é" can be one character or two: the second way shows the accent.
  if (combining.test(char) && (!isComposed || at === 0)) return "escaped";
  if (suspicious.has(at)) return "alike";
  return rtlLetters.test(char) ? "rtl" : "plain";
}

/** Returns the positions of characters that can be mistaken for others. */
function findAlike(name: string): ReadonlySet<number> {
  const found = new Set<number>();
  for (const { 0: word, index } of name.matchAll(words)) {
    const isMixed = latin.test(word) && cousins.test(word);
    if (!isMixed && !twins.test(word)) continue;
    let at = index;
    for (const char of word) {
      if (cousins.test(char)) found.add(at);
      at += char.length;
    }
  }
  let at = 0;
  for (const char of name) {
    // Full-width letters, ligatures, letters of mathematics: Unicode defines the ASCII characters that they stand for.
    const folded = char.normalize("NFKC");
    if (folded !== char && /^[!-~]+$/.test(folded)) found.add(at);
    if (/(?![0-9])\p{Nd}/u.test(char)) found.add(at);
    at += char.length;
  }
  return found;
}

function escapeChar(char: string): string {
  if (char === "\\") return "\\\\";
  if (char === "/") return "%2F";
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`;
}
