/**
 * The lease id in the form in which the service stores and returns it: lower-case hexadecimal in five groups.
 * Undefined for a text that is not a GUID. The formats are those of .NET's `Guid` constructor (REST page
 * "Lease Blob", `x-ms-proposed-lease-id`): plain, with hyphens, in braces or parentheses, and with `0x`.
 */
export function normalizeLeaseId(text: string): string | undefined {
  const digits = formats
    .map((format) => format.exec(text.trim()))
    .find((match) => match !== null)
    ?.slice(1)
    .filter((group) => group !== undefined) // the alternatives of the format with hyphens that did not match
    .join("");
  if (digits === undefined) return undefined;
  return digits.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const hyphenated = ["8", "4", "4", "4", "12"].map((length) => `([0-9a-f]{${length}})`).join("-");
const bytes = Array.from({ length: 8 }, () => "0x([0-9a-f]{2})").join(",");
const formats = [
  /^([0-9a-f]{32})$/i,
  new RegExp(`^(?:${hyphenated}|\\{${hyphenated}\\}|\\(${hyphenated}\\))$`, "i"),
  new RegExp(`^\\{0x([0-9a-f]{8}),0x([0-9a-f]{4}),0x([0-9a-f]{4}),\\{${bytes}\\}\\}$`, "i"),
];

/** Returns true if two texts are the same GUID. */
export function isSameLeaseId(one: string, other: string): boolean {
  const id = normalizeLeaseId(one);
  return id !== undefined && id === normalizeLeaseId(other);
}
