import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { systemClock } from "../../../src/local/clock.ts";
import { startLocalStack } from "../../../src/local/local-stack.ts";
import { brokenSecrets, canary } from "../../support/access/broken-secrets.ts";
import { appDirectory } from "../../support/app-directory.ts";

/*
 * Goal: health and the console of an app with a wrong secret setting name the setting, and show no part of its value:
 * callers need no key for health.
 */

afterEach(() => vi.restoreAllMocks());

const key = `AccountKey=${canary}`;

/** Connection strings whose account Ferry can read, but that the Storage SDK rejects. */
const unusable: [setting: string, value: string][] = [
  `AccountName=acct1;accountkey=${canary}`,
  `accountname=acct1;${key}`,
  `AccountName=acct1;Account=${canary}`,
  `DefaultEndpointsProtocol=${canary};AccountName=acct1;${key}`,
  `AccountName=acct1;${key};EndpointSuffix=core..windows.net:${canary}`,
  `AccountName=acct1;${key};EndpointSuffix=[${canary}`,
].map((value) => ["AzureWebJobsStorage", value]);

/** One in four of the broken values, of every setting: each needs a separate host. */
const some = brokenSecrets.filter(
  ([setting], index) => setting !== "AzureWebJobsStorage" || index % 4 === 0,
);

test.each([...unusable, ...some])(
  "health and the console do not show %s: %j",
  async (setting, value) => {
    const printed: string[] = [];
    for (const name of ["log", "info", "warn", "error", "debug"] as const) {
      vi.spyOn(console, name).mockImplementation((...words) => void printed.push(words.join(" ")));
    }
    const stack = await startLocalStack({
      appDirectory,
      stateDirectory: null,
      clock: systemClock(),
      functionsPort: 0,
      blobPort: 0,
      log: ({ message }) => printed.push(message),
      settings: {
        AZURE_FUNCTIONS_ENVIRONMENT: "Production",
        COPY_NOTICE_TOPIC: "https://topic.example/api/events",
        COPY_NOTICE_WEBHOOK: "https://hooks.example/",
        COPY_NOTICE_SECRET: Buffer.alloc(32, 7).toString("base64"),
        [setting]: value,
      },
    });
    onTestFinished(() => stack.close());
    const response = await fetch(`${stack.host.url}/api/health`);
    const text = await response.text();
    expect(response.status).toBe(503);
    expect(text).toContain(setting);
    expect(printed.join("\n")).toContain(`Cannot start because settings are wrong: ${setting} `);
    expect(`${text} ${printed.join("\n")}`).not.toMatch(/s3cretc|canary01|23456789/i);
  },
);
