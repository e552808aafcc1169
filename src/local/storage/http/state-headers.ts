import { httpDate } from "./http-dates.ts";

/** The headers by which a caller knows this state of a blob or container again. */
export function stateHeaders(state: { etag: string; lastModified: number }): {
  ETag: string;
  "Last-Modified": string;
} {
  return { ETag: `"${state.etag}"`, "Last-Modified": httpDate(state.lastModified) };
}
