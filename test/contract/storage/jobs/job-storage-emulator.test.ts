import { describe } from "vitest";
import { noon, startStorage } from "../../../support/stack/emulator.ts";
import { jobStorageSuite } from "./job-storage-suite.ts";

describe("this repository's emulator", () => {
  jobStorageSuite(async () => {
    const copies = { finishOnStart: "always" } as const;
    const { service, otherService } = await startStorage({ copies });
    return { services: [service, otherService], now: noon, unmetSource: "source-changed" };
  });
});
