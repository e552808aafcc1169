import fc from "fast-check";
import { expect, test } from "vitest";
import { events, orchestrations } from "../../../src/names.ts";
import { copyOrchestration } from "../../../src/orchestrations/copy-orchestration.ts";
import { chaosClock } from "../../support/chaos-clock.ts";
import { hours, seconds, testEngine, testStart } from "../../support/host/durable-app.ts";

/*
 * Goal: no event is lost and none is mistaken for another, however aborts, wakes and timers overtake each other.
 * Method: many copies on one engine, whose activities take time, each with random events that arrive up to five seconds
 * after they were raised.
 */

type Raised = { name: "abort" | "wake"; at: number; delay: number };
type Scenario = {
  /** Attempts of prepare without a response, after each of which the orchestration waits. */
  failures: number;
  /** How long Storage copies (ms). */
  duration: number;
  /** How long an activity takes to return after Storage has acted (ms). */
  took: number;
  raised: readonly Raised[];
};

const scenario: fc.Arbitrary<Scenario> = fc.record({
  failures: fc.integer({ min: 0, max: 2 }),
  duration: fc.integer({ min: 0, max: seconds(60) }),
  took: fc.integer({ min: 0, max: seconds(3) }),
  raised: fc.array(
    fc.record({
      name: fc.constantFrom("abort", "wake"),
      at: fc.integer({ min: 0, max: seconds(70) }),
      delay: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: seconds(5) })),
    }),
    { maxLength: 6 },
  ),
});
const maxScenarios = 40;

test("aborts, wakes and timers that overtake each other lose no event", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(scenario, { minLength: 1, maxLength: maxScenarios }), async (all) => {
      const results = await play(all);
      for (const [index, { took, ...rest }] of all.entries()) {
        const copy = results[index];
        const about = JSON.stringify({ took, ...rest, ...copy });
        if (copy === undefined) throw new Error(`Not run: ${about}`);
        expect(copy.runtimeStatus, about).toBe("Completed");
        expect(possibleResults(copy, took), about).toContain(copy.result);
        for (const wake of wakesWhilePending(copy)) {
          const isRead = copy.reads.some((at) => at >= wake && at <= wake + took);
          expect(isRead, `wake at ${wake}, ${about}`).toBe(true);
        }
        expect(copy.settles, about).toBe(1);
      }
    }),
    { numRuns: 8, endOnFailure: true }, // the message shows one scenario; shrinking takes minutes
  );
});

type Result = {
  runtimeStatus: string;
  result: string;
  /** When Storage started the copy, and when the copy would end; null if none was started. */
  begunAt: number | null;
  endsAt: number;
  /** When the events arrived that were accepted. */
  arrived: { name: string; at: number }[];
  /** When the destination was read or the copy aborted. */
  reads: number[];
  settles: number;
};

function possibleResults({ arrived, begunAt, endsAt }: Result, took: number): string[] {
  if (begunAt === null) return ["aborted-before-start"];
  const aborts = arrived.filter(({ name }) => name === "abort").map(({ at }) => at);
  const first = Math.min(...aborts, Infinity);
  // Storage gets the abort once the activity that runs has returned.
  return [...(first < endsAt ? ["aborted"] : []), ...(first + took >= endsAt ? ["success"] : [])];
}

/** Each must cause a read once the activity that runs has returned. */
function wakesWhilePending({ arrived, begunAt, reads }: Result): number[] {
  const last = Math.max(...reads, 0);
  return arrived
    .filter(({ name, at }) => name === "wake" && begunAt !== null && at > begunAt && at < last)
    .map(({ at }) => at);
}

