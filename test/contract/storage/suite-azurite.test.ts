import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accounts } from "../../../src/local/storage/auth/accounts.ts";
import { storageSuite, suiteTitles } from "./storage-suite.ts";

/** Azurite has neither types nor a public entry point for this; its command line starts it in the same way. */
type BlobServer = {
  start(): Promise<void>;
  close(): Promise<void>;
  clean(): Promise<void>;
  getHttpServerAddress(): string;
};
type AzuriteModule<Built> = { default: new (...options: unknown[]) => Built };

let azurite: BlobServer;

beforeAll(async () => {
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
  azurite = new Server(configuration);
  await azurite.start();
}, 30_000);

afterAll(async () => {
  await azurite.close();
  await azurite.clean();
});

describe("Azurite", () => {
  storageSuite(
    async () => {
      const [service, otherService] = accounts.map(
        ({ name, key }) =>
          new BlobServiceClient(
            `${azurite.getHttpServerAddress()}/${name}`,
            new StorageSharedKeyCredential(name, key),
            { retryOptions: { maxTries: 1 } },
          ),
      );
      if (service === undefined) throw new Error("Azurite has the emulator's accounts");
      return {
        service,
        ...(otherService && { otherService }),
        waitForCopy: (destination) => destination.getProperties(), // its copies are never pending
      };
    },
    { differs: new Set(listedDifferences()) },
  );
});

test("every difference in the emulator's README is the title of a case", () => {
  expect(listedDifferences()).not.toEqual([]);
  expect(suiteTitles()).toEqual(expect.arrayContaining(listedDifferences()));
});

/** The rows of the table under "Where Azurite differs", each by the title of its case. */
function listedDifferences(): string[] {
  const page = readFileSync(
    new URL("../../../src/local/storage/README.md", import.meta.url),
    "utf8",
  );
  const [, section = ""] = page.split("## Where Azurite differs");
  return [...section.matchAll(/^\| ([^|]+?) +\|/gm)]
    .map(([, title = ""]) => title)
    .filter((title) => title !== "Promise" && !/^-+$/.test(title));
}
