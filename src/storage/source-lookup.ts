import type { BlobEndpoint } from "../copy/location/endpoint.ts";
import { bareEtag } from "../copy/location/etag.ts";
import type { SourceState } from "../copy/contract/properties.ts";
import { isRefusal } from "./copy-client.ts";
import type { CopyClient } from "./copy-client.ts";

/** Creates the function that reads a blob with the app's identity (Get Blob Properties). */
export function createSourceLookup(
  client: Pick<CopyClient, "readSource">,
): (blob: BlobEndpoint) => Promise<SourceState> {
  return async (blob) => {
    try {
      const side = { endpoint: blob, sas: null };
      const { etag, lastModified } = await client.readSource(side, { sameAccount: true });
      return { kind: "exists", etag: bareEtag(etag), lastModified };
    } catch (error) {
      return { kind: isRefusal(error, ({ status }) => status === 404) ? "absent" : "unknown" };
    }
  };
}
