import { afterAll, beforeAll, describe } from "vitest";
import { startAzurite } from "../../support/azurite/azurite.ts";
import type { Azurite } from "../../support/azurite/azurite.ts";
import { ledgerSuite } from "./ledger-suite.ts";

let azurite: Azurite;

beforeAll(async () => {
  azurite = await startAzurite();
}, 30_000);

afterAll(() => azurite.close());

describe("the ledger on Azurite", () => {
  ledgerSuite(async () => {
    const [service] = azurite.services;
    if (service === undefined) throw new Error("Cannot use Azurite because it has no account");
    return service;
  });
});
