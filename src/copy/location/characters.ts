/** Unicode's names of the C0 controls, U+0000 to U+001F. */
const controls =
  "NULL,START OF HEADING,START OF TEXT,END OF TEXT,END OF TRANSMISSION,ENQUIRY,ACKNOWLEDGE,BELL,BACKSPACE,TAB,LINE FEED,LINE TABULATION,FORM FEED,CARRIAGE RETURN,SHIFT OUT,SHIFT IN,DATA LINK ESCAPE,DEVICE CONTROL ONE,DEVICE CONTROL TWO,DEVICE CONTROL THREE,DEVICE CONTROL FOUR,NEGATIVE ACKNOWLEDGE,SYNCHRONOUS IDLE,END OF TRANSMISSION BLOCK,CANCEL,END OF MEDIUM,SUBSTITUTE,ESCAPE,INFORMATION SEPARATOR FOUR,INFORMATION SEPARATOR THREE,INFORMATION SEPARATOR TWO,INFORMATION SEPARATOR ONE".split(
    ",",
  );

const otherNames: ReadonlyMap<number, string> = new Map([
  [0x20, "SPACE"],
  [0x5c, "BACKSLASH"],
  [0x7f, "DELETE"],
]);

/** A character as problems name it, for example `U+0009 TAB`. */
export function characterName(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const number = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  if (code >= 0xd800 && code <= 0xdfff) return `${number}, an unpaired surrogate`;
  const name = controls[code] ?? otherNames.get(code);
  return name === undefined ? number : `${number} ${name}`;
}

/** Returns the problem with a text that contains half of a character; null if there is none. */
export function surrogateProblem(text: string): string | null {
  const [found] = /\p{Surrogate}/u.exec(text) ?? [];
  return found === undefined
    ? null
    : `has the character ${characterName(found)}; remove it, because no name in Storage contains it`;
}

/** The maximum number of characters that get a problem each; a text may have thousands of different ones. */
const maxNamedCharacters = 5;

/**
 * Returns one problem for each of the first few different characters, and one with the number of the others. The
 * sender of an event chooses its characters, and the problems go into logs and notifications.
 */
export function listCharacters(
  characters: readonly string[] | null,
  describe: (character: string) => string,
): string[] {
  const found = [...new Set(characters)];
  const problems = found.slice(0, maxNamedCharacters).map(describe);
  const others = found.length - problems.length;
  if (others === 0) return problems;
  return [...problems, `has ${others} other such ${others === 1 ? "character" : "characters"}`];
}

/** Longer texts are truncated: no name in Storage has more characters, and log lines must stay readable. */
const maxPrintedLength = 2_048;

/** The length of the longest name that DNS allows. */
const maxHostLength = 253;
/** The first label of an account's host has at most 24 characters and "-internetrouting"; a key of Storage has 88. */
const maxLabelLength = 40;

/**
 * A host in quotation marks. Null if it does not have the form of a host: then it may be a SAS whose question mark was
 * lost, or a key that was pasted into a URL. A key is longer than a label, or does not end like a host.
 */
export function quotedHost(host: string): string | null {
  return host === "" || hasHostForm(host) ? `"${host}"` : null;
}

/** Returns true for an address, for "localhost" and for a name with at least two labels, with or without a port. */
function hasHostForm(host: string): boolean {
  const name = host.replace(/:\d{1,5}$/, "").replace(/\.$/, "");
  if (!isHostLike(name) || name.length > maxHostLength) return false;
  if (/^(\d{1,3}\.){3}\d{1,3}$|^\[[0-9a-f:.]{2,45}\]$|^localhost$/i.test(name)) return true;
  const labels = name.split(".");
  const last = labels.at(-1) ?? "";
  return (
    labels.length > 1 &&
    /^(?:[a-z]{2,24}|\d{1,3})$/i.test(last) &&
    labels.every((label) => label !== "" && label.length <= maxLabelLength)
  );
}

/**
 * Returns the text in quotation marks if it looks like a short name; null otherwise, because it may be a pasted secret.
 * Storage keys and SAS signatures end with characters that such names do not contain.
 */
export function quotedName(text: string): string | null {
  return isPlainName(text) ? `"${text}"` : null;
}

/** Returns a name for the text of a problem: unchanged if it looks like a short name. */
export function shownName(text: string): string {
  return isPlainName(text) ? text : "(name not shown)";
}

/** The maximum length is that of a route's name. */
function isPlainName(text: string): boolean {
  return /^[\w-]{1,64}$/.test(text);
}

/** Returns true if the text consists of characters that a host can contain: a DNS name or an address, with a port. */
export function isHostLike(host: string): boolean {
  return /^[a-z0-9.:[\]-]+$/i.test(host);
}

/**
 * A text for one line of a log or a message. Controls, unpaired surrogates, invisible characters and line
 * separators are written as `\u{9}`, and a backslash as `\\`, so that different texts stay different.
 */
export function printable(text: string): string {
  const escaped = text
    .slice(0, maxPrintedLength)
    .replace(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\\]/gu, (character) =>
      character === "\\" ? "\\\\" : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
    );
  return text.length > maxPrintedLength ? `${escaped}…` : escaped;
}
