/**
 * Characters on which terminals and log readers act: C0, DEL and C1 (ESC, line breaks, …), the line separators of
 * Unicode, marks that change the direction of text, and characters without a width, which make two names look equal.
 */
const controls =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** The text with every control character as `\u` and its four hexadecimal digits. */
export function printable(text: string): string {
  return text.replace(controls, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
