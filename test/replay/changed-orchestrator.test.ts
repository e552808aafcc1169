import type { OrchestrationContext, Task } from "durable-functions";
import { expect, test } from "vitest";
import type { CopyInput } from "../../src/copy/contract/activities.ts";
import { activities, events, orchestrations } from "../../src/names.ts";
import { copyOrchestration } from "../../src/orchestrations/copy-orchestration.ts";
import type { Orchestrator } from "../support/host/durable-app.ts";
import { testFunctions } from "../support/host/durable-app.ts";
import { readRecordings, splitTurns } from "./recording.ts";
import type { Decisions } from "./recording.ts";
import { replayRecording } from "./replay-recording.ts";

const recordings = readRecordings().filter(({ name }) => name === orchestrations.copy);

/** Plausible changes that would strand running copies. */
const strandingChanges: {
  what: string;
  orchestrator: Orchestrator;
  /** Durable rejects the history; otherwise the copy silently diverges. */
  refused: boolean;
}[] = [
  {
    what: "an additional activity at the beginning",
    refused: true,
    *orchestrator(context) {
      yield context.df.callActivity(activities.read, {});
      return yield* copyOrchestration(context);
    },
  },
  {
    what: "an additional activity at the end",
    refused: false,
    *orchestrator(context) {
      const outcome = yield* copyOrchestration(context);
      yield context.df.callActivity(activities.read, {});
      return outcome;
    },
  },
  {
    what: "an activity with a different name",
    refused: true,
    orchestrator: withChangedCalls((df) => ({
      callActivity: (name, input) =>
        df.callActivity(name === activities.start ? activities.read : name, input),
    })),
  },
  {
    what: "two activities in a different order",
    refused: true,
    orchestrator: withChangedCalls((df) => ({
      callActivity(name, input) {
        const others: Record<string, string> = {
          [activities.read]: activities.settle,
          [activities.settle]: activities.read,
        };
        return df.callActivity(others[name] ?? name, input);
      },
    })),
  },
  {
    what: "a timer before the first activity",
    refused: true,
    *orchestrator(context) {
      yield context.df.createTimer(context.df.currentUtcDateTime);
      return yield* copyOrchestration(context);
    },
  },
  {
    what: "an event with a different name",
    refused: true,
    orchestrator: withChangedCalls((df) => ({
      waitForExternalEvent: (name) =>
        df.waitForExternalEvent(name === events.abort ? "cancel" : name),
    })),
  },
];

test.each(strandingChanges)("the recordings detect $what", async ({ orchestrator, refused }) => {
  const divergences = await findDivergences(orchestrator);
  expect(divergences.length).toBeGreaterThan(0);
  const refusals = divergences.flatMap(({ refusal }) => refusal ?? []);
  if (refused) expect(refusals[0]).toMatch(/Non-Deterministic workflow detected/);
  else expect(refusals).toEqual([]);
});

test("a change that depends on a marker in new inputs strands no running copy", async () => {
  const next = ({ version }: { version: number }) => version > 1;
  const divergences = await findDivergences(function* orchestrator(context) {
    if (next(context.df.getInput<CopyInput>())) yield context.df.callActivity(activities.read, {});
    return yield* copyOrchestration(context);
  });
  expect(divergences).toEqual([]);
});

/** A recording in which a changed orchestrator diverges; `refusal` is Durable's error, if any. */
type Divergence = { scenario: string; refusal: string | null };

async function findDivergences(orchestrator: Orchestrator): Promise<Divergence[]> {
  const functions = await testFunctions({
    orchestrators: { [orchestrations.copy]: orchestrator },
    activities: Object.fromEntries(Object.values(activities).map((name) => [name, () => null])),
  });
  const divergences: Divergence[] = [];
  for (const recording of recordings) {
    const then = splitTurns(recording).map(({ decided }) => decided);
    const now = await replayRecording(recording, functions);
    if (then.every((decided, turn) => isSame(decided, now[turn]))) continue;
    const refusal = now.find(
      ({ completion: ending }) => ending?.startsWith("Failed: ") === true,
    )?.completion;
    divergences.push({ scenario: recording.scenario, refusal: refusal ?? null });
  }
  return divergences;
}

function isSame(one: Decisions, other: Decisions | undefined): boolean {
  return one.completion === other?.completion && one.tasks.join() === other.tasks.join();
}

type Df = OrchestrationContext["df"];

/** The current orchestrator with some of its calls to Durable replaced. */
function withChangedCalls(change: (df: Df) => Partial<Df>): Orchestrator {
  return function* orchestrator(context): Generator<Task> {
    const df: Df = Object.assign(Object.create(context.df), change(context.df));
    const otherwise: OrchestrationContext = Object.assign(Object.create(context), { df });
    return yield* copyOrchestration(otherwise);
  };
}
