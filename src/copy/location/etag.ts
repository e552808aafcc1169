/**
 * The ETag without quotes, for comparison: services write ETags with and without them ("Azure Blob Storage
 * as an Event Grid source" has both).
 */
export function bareEtag(etag: string): string {
  return etag.replace(/^W\/|"/g, "");
}
