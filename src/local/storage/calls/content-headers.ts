import type { ContentHeaders } from "../store/blob-rows.ts";

/** Properties of a blob and the header each is told in; `x-ms-blob-` before it sets it. */
export const contentHeaderNames = [
  ["contentType", "content-type"],
  ["contentEncoding", "content-encoding"],
  ["contentLanguage", "content-language"],
  ["contentDisposition", "content-disposition"],
  ["cacheControl", "cache-control"],
  ["contentMD5", "content-md5"],
] as const satisfies readonly (readonly [keyof ContentHeaders, string])[];

/** `Content-Type` and its kin, as reads tell them. */
export function contentHeaders(properties: ContentHeaders): Record<string, string | undefined> {
  return Object.fromEntries(
    contentHeaderNames.map(([property, header]) => [canonicalName(header), properties[property]]),
  );
}

/** content-md5 → Content-MD5: one spelling, so that a later header replaces an earlier one. */
function canonicalName(header: string): string {
  return header.replace(
    /(^|-)(md5$|[a-z])/g,
    (_, dash: string, start: string) => `${dash}${start.toUpperCase()}`,
  );
}
