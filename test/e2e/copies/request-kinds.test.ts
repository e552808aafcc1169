import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { CopyCounts, Counts, Requests } from "../../../infra/costs/counts.ts";
import { eventTypes } from "../../../src/local/durable/history/history.ts";
import type { ReceivedRequest } from "../../../src/local/storage/server/storage-server.ts";
import { inboxRoutes } from "../../support/stack/events.ts";
import { hour, openStack, rareTimers } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";
import { linesOf } from "../../support/telemetry/lines.ts";

/*
 * Goal: infra/costs/counts.json contains the operations that a copy needs, by the types that Storage bills: "Map each
 * REST operation to a price", 2025-05-14. Method: count the requests on the wire, and read the history; `vitest -u`
 * writes the file.
 */

/** The types of the operations that Ferry uses, in a standard general-purpose v2 account. */
const types: Partial<Record<string, keyof Requests>> = {
  CopyBlob: "writes",
  PutBlob: "writes",
  GetBlob: "reads",
  GetBlobProperties: "others",
  SnapshotBlob: "others",
  ListBlobs: "lists",
  DeleteBlob: "deletes", // free
};
/** Longer than 4 MiB, so that the start does not read the status of its copy. */
const film = Buffer.alloc(5_000_000, "film");
type Options = NonNullable<Parameters<typeof openStack>[0]>;

test("the counts of the cost table are those of the real app", async () => {
  const finished = await measureCopy({ copies: { finishOnStart: "always" } }, startCopy);
  const pending = await measureCopy({ copies: { bytesPerSecond: 100_000 } }, startCopy);
  const routed = await measureCopy(
    { copies: { finishOnStart: "always" }, settings: inboxRoutes(), events: {} },
    async (stack) => {
      await stack.upload("inbox/film.mp4", film);
    },
  );
  expect(pending.polls).toBeGreaterThan(1);
  const counts: Counts = {
    finished: finished.counts,
    pending: pending.counts,
    routed: routed.counts,
    idleHour: await measureIdleHour(),
  };
  await expect(`${JSON.stringify(counts, null, 2)}\n`).toMatchFileSnapshot(
    "../../../infra/costs/counts.json",
  );
});

async function startCopy(stack: TestStack): Promise<void> {
  const source = await stack.upload("inbox/film.mp4", film);
  await stack.start({ source: source.url, destination: stack.blob("archive/film.mp4").url });
}

/** Measures one copy. `counts`: without the polls while it was pending, each of which is one read of its properties. */
async function measureCopy(
  options: Options,
  play: (stack: TestStack) => Promise<void>,
): Promise<{ counts: CopyCounts; polls: number }> {
  const stack = await openStack({ persistent: true, ...options, environment: rareTimers });
  try {
    await warmUp(stack);
    const { requests } = stack.local.emulator;
    const before = requests.length;
    await play(stack);
    await stack.clock.advance(50 * 60_000);
    const history = readHistory(stack);
    const { others, ...kinds } = countTypes(requests.slice(before));
    const { polls } = history;
    const counts = {
      requests: { ...kinds, others: others - polls },
      activities: history.activities - polls,
      timers: history.timers - polls,
      // A poll is one turn for its timer, and one for the result of its activity.
      turns: history.turns - 2 * polls,
    };
    return { counts, polls };
  } finally {
    await stack.close();
  }
}

/** One hour without a copy: the watchdog every five minutes, and the purge. */
async function measureIdleHour(): Promise<Counts["idleHour"]> {
  const stack = await openStack({ environment: { COPY_WATCHDOG: "" } });
  try {
    await warmUp(stack);
    const { requests } = stack.local.emulator;
    const before = requests.length;
    const runs = linesOf(stack.log, "ferry.watchdog.ran").length;
    await stack.clock.advance(hour);
    return {
      requests: countTypes(requests.slice(before)),
      // The purge runs once an hour, and logs nothing if it has nothing to purge.
      executions: linesOf(stack.log, "ferry.watchdog.ran").length - runs + 1,
    };
  } finally {
    await stack.close();
  }
}

/** A first copy creates the ledger's container. */
async function warmUp(stack: TestStack): Promise<void> {
  const source = await stack.upload("other/warm.mp4", "warm");
  const destination = stack.blob("archive/warm.mp4").url;
  const { id } = await stack.start({ source: source.url, destination });
  await stack.untilEnded(id);
  await stack.clock.advance(1_000); // so that the next copy is the last
}

function countTypes(requests: readonly ReceivedRequest[]): Requests {
  const counts = { writes: 0, reads: 0, others: 0, lists: 0, deletes: 0 };
  for (const { operation, url } of requests) {
    const isOwnUpload = !url.includes("/ferry-ledger") && operation === "PutBlob";
    if (isOwnUpload || operation === "CreateContainer") continue; // the test's
    const { [operation]: type } = types;
    if (type === undefined) throw new Error(`Cannot count ${operation} because it has no type`);
    counts[type] += 1;
  }
  return counts;
}

function readHistory({ stateDirectory }: TestStack) {
  const hub = new DatabaseSync(join(stateDirectory ?? "", "task-hub.sqlite"), { readOnly: true });
  try {
    const last = hub
      .prepare("SELECT execution_id FROM instances ORDER BY created_at DESC LIMIT 1")
      .get();
    const events = hub
      .prepare("SELECT event FROM history WHERE execution_id = ?")
      .all(String(last?.["execution_id"]))
      .map(({ event }) => JSON.parse(String(event)));
    const ofType = (type: number) => events.filter(({ EventType }) => EventType === type);
    const scheduled = ofType(eventTypes.TaskScheduled);
    return {
      activities: scheduled.length,
      timers: ofType(eventTypes.TimerCreated).length,
      turns: ofType(eventTypes.OrchestratorStarted).length,
      polls: scheduled.filter(({ Name }) => Name === "readCopy").length,
    };
  } finally {
    hub.close();
  }
}
