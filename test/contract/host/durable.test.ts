import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { virtualClock, type VirtualClock } from "../../../src/local/clock.ts";
import { jsonOf, startSample, temporaryDirectory } from "../../support/host/host.ts";

const hourMs = 3_600_000;

function clockForTest(): VirtualClock {
  const clock = virtualClock(Date.parse("2026-03-01T10:00:00Z"));
  onTestFinished(() => clock.dispose());
  return clock;
}

const greeting = (url: string, method = "GET") =>
  jsonOf(fetch(`${url}/api/greetings/anna`, { method }));

const start = (url: string) =>
  fetch(`${url}/api/greetings/anna`, { method: "PUT", body: JSON.stringify({ name: "Anna" }) });

test("an orchestration started over HTTP waits for its timer and event, and calls its activity", async () => {
  const clock = clockForTest();
  const host = await startSample("greeter", { clock });
  const started = await start(host.url);
  expect(started.status).toBe(202);
  expect(await started.json()).toMatchObject({
    id: "anna",
    statusQueryGetUri: expect.stringContaining(
      `${host.url}/runtime/webhooks/durabletask/instances/anna`,
    ),
  });
  await clock.settled();
  expect(await greeting(host.url)).toEqual({ runtimeStatus: "Running", output: null });
  await clock.advance(hourMs);
  await greeting(host.url, "POST");
  await clock.settled();
  const output = { text: "Hello, Anna", by: "hand" };
  expect(await greeting(host.url)).toEqual({ runtimeStatus: "Completed", output });
  expect(host.log).toContainEqual(
    expect.objectContaining({
      kind: "activity",
      subject: "anna",
      message: expect.stringMatching(/^greet done in \d+ ms$/),
    }),
  );
});

test("the management URLs that the client hands out work as they are", async () => {
  const clock = clockForTest();
  const host = await startSample("greeter", { clock });
  const { statusQueryGetUri, terminatePostUri } = await jsonOf(start(host.url));
  await clock.settled();
  const ended = await fetch(terminatePostUri.replace("{text}", "enough"), { method: "POST" });
  expect(ended.status).toBe(202);
  await clock.settled();
  expect(await (await fetch(statusQueryGetUri)).json()).toMatchObject({
    runtimeStatus: "Terminated",
    output: "enough",
  });
});

test("an orchestration outlives its host when the task hub is a file", async () => {
  const clock = clockForTest();
  const stateFile = join(await temporaryDirectory(), "hub.sqlite");
  const first = await startSample("greeter", { clock, stateFile });
  await start(first.url);
  await clock.settled();
  await first.close();
  await clock.advance(2 * hourMs);

  const second = await startSample("greeter", { clock, stateFile });
  await clock.advance(0); // the timer has become due
  await greeting(second.url, "POST");
  await clock.settled();
  expect(await greeting(second.url)).toMatchObject({ runtimeStatus: "Completed" });
});
