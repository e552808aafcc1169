import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startAzurite } from "../../support/azurite/azurite.ts";
import type { Azurite } from "../../support/azurite/azurite.ts";
import { storageSuite, suiteTitles } from "./storage-suite.ts";

let azurite: Azurite;

beforeAll(async () => {
  azurite = await startAzurite();
}, 30_000);

afterAll(() => azurite.close());

describe("Azurite", () => {
  storageSuite(
    async () => {
      const [service, otherService] = azurite.services;
      if (service === undefined) throw new Error("Cannot use Azurite because it has no account");
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
