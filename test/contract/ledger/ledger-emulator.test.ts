import { describe } from "vitest";
import { startStorage } from "../../support/stack/emulator.ts";
import { ledgerSuite } from "./ledger-suite.ts";

describe("the ledger on this repository's emulator", () => {
  ledgerSuite(async () => (await startStorage()).service);
});
