import { expect, test } from "vitest";
import { activities, events, orchestrations } from "../../src/names.ts";
import { eventTypes } from "../../src/local/durable/history/history.ts";
import { readRecordings, splitTurns } from "./recording.ts";
import { replayRecording, currentFunctions } from "./replay-recording.ts";
import { scenarios } from "./scenarios.ts";

const recordings = readRecordings();

test.each(recordings)(
  "a copy of release $release continues at any point of $scenario as it did when it was recorded",
  async (recording) => {
    const then = splitTurns(recording).map(({ decided }) => decided);
    const now = await replayRecording(recording, await currentFunctions());
    expect(now.map(({ tasks, completion: ending }) => ({ tasks, ending }))).toEqual(
      then.map(({ tasks, completion: ending }) => ({ tasks, ending })),
    );
    // Fields may be added to an outcome.
    expect(now.at(-1)?.output).toMatchObject(JSON.parse(recording.output));
  },
);

test("every scenario, activity, event and orchestration has a recording", () => {
  const recorded = new Set(recordings.map(({ scenario }) => scenario));
  expect(Object.keys(scenarios).filter((name) => !recorded.has(name))).toEqual([]);
  const names = new Set(
    recordings.flatMap(({ events: all }) =>
      all.flatMap((event) =>
        event.EventType === eventTypes.ExecutionStarted ||
        event.EventType === eventTypes.TaskScheduled ||
        event.EventType === eventTypes.EventRaised
          ? [event.Name]
          : [],
      ),
    ),
  );
  const durable = [orchestrations, activities, events].flatMap((each) => Object.values(each));
  expect(durable.filter((name) => !names.has(name))).toEqual([]);
});
