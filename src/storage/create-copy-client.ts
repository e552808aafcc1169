import { createBlobCopyClient } from "./blob-copy-client.ts";
import type { CopyClient, Side } from "./copy-client.ts";
import type { CredentialFor } from "./credentials.ts";

/**
 * Creates a client that sends each call to the service of the endpoint: reads of the source to the source's service,
 * all others to the destination's. Leases, snapshots and tags are only requested for blobs
 * ("copy/request/option-rules.ts"). The SDK for files is loaded with the first call that needs it.
 */
export function createCopyClient(credentialFor: CredentialFor): CopyClient {
  const blobs = createBlobCopyClient(credentialFor);
  const loadFiles = async () => {
    const { createFileCopyClient } = await import("./file-copy-client.ts");
    return createFileCopyClient(credentialFor);
  };
  let files: ReturnType<typeof loadFiles> | null = null;
  const clientFor = async ({ endpoint }: Side) =>
    endpoint.service === "file" ? await (files ??= loadFiles()) : blobs;
  return {
    ...blobs,
    readSource: async (source, options) => (await clientFor(source)).readSource(source, options),
    readDestination: async (destination, options) =>
      (await clientFor(destination)).readDestination(destination, options),
    start: async (order) => (await clientFor(order.destination)).start(order),
    abort: async (destination, copyId) => (await clientFor(destination)).abort(destination, copyId),
    remove: async (destination, etag) => (await clientFor(destination)).remove(destination, etag),
  };
}
