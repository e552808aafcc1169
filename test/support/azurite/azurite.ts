import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { accounts } from "../../../src/local/storage/auth/accounts.ts";
import { startAzuriteService } from "./azurite-service.ts";

/** Azurite's Blob service in this process, with the emulator's accounts, in memory. */
export type Azurite = { services: BlobServiceClient[]; close(): Promise<void> };

export async function startAzurite(): Promise<Azurite> {
  const azurite = await startAzuriteService("Blob");
  return {
    services: accounts.map(
      ({ name, key }) =>
        new BlobServiceClient(
          `${azurite.getHttpServerAddress()}/${name}`,
          new StorageSharedKeyCredential(name, key),
          { retryOptions: { maxTries: 1 } },
        ),
    ),
    async close() {
      await azurite.close();
      await azurite.clean();
    },
  };
}
