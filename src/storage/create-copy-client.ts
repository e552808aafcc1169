import { createBlobCopyClient } from "./blob-copy-client.ts";
import type { CopyClient, Side } from "./copy-client.ts";
import type { CredentialFor } from "./credentials.ts";
import { createFileCopyClient } from "./file-copy-client.ts";

/**
 * Creates a client that sends each call to the service of the endpoint: reads of the source to the source's service,
 * all others to the destination's. Leases, snapshots and tags are only requested for blobs
 * ("copy/request/option-rules.ts").
 */
export function createCopyClient(credentialFor: CredentialFor): CopyClient {
  const blobs = createBlobCopyClient(credentialFor);
  const files = createFileCopyClient(credentialFor);
  const clientFor = ({ endpoint }: Side) => (endpoint.service === "file" ? files : blobs);
  return {
    ...blobs,
    readSource: (source, options) => clientFor(source).readSource(source, options),
    readDestination: (destination, options) =>
      clientFor(destination).readDestination(destination, options),
    start: (order) => clientFor(order.destination).start(order),
    abort: (destination, copyId) => clientFor(destination).abort(destination, copyId),
    remove: (destination, etag) => clientFor(destination).remove(destination, etag),
  };
}
