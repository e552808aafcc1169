/**
 * Characters on which terminals and log readers act, or with which two different names look equal: controls (ESC, line
 * breaks, …) and format characters, among them those that change the direction of text; unassigned and private ones;
 * unpaired surrogates; the line separators of Unicode; characters without a width (`Default_Ignorable_Code_Point`);
 * spaces other than U+0020, and U+2800, which has no dots.
 */
const invisible = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;

/** The text with each such character as `\u` and four hexadecimal digits, twice for one above U+FFFF, as in JSON. */
export function printable(text: string): string {
  return text.replace(invisible, (character) =>
    character.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
}
