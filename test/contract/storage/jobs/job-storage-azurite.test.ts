import { afterAll, beforeAll, describe } from "vitest";
import { startAzurite } from "../../../support/azurite/azurite.ts";
import type { Azurite } from "../../../support/azurite/azurite.ts";
import { jobStorageSuite } from "./job-storage-suite.ts";

let azurite: Azurite;

beforeAll(async () => {
  azurite = await startAzurite();
}, 30_000);

afterAll(() => azurite.close());

describe("Azurite", () => {
  jobStorageSuite(async () => {
    const [near, far] = azurite.services;
    if (near === undefined || far === undefined) throw new Error("Azurite has two accounts");
    // Azurite reports it like an unmet condition on the destination.
    return { services: [near, far], now: Date.now(), unmetSource: "destination-changed" };
  });
});
