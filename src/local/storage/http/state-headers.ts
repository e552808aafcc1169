import { httpDate } from "./http-dates.ts";

/** `ETag` and `Last-Modified` of a blob, container, file, directory or share. */
export function stateHeaders(state: { etag: string; lastModified: number }): {
  ETag: string;
  "Last-Modified": string;
} {
  return { ETag: `"${state.etag}"`, "Last-Modified": httpDate(state.lastModified) };
}
