import type { TokenCredential } from "@azure/identity";
import {
  FileSASPermissions,
  generateFileSASQueryParameters,
  newPipeline,
  ShareServiceClient,
} from "@azure/storage-file-share";
import type { AnonymousCredential, StorageSharedKeyCredential } from "@azure/storage-file-share";
import type { SASProtocol, UserDelegationKey } from "@azure/storage-blob";
import type { FileEndpoint } from "../copy/location/endpoint.ts";
import { copyTarget, observed, pipeline } from "./pipeline.ts";

/** The first version of Azure Files with user delegation SAS tokens; it has no `scid`. */
const fileVersion = "2025-07-05";

type Credential = StorageSharedKeyCredential | AnonymousCredential | TokenCredential;

/** Reads a user delegation key of an account's Files service. */
export async function readKey(
  source: FileEndpoint,
  {
    url,
    credential,
    startsOn,
    expiresOn,
  }: { url: string; credential: Credential; startsOn: Date; expiresOn: Date },
): Promise<UserDelegationKey> {
  const calls = observed(newPipeline(credential, pipeline), copyTarget(source));
  const client = new ShareServiceClient(url, calls, { fileRequestIntent: "backup" });
  return await client.getUserDelegationKey(startsOn, expiresOn);
}

/** Signs a read-only SAS for one file. It also covers the file in the share's snapshots: only the URL selects one. */
export function signFile(
  source: FileEndpoint,
  terms: { startsOn: Date; expiresOn: Date; protocol: SASProtocol },
  key: UserDelegationKey,
) {
  return generateFileSASQueryParameters(
    {
      shareName: source.share,
      filePath: source.path,
      permissions: FileSASPermissions.parse("r"),
      ...terms,
      version: fileVersion,
    },
    key,
    source.account,
  );
}
