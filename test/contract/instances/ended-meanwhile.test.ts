import { setImmediate as nextTick } from "node:timers/promises";
import { expect, test } from "vitest";
import type {
  ManagementRequest,
  ManagementResponse,
} from "../../../src/local/durable/api/engine-api.ts";
import { openDurableEngine } from "../../../src/local/durable/engine.ts";
import { createEvent, deliver } from "../../support/stack/events.ts";
import { startStack } from "../../support/stack/test-stack.ts";

/*
 * An instance ends between the app's read of it and the event that the app raises. The extension checks the status twice:
 * it responds with 410 or 404 to an instance that has ended before the first check, and with 500 between the two.
 */

/** The extension's response between its two checks (DurableClient.RaiseEventInternalAsync), or to any other fault. */
const failing: ManagementResponse = {
  status: 500,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ Message: "Something went wrong while processing your request" }),
};

/** A pending copy. An event that is raised on its instance fails, after `meanwhile` has sent management requests. */
async function startPending(
  meanwhile: (send: (method: string, path: string) => Promise<unknown>) => Promise<void>,
  response = failing,
) {
  let raised = 0;
  const stack = await startStack({
    copies: { bytesPerSecond: 0 },
    openEngine(options) {
      const engine = openDurableEngine(options);
      const handle = async (request: ManagementRequest) => {
        if (!request.path.includes("/raiseEvent/")) return await engine.handle(request);
        raised++;
        const instance = request.path.replace(/\/raiseEvent\/.*/, "");
        const send = (method: string, path: string) =>
          engine.handle({ ...request, method, path: `${instance}${path}`, body: "" });
        await meanwhile(async (method, path) => {
          await send(method, path);
          // A running instance has the status 202.
          while ((await send("GET", "")).status === 202) await nextTick();
        });
        return response;
      };
      return { ...engine, handle };
    },
  });
  const source = await stack.upload("inbox/film", "film");
  const destination = stack.blob("archive/film");
  const { id } = await stack.start({ source: source.url, destination: destination.url });
  return {
    id,
    abort: async () => (await stack.call("POST", `/copies/${id}/abort`)).status,
    get: () => stack.get(id),
    deliverWake: async () =>
      await deliver(stack, await createEvent(destination, { api: "CopyBlob" })),
    raised: () => raised,
  };
}

const notFound: ManagementResponse = { status: 404, headers: {}, body: "" };

test.each([
  { what: "has ended", ending: ["terminate"], response: failing },
  { what: "was purged", ending: ["terminate", "purge"], response: failing },
  {
    what: "was purged before the extension's first check",
    ending: ["terminate", "purge"],
    response: notFound,
  },
])(
  "raising an event for an instance that $what in the meantime succeeds",
  async ({ ending, response }) => {
    const { abort, deliverWake, get, raised } = await startPending(async (send) => {
      for (const each of ending) {
        await (each === "purge" ? send("DELETE", "") : send("POST", `/${each}`));
      }
    }, response);
    expect(await deliverWake()).toBe(202);
    expect(raised()).toBe(1);
    expect(await abort()).toBe(202);
    expect(await get()).toMatchObject({ status: "aborting", abortRequested: true });
  },
);

test("if raising an event fails although the instance runs, the caller gets an error and sends it again", async () => {
  const { abort, deliverWake, raised } = await startPending(async () => {});
  expect(await deliverWake()).toBe(500);
  expect(await abort()).toBe(503);
  expect(raised()).toBe(2);
});
