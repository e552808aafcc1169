import { createRequire } from "node:module";
import { accounts } from "../../../src/local/storage/auth/accounts.ts";

/** Azurite has neither types nor a public entry point for this; its command line starts it in the same way. */
export type AzuriteServer = {
  start(): Promise<void>;
  close(): Promise<void>;
  clean(): Promise<void>;
  getHttpServerAddress(): string;
};
type AzuriteModule<Built> = { default: new (...options: unknown[]) => Built };

/** Starts a service of Azurite in this process, with the emulator's accounts, in memory. The caller closes and cleans it. */
export async function startAzuriteService(service: "Blob" | "Queue"): Promise<AzuriteServer> {
  process.env["AZURITE_ACCOUNTS"] = accounts.map(({ name, key }) => `${name}:${key}`).join(";");
  const require = createRequire(import.meta.url);
  const part = <Built>(name: string) =>
    require(`azurite/dist/src/${service.toLowerCase()}/${service}${name}`) as AzuriteModule<Built>; // as in its source
  const { default: Configuration } = part<object>("Configuration");
  const { default: Server } = part<AzuriteServer>("Server");
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
  const server = new Server(configuration);
  await server.start();
  return server;
}
