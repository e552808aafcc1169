import type { TokenCredential } from "@azure/identity";
import { StorageSharedKeyCredential } from "@azure/storage-blob";
import type { AnonymousCredential } from "@azure/storage-blob";
import type { Destination } from "../copy/location/endpoint.ts";
import type { Origins } from "../copy/location/parse-endpoint.ts";
import { isOnStorageHost } from "../copy/location/trusted-endpoint.ts";
import { createAppIdentity } from "./app-identity.ts";

/**
 * Returns the same object for each account, so that clients can share their pipelines. Throws `UntrustedHostError`
 * for a host that must not get a credential.
 */
export type CredentialFor = (
  endpoint: Destination,
) => StorageSharedKeyCredential | AnonymousCredential | TokenCredential;

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

/**
 * Returns the app's identity (managed identity, or a developer's login), or the emulators' published key. Returns a
 * credential only for Storage of known clouds and for the emulator. Activities check the host before they call Storage,
 * so an error here is a bug.
 */
export function createCredentialFor(emulator: Origins["emulator"]): CredentialFor {
  let identity: TokenCredential | null = null;
  const keys = new Map<string, StorageSharedKeyCredential>();
  return (endpoint) => {
    if (!isOnStorageHost(endpoint, emulator)) throw new UntrustedHostError();
    if (isIdentified(endpoint)) return (identity ??= createAppIdentity());
    const { account } = endpoint;
    const key = keys.get(account) ?? new StorageSharedKeyCredential(account, emulatorKey);
    keys.set(account, key);
    return key;
  };
}

/** Its message does not contain the host, which may be any string. */
export class UntrustedHostError extends Error {
  override name = "UntrustedHostError" as const;

  constructor() {
    super(
      "Cannot send the app's credential because the host is not a Storage service of a known cloud",
    );
  }
}
