import type { ContentHeaders } from "../store/blob-rows.ts";

/** Content properties and their response headers. A write sets them with the prefix `x-ms-blob-` (files: `x-ms-`). */
export const contentHeaderNames = [
  ["contentType", "content-type"],
  ["contentEncoding", "content-encoding"],
  ["contentLanguage", "content-language"],
  ["contentDisposition", "content-disposition"],
  ["cacheControl", "cache-control"],
  ["contentMD5", "content-md5"],
] as const satisfies readonly (readonly [keyof ContentHeaders, string])[];

/** The content headers of a read: `Content-Type`, `Content-Encoding` and so on. */
export function contentHeaders(properties: ContentHeaders): Record<string, string | undefined> {
  return Object.fromEntries(
    contentHeaderNames.map(([property, header]) => [canonicalName(header), properties[property]]),
  );
}

/** content-md5 → Content-MD5. One spelling, because a later header must replace an earlier one. */
function canonicalName(header: string): string {
  return header.replace(
    /(^|-)(md5$|[a-z])/g,
    (_, dash: string, start: string) => `${dash}${start.toUpperCase()}`,
  );
}
