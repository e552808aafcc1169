import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { maxTries } from "../../src/triggers/events/delivery.ts";

/* host.json cannot contain comments, so the reason for each value is here. Each was found with the real host. */

const { extensionBundle, extensions, functionTimeout, logging } = JSON.parse(
  readFileSync("host.json", "utf8"),
);
const { durableTask } = extensions;

test("messages that a killed process held reappear after a minute, not after five", () => {
  // The smallest value that the extension accepts. It renews the time-out while the work runs.
  expect(durableTask.storageProvider).toMatchObject({
    controlQueueVisibilityTimeout: "00:01:00",
    workItemQueueVisibilityTimeout: "00:01:00",
  });
});

test("the task hub is in the app's own account, and a setting names it", () => {
  // An upgrade that must not continue the histories of the former version gets another name.
  expect(durableTask.hubName).toBe("%TASKHUB_NAME%");
  expect(durableTask.storageProvider.connectionName).toBe("AzureWebJobsStorage");
  const { Values } = JSON.parse(readFileSync("local.settings.json", "utf8"));
  expect(Values.TASKHUB_NAME).toBe("Ferry");
});

test("up to four instances run orchestrations: the number is fixed for the hub's whole life", () => {
  expect(durableTask.storageProvider.partitionCount).toBe(4);
});

test("the load of an instance does not depend on the plan: the documented defaults do not name Flex", () => {
  expect(durableTask).toMatchObject({
    maxConcurrentActivityFunctions: 20,
    maxConcurrentOrchestratorFunctions: 20,
  });
});

test("a function that hangs is stopped after ten minutes, on every plan", () => {
  expect(functionTimeout).toBe("00:10:00");
});

test("local.settings.json has the shape that Core Tools read: text values, not encrypted, no key", () => {
  const { IsEncrypted, Values } = JSON.parse(readFileSync("local.settings.json", "utf8"));
  expect(IsEncrypted).toBe(false);
  for (const value of Object.values(Values)) expect(value).toBeTypeOf("string");
  expect(Values).toMatchObject({
    FUNCTIONS_WORKER_RUNTIME: "node",
    AzureWebJobsStorage: "UseDevelopmentStorage=true",
  });
  expect(JSON.stringify(Values)).not.toMatch(/AccountKey=|[A-Za-z0-9+/]{43}=/);
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

test("the extension comes from version 4 of the bundle, and paths begin with /api", () => {
  expect(extensionBundle).toEqual({
    id: "Microsoft.Azure.Functions.ExtensionBundle",
    version: "[4.0.0, 5.0.0)",
  });
  expect(extensions.http.routePrefix).toBe("api");
});

test("a message of the event queue is tried five times in twenty minutes, as the log's lines say", () => {
  expect(extensions.queues).toMatchObject({
    maxDequeueCount: 5,
    // Without a wait, an outage of a second would use up all tries.
    visibilityTimeout: "00:05:00",
    // Event Grid writes base64.
    messageEncoding: "base64",
    maxPollingInterval: "00:00:10",
  });
  expect(maxTries).toBe(extensions.queues.maxDequeueCount);
});

test("structured lines are not sampled, because each stands for a copy", () => {
  expect(logging.applicationInsights.samplingSettings.excludedTypes).toContain("Trace");
});
