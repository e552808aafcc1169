import { createRequire } from "node:module";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { accounts } from "../../../src/local/storage/auth/accounts.ts";

/** Azurite has neither types nor a public entry point for this; its command line starts it in the same way. */
type BlobServer = {
  start(): Promise<void>;
  close(): Promise<void>;
  clean(): Promise<void>;
  getHttpServerAddress(): string;
};
type AzuriteModule<Built> = { default: new (...options: unknown[]) => Built };

/** Azurite's Blob service in this process, with the emulator's accounts, in memory. */
export type Azurite = { services: BlobServiceClient[]; close(): Promise<void> };

export async function startAzurite(): Promise<Azurite> {
  process.env["AZURITE_ACCOUNTS"] = accounts.map(({ name, key }) => `${name}:${key}`).join(";");
  const require = createRequire(import.meta.url);
  const part = <Built>(name: string) =>
    require(`azurite/dist/src/blob/${name}`) as AzuriteModule<Built>; // as in its source
  const { default: Configuration } = part<object>("BlobConfiguration");
  const { default: Server } = part<BlobServer>("BlobServer");
  const none = undefined; // its default
  const configuration = new Configuration(
    "127.0.0.1",
    0, // any free port
    none,
    "",
    "",
    [],
    false,
    none,
    false,
    none,
    false,
    true, // skipApiVersionCheck: the SDK uses a newer version
    "",
    "",
    "",
    none,
    false,
    true, // isMemoryPersistence
  );
  const azurite = new Server(configuration);
  await azurite.start();
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
