import { z } from "zod";

/**
 * The ETag without quotes, for comparison: services write ETags with and without them ("Azure Blob Storage
 * as an Event Grid source" shows both).
 */
export function bareEtag(etag: string): string {
  return etag.replace(/^W\/|"/g, "");
}

/**
 * An ETag in the form of a header. Storage's ETags have 19 characters, including the quotes. The length is limited
 * because copies and locks store ETags.
 */
export const etagShape = z.string().regex(/^[\x20-\x7e]{0,256}$/);
