import { app } from "@azure/functions";
import * as df from "durable-functions";
import { expect, test } from "vitest";
import {
  collectApp,
  type FunctionMetadata,
} from "../../../src/local/host/worker/functions-core.ts";

/** The host reads these fields, so the library must write them. */
async function registered(register: () => void): Promise<FunctionMetadata> {
  const { functions } = await collectApp(
    async () => register(),
    () => {},
  );
  const [first] = functions.values();
  if (first === undefined) throw new Error("Nothing was registered");
  return first.metadata;
}

const none = () => ({});
const noBinding = { supportsDeferredBinding: "false" };

test.each([
  [
    "http",
    () => app.http("one", { handler: none, route: "a/{b}" }),
    [
      {
        type: "httpTrigger",
        direction: "in",
        name: expect.stringMatching(/^httpTrigger[0-9a-f]{10}$/),
        methods: ["GET", "POST"],
        authLevel: "anonymous",
        route: "a/{b}",
        properties: noBinding,
      },
      { type: "http", direction: "out", name: "httpOutput9a706511b1" },
    ],
  ],
  [
    "one verb",
    () => app.deleteRequest("one", none),
    [expect.objectContaining({ methods: ["DELETE"] }), expect.objectContaining({ type: "http" })],
  ],
  [
    "event grid",
    () => app.eventGrid("one", { handler: none }),
    [
      {
        type: "eventGridTrigger",
        direction: "in",
        name: "eventGridTrigger69f302e322",
        properties: noBinding,
      },
    ],
  ],
  [
    "timer",
    () => app.timer("one", { handler: none, schedule: "0 0 * * * *", runOnStartup: true }),
    [
      {
        type: "timerTrigger",
        direction: "in",
        name: expect.stringMatching(/^timerTrigger[0-9a-f]{10}$/),
        schedule: "0 0 * * * *",
        runOnStartup: true,
        properties: noBinding,
      },
    ],
  ],
  [
    "orchestration",
    () => df.app.orchestration("one", function* () {}),
    [
      {
        type: "orchestrationTrigger",
        direction: "in",
        name: "orchestrationTrigger56e21d4b3e",
        properties: noBinding,
      },
    ],
  ],
  [
    "activity",
    () => df.app.activity("one", { handler: none }),
    [
      {
        type: "activityTrigger",
        direction: "in",
        name: "activityTrigger7996c743ef",
        properties: noBinding,
      },
    ],
  ],
  [
    "event grid with a durable client",
    () => df.app.client.eventGrid("one", { handler: none }),
    [
      expect.objectContaining({ type: "eventGridTrigger" }),
      {
        type: "durableClient",
        direction: "in",
        name: "durableClientInputd82f0ee27b",
        properties: noBinding,
      },
    ],
  ],
])("the library registers a function with its bindings: %s", async (_, register, bindings) => {
  const metadata = await registered(register);
  expect(metadata.name).toBe("one");
  expect(Object.values(metadata.bindings)).toEqual(bindings);
});
