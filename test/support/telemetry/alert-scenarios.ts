import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import type { HostLogEntry } from "../../../src/local/log.ts";
import { openAzuriteQueues } from "../azurite/azurite-queue.ts";
import type { AzuriteQueues } from "../azurite/azurite-queue.ts";
import { createEvent, deliver, inboxRoutes } from "../stack/events.ts";
import { hour, openStack, rareTimers } from "../stack/test-stack.ts";
import type { TestStack } from "../stack/test-stack.ts";

/*
 * Triggers the condition of each alert in the real app on the local stack. Each scenario runs on a separate stack, with
 * the watchdog's schedule in Azure, and returns the log.
 */

type Options = NonNullable<Parameters<typeof openStack>[0]>;
/** `queues`: an account with queues, whose connection string is the setting `Events`. */
export type Scenario = {
  options?: Options;
  play(stack: TestStack, outside: { queues: AzuriteQueues }): Promise<void>;
};

const storage = "http://127.0.0.1:10000/devstoreaccount1";
const minute = 60_000;
const film = Buffer.alloc(1_000_000, "film");
const slowly = { copies: { bytesPerSecond: 1_000 } }; // the film takes 1,000 s
const busy = { response: { status: 503, code: "ServerBusy", headers: { "retry-after": "1" } } };
const often = { COPY_WATCHDOG: "" };
/** The emulator responds to it with an error, because it has no such operation. */
const refusingTopic = {
  COPY_NOTICE_TOPIC: "http://127.0.0.1:10000/devstoreaccount1/topic",
  COPY_NOTICE_TOPIC_KEY: "key",
};

export const alertScenarios = {
  "failed-copies": {
    async play(stack) {
      await stack.upload("inbox/other.mp4", film);
      await stack.start({
        source: stack.blob("inbox/missing.mp4").url,
        destination: stack.blob("archive/film.mp4").url,
      });
      await stack.clock.advance(minute);
    },
  },
  /** Durable loses the timer and every later message of one copy; then operators terminate five others. */
  "stuck-copies": {
    options: { settings: inboxRoutes(), copies: { bytesPerSecond: 1 }, persistent: true },
    async play(stack) {
      const { nextReadAt } = await startCopy(stack, "deaf.mp4");
      changeHub(stack, "DELETE FROM timers");
      changeHub(
        stack,
        "CREATE TRIGGER deaf BEFORE INSERT ON messages BEGIN SELECT RAISE(IGNORE); END",
      );
      await stack.restart();
      await stack.clock.advance(Date.parse(nextReadAt) + 7 * hour - stack.clock.now());
      changeHub(stack, "DROP TRIGGER deaf");
      await stack.restart();
      for (const name of ["1.mp4", "2.mp4", "3.mp4", "4.mp4", "5.mp4"]) {
        const source = await stack.upload(`inbox/${name}`, film);
        const { id } = await stack.start({ source: source.url, route: "films" });
        await terminate(stack, id);
      }
      await stack.clock.advance(10 * minute);
    },
  },
  /** One event can never cause a copy, because the destination's name would be too long; another fails five times. */
  "dead-letters": {
    options: {
      settings: {
        ...inboxRoutes({ destination: `${storage}/archive/{path}/${"n".repeat(1_000)}` }),
        COPY_EVENT_QUEUE: "copy-events",
        COPY_EVENT_QUEUE_CONNECTION: "Events",
      },
    },
    async play(stack, { queues }) {
      const unusable = await createEvent(
        await stack.upload("inbox/a-long-name-for-a-film.mp4", film),
      );
      await deliver(stack, unusable);
      const event = await createEvent(await stack.upload("inbox/film.mp4", film));
      stack.local.emulator.faults.add({ do: busy });
      await queues.sendEvent("copy-events", event);
      await stack.clock.advance(hour);
    },
  },
  /** The destination's account refuses each start of 25 copies once. */
  throttling: {
    async play(stack) {
      stack.local.emulator.faults.add({ operation: "CopyBlob", times: 25, do: busy });
      for (let each = 1; each <= 25; each += 1) await startCopy(stack, `${each}.mp4`);
      await stack.clock.advance(10 * minute);
    },
  },
  /** The target of the notifications rejects one for a day. */
  "outbox-stuck": {
    options: { settings: refusingTopic, copies: { finishOnStart: "always" } },
    async play(stack) {
      await startCopy(stack, "film.mp4");
      await stack.clock.advance(26 * hour);
    },
  },
  "watchdog-silent": {
    options: { environment: rareTimers, copies: { finishOnStart: "always" } },
    async play(stack) {
      await startCopy(stack, "film.mp4");
      await stack.clock.advance(hour);
    },
  },
} satisfies Record<string, Scenario>;

/** Further copies for the queries of the workbook: some succeed, one of them by a route, and one is aborted. */
export const usualScenario: Scenario = {
  options: { ...slowly, settings: inboxRoutes(), events: {} },
  async play(stack) {
    await stack.upload("inbox/film.mp4", film);
    await stack.clock.advance(hour);
    const { id } = await startCopy(stack, "other.mp4", "other");
    await stack.call("POST", `/copies/${id}/abort`);
    await stack.clock.advance(10 * minute);
  },
};

/** Runs a scenario, and returns the log with the time at which it ended (epoch ms). */
export async function playScenario({
  options = {},
  play,
}: Scenario): Promise<{ log: HostLogEntry[]; endedAt: number }> {
  const queues = await openAzuriteQueues();
  const settings = { ...options.settings, Events: queues.connection };
  const environment = { ...often, ...options.environment };
  const stack = await openStack({ ...options, environment, settings });
  try {
    await play(stack, { queues });
    await stack.clock.settled();
    return { log: stack.log, endedAt: stack.clock.now() };
  } finally {
    await stack.close();
    await queues.close();
  }
}

async function startCopy(stack: TestStack, name: string, container = "inbox") {
  const source = await stack.upload(`${container}/${name}`, film);
  await stack.container("archive").createIfNotExists();
  const body = { source: source.url, destination: stack.blob(`archive/${name}`).url };
  const { id } = await stack.start(body);
  await stack.clock.advance(10_000);
  const { nextReadAt } = await stack.get(id);
  return { id: String(id), nextReadAt: String(nextReadAt) };
}

/** Terminates a copy as an operator does, with Durable's management route. */
async function terminate(stack: TestStack, id: string): Promise<void> {
  const url = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${id}/terminate`;
  const { status } = await fetch(`${url}?reason=mistake`, { method: "POST" });
  if (status !== 202) throw new Error(`Cannot terminate ${id} because of status ${status}`);
  await stack.clock.settled();
}

function changeHub({ stateDirectory }: TestStack, sql: string): void {
  const hub = new DatabaseSync(join(stateDirectory ?? "", "task-hub.sqlite"));
  hub.exec(sql);
  hub.close();
}
