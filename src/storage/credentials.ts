import { DefaultAzureCredential } from "@azure/identity";
import { StorageSharedKeyCredential } from "@azure/storage-blob";
import type { AnonymousCredential } from "@azure/storage-blob";
import type { Destination } from "../copy/location/endpoint.ts";

export type CredentialFor = (
  endpoint: Destination,
) => StorageSharedKeyCredential | AnonymousCredential | DefaultAzureCredential;

/** The emulators' key for every account. It is published ("Use the Azurite emulator") and therefore not secret. */
const emulatorKey =
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/**
 * Returns true if calls to the endpoint use the app's identity. Tokens are sent over https only; calls to an emulator
 * over plain http use the published key.
 */
export function isIdentified({ origin }: Destination): boolean {
  return origin.startsWith("https:");
}

/** Returns the app's identity (managed identity, or a developer's login), or the emulators' published key. */
export function createCredentialFor(): CredentialFor {
  let identity: DefaultAzureCredential | null = null;
  return (endpoint) =>
    isIdentified(endpoint)
      ? (identity ??= new DefaultAzureCredential())
      : new StorageSharedKeyCredential(endpoint.account, emulatorKey);
}
