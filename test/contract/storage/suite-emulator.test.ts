import { describe } from "vitest";
import { day, startStorage } from "../../support/stack/emulator.ts";
import { storageSuite } from "./storage-suite.ts";

describe("this repository's emulator", () => {
  storageSuite(async () => {
    const { service, otherService, clock } = await startStorage();
    return {
      service,
      otherService,
      async waitForCopy(destination) {
        await clock.advance(day);
        return destination.getProperties();
      },
    };
  });
});
