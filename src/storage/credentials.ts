import { DefaultAzureCredential } from "@azure/identity";
import { StorageSharedKeyCredential } from "@azure/storage-blob";
import type { AnonymousCredential } from "@azure/storage-blob";
import type { Destination } from "../copy/location/endpoint.ts";

export type CredentialFor = (
  endpoint: Destination,
) => StorageSharedKeyCredential | AnonymousCredential | DefaultAzureCredential;

/** The emulators' key for every account. It is published ("Use the Azurite emulator"), so no secret. */
const emulatorKey =
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/**
 * Whether calls to it are made with the app's identity. Tokens go over https alone, so an emulator that is
 * spoken to in plain http is given the known key.
 */
export function isIdentified({ origin }: Destination): boolean {
  return origin.startsWith("https:");
}

/** The app's identity (managed identity, or a developer's login), or the emulators' known key. */
export function createCredentialFor(): CredentialFor {
  let identity: DefaultAzureCredential | null = null;
  return (endpoint) =>
    isIdentified(endpoint)
      ? (identity ??= new DefaultAzureCredential())
      : new StorageSharedKeyCredential(endpoint.account, emulatorKey);
}
