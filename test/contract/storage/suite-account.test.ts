import { BlobServiceClient } from "@azure/storage-blob";
import { describe } from "vitest";
import { storageSuite } from "./storage-suite.ts";

/** Connection strings of accounts in which the suite can create containers; it deletes them again. */
const connection = process.env["CONTRACT_STORAGE_CONNECTION"];
const otherConnection = process.env["CONTRACT_STORAGE_OTHER_CONNECTION"];

if (connection === undefined) {
  console.info("No real account is tested: CONTRACT_STORAGE_CONNECTION is not set");
}

describe.skipIf(connection === undefined)("a real account", { timeout: 600_000 }, () => {
  storageSuite(async () => ({
    service: BlobServiceClient.fromConnectionString(connection ?? ""),
    ...(otherConnection !== undefined && {
      otherService: BlobServiceClient.fromConnectionString(otherConnection),
    }),
    async waitForCopy(destination) {
      for (;;) {
        const properties = await destination.getProperties();
        if (properties.copyStatus !== "pending") return properties;
      }
    },
  }));
});
