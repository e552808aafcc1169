import { createBlobCopyClient } from "./blob-copy-client.ts";
import type { CopyClient, Side } from "./copy-client.ts";
import type { CredentialFor } from "./credentials.ts";
import { createFileCopyClient } from "./file-copy-client.ts";

/**
 * Each call goes to the service that holds what it is about: reads of a source to the source's, all
 * others to the destination's. What only blobs have is only asked of blobs ("copy/request/option-rules.ts").
 */
export function createCopyClient(credentialFor: CredentialFor): CopyClient {
  const blobs = createBlobCopyClient(credentialFor);
  const files = createFileCopyClient(credentialFor);
  const of = ({ endpoint }: Side) => (endpoint.service === "file" ? files : blobs);
  return {
    ...blobs,
    readSource: (source, options) => of(source).readSource(source, options),
    readDestination: (destination, options) =>
      of(destination).readDestination(destination, options),
    start: (order) => of(order.destination).start(order),
    abort: (destination, copyId) => of(destination).abort(destination, copyId),
    remove: (destination, etag) => of(destination).remove(destination, etag),
  };
}
