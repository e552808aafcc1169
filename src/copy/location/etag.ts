/**
 * The ETag itself: they come with quotes and without ("Azure Blob Storage as an Event Grid source" has
 * both), so this is how they are compared.
 */
export function bareEtag(etag: string): string {
  return etag.replace(/^W\/|"/g, "");
}