/** Runs all scenarios at the same time, and lets every copy end. */
async function play(all: readonly Scenario[]): Promise<Result[]> {
  const clock = chaosClock(testStart);
  const results: Result[] = all.map(() => ({
    runtimeStatus: "",
    result: "",
    begunAt: null,
    endsAt: 0,
    arrived: [],
    reads: [],
    settles: 0,
  }));
  const failures = all.map((each) => each.failures);
  const delays = all.map((each) => inOrder(each.raised).map(({ delay }) => delay));
  const of = <T>(list: readonly T[], instanceId: string): T => {
    const found = list[indexOf(instanceId)];
    if (found === undefined) throw new Error(`There is no ${instanceId}`);
    return found;
  };
  const now = () => clock.now() - testStart;
  const ended = (status: string) => ({ kind: status, progress, etag: "e", endedAt: null });
  const poll = (instanceId: string, whilePending: object) => {
    const copy = of(results, instanceId);
    copy.reads.push(now());
    return now() < copy.endsAt ? whilePending : ended("success");
  };
  /** Returns a result `took` ms later on the engine's clock. */
  const later = <T>(instanceId: string, result: T) => {
    const resume = clock.pause();
    return new Promise<T>((resolve) => {
      clock.schedule(clock.now() + of(all, instanceId).took, () => {
        resume();
        resolve(result);
      });
    });
  };
  const engine = await testEngine({
    clock,
    eventDelay: ({ instanceId }) => of(delays, instanceId).shift() ?? 0,
    app: {
      orchestrators: { [orchestrations.copy]: copyOrchestration },
      activities: {
        startCopy(_input, id) {
          const index = indexOf(id);
          const left = failures[index] ?? 0;
          failures[index] = left - 1;
          if (left > 0) return later(id, noResponse);
          const copy = of(results, id);
          copy.begunAt = now();
          copy.endsAt = now() + of(all, id).duration;
          const isPending = copy.endsAt > now();
          const status = isPending
            ? { kind: "pending", progress, warning: null }
            : ended("success");
          return later(id, { kind: "started", started: { plan, copyId: "copy-1" }, status });
        },
        readCopy: (_input, id) => later(id, poll(id, { kind: "pending", progress, warning: null })),
        abortCopy: (_input, id) => later(id, poll(id, ended("aborted"))),
        settleCopy({ result }, id) {
          const copy = of(results, id);
          copy.result = result.kind;
          copy.settles++;
          return { kind: "settled", outcome: { status: "succeeded" } };
        },
      },
    },
  });
  try {
    for (const index of all.keys()) {
      await engine.startNew(orchestrations.copy, idOf(index), input);
    }
    const raised = all.flatMap((each, index) => each.raised.map((event) => ({ ...event, index })));
    for (const { name, at, delay, index } of inOrder(raised)) {
      await clock.advance(at - now());
      const status = await engine.raise(idOf(index), events[name]);
      if (status === 202) results[index]?.arrived.push({ name, at: at + delay });
    }
    await clock.advance(hours(2));
    for (const [index, copy] of results.entries()) {
      copy.runtimeStatus = (await engine.status(idOf(index))).runtimeStatus;
    }
    return results;
  } finally {
    await engine.stop();
    clock.dispose();
  }
}

const inOrder = <T extends { at: number }>(raised: readonly T[]): T[] =>
  raised.toSorted((a, b) => a.at - b.at);

const prefix = "01a1f8d3-ea00-7155-946e-";
const idOf = (index: number) => `${prefix}8${String(index).padStart(11, "0")}`;
const indexOf = (instanceId: string) => Number(instanceId.slice(prefix.length + 1));
const progress = { bytesCopied: 0, totalBytes: 1 };
const plan = { source: { etag: "a", length: 1_000 }, destinationEtag: null };
const noResponse = {
  kind: "transient-failure",
  failure: { cause: "storage-unavailable", message: "Storage did not respond" },
  retryAfterSeconds: null,
};
const blob = (path: string) => ({
  service: "blob",
  origin: "https://acme.blob.core.windows.net",
  account: "acme",
  secondary: false,
  emulated: false,
  container: "in",
  path,
});
const input = {
  version: 1,
  source: blob("a"),
  destination: blob("b"),
  sourceSas: null,
  destinationSas: null,
  options: { sourceLease: "off", destinationLease: null, rollback: "off" },
  createdAt: new Date(testStart).toISOString(),
};
