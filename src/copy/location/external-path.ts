import { maxCopySourceLength } from "./endpoint.ts";
import { decodePercent } from "./storage-names.ts";

/** Characters that no URL contains ("URL Standard", path percent-encode set). */
const unwritable = /[^!-~]|["<>`{}]/gu;

/** A path outside Storage as it is sent: every character stays as it was written, or is encoded. */
export function encodeExternalPath(path: string): string {
  return path.replace(unwritable, encodeURIComponent);
}

/** Problems of any path outside Storage. */
export function externalPathProblems(path: string): string[] {
  return /%(?![0-9a-f]{2})/i.test(path)
    ? ['has a "%" in its path that does not begin a percent-encoding; write it as %25']
    : [];
}

/**
 * Problems of a path that must stay in a folder. Servers outside Storage may decode it several times, trim it and
 * normalize its letters before they interpret it, so none of these readings may have a slash or a dot segment. A
 * reading that a strict decoder rejects is rejected, because a lenient one would continue.
 */
export function escapingPathProblems(path: string): string[] {
  // Repeated decoding takes quadratic time.
  if (path.length > maxCopySourceLength) return ["has a path of more than 2,048 characters"];
  const readings = path.split("/").map(decodings);
  if (readings.includes(null)) {
    return ['has a "%" in its path that is not a valid percent-encoding once the path is decoded'];
  }
  return readings.flat().some((part) => part !== null && isAmbiguous(part))
    ? ["has an encoded slash, a backslash, a control character or a dot segment in its path"]
    : [];
}

/** The results of decoding a part until it no longer changes; null where one of them cannot be decoded. */
function decodings(part: string): string[] | null {
  const readings: string[] = [];
  for (let reading: string | null = part; ;) {
    const next: string | null = decodePercent(reading);
    if (next === null) return null;
    readings.push(next);
    if (next === reading) return readings;
    reading = next;
  }
}

/** A server may also read wide letters as plain ones (NFKC). */
function isAmbiguous(part: string): boolean {
  return [part, part.normalize("NFKC")].some(
    (reading) => /[/\\\u0000-\u001f\u007f]/.test(reading) || hasDots(reading),
  );
}

/** Letters that old character sets replace with a slash or a backslash ("best fit"), or that look like one. */
const slashLike =
  /[/\\\u00a5\u20a9\u2044\u2215\u2216\u2571\u2572\u27cb\u27cd\u29f5\u29f6\u29f8\u29f9\u{1f67c}\u{1f67d}]/u;

/**
 * Characters that a server may drop: invisible marks, format characters, spaces, and the plus sign, which is a space in
 * forms.
 */
const dropped = /[\p{Default_Ignorable_Code_Point}\p{C}\p{M}\p{Z}\s+]/gu;

/**
 * Returns true if a server may read the text as a dot segment: it may end a segment at "?", "#", ";" or ":", and remove
 * dots from its end.
 */
function hasDots(text: string): boolean {
  return text
    .replace(dropped, "")
    .split(slashLike)
    .some((segment) => /^[.\u3002]+([?#;:]|$)/.test(segment));
}
