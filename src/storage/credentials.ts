import { DefaultAzureCredential } from "@azure/identity";
import { StorageSharedKeyCredential } from "@azure/storage-blob";
import type { AnonymousCredential } from "@azure/storage-blob";
import type { Destination } from "../copy/endpoint.ts";

export type CredentialFor = (
  endpoint: Destination,
) => StorageSharedKeyCredential | AnonymousCredential | DefaultAzureCredential;

/** The emulators' key for every account. It is published ("Use the Azurite emulator"), so no secret. */
const emulatorKey =
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/** The app's identity in Azure (managed identity, or a developer's login); the known key on an emulator. */
export function createCredentialFor(): CredentialFor {
  let identity: DefaultAzureCredential | null = null;
  return (endpoint) =>
    endpoint.emulated
      ? new StorageSharedKeyCredential(endpoint.account, emulatorKey)
      : (identity ??= new DefaultAzureCredential());
}
