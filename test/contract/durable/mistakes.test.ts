import { expect, onTestFinished, test } from "vitest";
import { virtualClock } from "../../../src/local/clock.ts";
import { jsonOf, startSample } from "../../support/host/host.ts";

/** A mistake, whether it needs an event to appear, and the sentence that names it. */
const mistakes: {
  name: string;
  answered?: boolean;
  sentence: string;
  /** A part of the instance's output; null if the instance does not fail; the sentence by default. */
  output?: string | null;
}[] = [
  {
    name: "deadlineCarriedThroughALoop",
    sentence:
      "A task was used in a second Task.any or Task.all, and the extension schedules it a second time. Create new tasks for every race",
  },
  {
    name: "longTimerCanceled",
    answered: true,
    sentence: "Create timers of at most six days, one after the other",
  },
  { name: "retryInsideARace", sentence: "Write the retries as a loop over plain activities" },
  {
    name: "continuedAfterARace",
    answered: true,
    sentence: "Loop without continueAsNew, or wait for the event alone",
  },
  // The extension itself fails this instance, with a text that does not name the mistake.
  {
    name: "failsWithoutAText",
    output: "but the current replay execution hasn't (yet?) scheduled this task",
    sentence: "Throw an Error with a message",
  },
  // In this case the extension waits forever.
  { name: "callsAnUnknownActivity", output: null, sentence: "The function 'lok' doesn't exist" },
];

test.each(mistakes)("the log has the sentence that names the mistake of $name", async (mistake) => {
  const { name, answered = false, sentence, output = sentence } = mistake;
  const clock = virtualClock(Date.UTC(2026, 10, 20));
  onTestFinished(() => clock.dispose());
  const host = await startSample("mistakes", { clock });
  const post = async (path: string) =>
    expect((await fetch(`${host.url}/api/${path}/${name}`, { method: "POST" })).status).toBe(202);

  await post("start");
  await clock.advance(60_000);
  if (answered) await post("answer");
  await clock.advance(3 * 3_600_000);

  const status = await jsonOf(fetch(`${host.url}/runtime/webhooks/durabletask/instances/${name}`));
  expect(status.runtimeStatus).toBe(output === null ? "Running" : "Failed");
  if (output !== null) expect(status.output).toContain(output);
  const told = host.log.filter(({ subject, level }) => subject === name && level === "error");
  expect(told.map(({ message }) => message).join("\n")).toContain(sentence);
});
