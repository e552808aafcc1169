import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

/* host.json cannot contain comments, so the reason for each value is here. Each was found with the real host. */

const { extensionBundle, extensions, logging } = JSON.parse(readFileSync("host.json", "utf8"));
const { durableTask } = extensions;

test("messages that a dead process held reappear after a minute, not after five", () => {
  // The smallest value that the extension accepts. It renews the time-out while the work runs.
  expect(durableTask.storageProvider).toMatchObject({
    controlQueueVisibilityTimeout: "00:01:00",
    workItemQueueVisibilityTimeout: "00:01:00",
  });
});

test("an idle hub polls its queues every five seconds at most", () => {
  expect(durableTask.storageProvider.maxQueuePollingInterval).toBe("00:00:05");
});

test("the log includes no records of the SDKs: a `default` level would replace the host's filter", () => {
  expect(logging.logLevel).not.toHaveProperty("default");
  expect(logging.logLevel).toEqual({
    "DurableTask.AzureStorage": "Warning",
    "DurableTask.Core": "Warning",
  });
});

test("tracing uses the version without warnings, and excludes inputs and outputs", () => {
  expect(durableTask.tracing).toEqual({
    distributedTracingEnabled: true,
    version: "V2",
    traceInputsAndOutputs: false,
  });
});

test("the extension comes with the bundle's fourth version, and paths begin with /api", () => {
  expect(extensionBundle.version).toBe("[4.0.0, 5.0.0)");
  expect(extensions.http.routePrefix).toBe("api");
});
