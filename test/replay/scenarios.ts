import type { LocalStackOptions } from "../../src/local/local-stack.ts";
import { repairInstanceId } from "../../src/names.ts";
import { allCopies, deliver, eventOf, inboxRoutes } from "../support/stack/events.ts";
import { hour, secondAccount } from "../support/stack/test-stack.ts";
import type { TestWorld } from "../support/stack/test-stack.ts";

/** A copy worth remembering; `play` answers the instance to record, once it has ended. */
export type Scenario = {
  copies?: LocalStackOptions["copies"];
  environment?: Record<string, string>;
  settings?: Record<string, string>;
  play(world: TestWorld): Promise<string>;
};

const film = Buffer.alloc(1_000_000, "film");
const slowly = { bytesPerSecond: 10_000 };
const destination = { container: "archive", blob: "film.mp4" };
/** Its key says that no token is asked for. */
const someTopic = {
  COPY_NOTICE_TOPIC: "http://127.0.0.1:10000/devstoreaccount1/topic",
  COPY_NOTICE_TOPIC_KEY: "key",
};
const busy = { response: { status: 503, code: "ServerBusy" } };

/** Each way through the orchestrator at least once; a new way wants a new scenario. */
export const scenarios: Record<string, Scenario> = {
  "success-in-the-start-response": {
    copies: { finishOnStart: "always" },
    play: async (world) => ended(world, await begin(world)),
  },
  "pending-with-several-reads": {
    copies: slowly,
    play: async (world) => ended(world, await begin(world)),
  },
  "caller-sas": {
    copies: slowly,
    async play(world) {
      const source = await world.upload("inbox/film.mp4", film, secondAccount);
      const body = { source: await world.readSas(source), destination: target(world) };
      return ended(world, (await world.start(body)).id);
    },
  },
  "onto-itself": {
    copies: slowly,
    async play(world) {
      const { url } = await world.upload("inbox/film.mp4", film);
      const body = { source: url, destination: url, options: { overwrite: "always" } };
      return ended(world, (await world.start(body)).id);
    },
  },
  "leased-source": {
    copies: slowly,
    async play(world) {
      const { url } = await world.upload("inbox/film.mp4", film);
      const options = { sourceLease: "hold" };
      const body = { source: url, destination: target(world), options };
      return ended(world, (await world.start(body)).id);
    },
  },
  "abort-while-pending": {
    copies: slowly,
    async play(world) {
      const id = await begin(world);
      await world.clock.advance(10_000);
      await abort(world, id);
      return ended(world, id);
    },
  },
  "abort-before-start": {
    async play(world) {
      const remove = world.local.emulator.faults.add({ operation: "GetBlobProperties", do: busy });
      const id = await begin(world);
      await world.clock.advance(1_000);
      await abort(world, id);
      remove();
      return ended(world, id);
    },
  },
  "abort-found-by-prepare": {
    async play(world) {
      const remove = world.local.emulator.faults.add({
        operation: "GetBlobProperties",
        match: ({ target }) => target.includes("/archive/"),
        do: busy,
      });
      const id = await begin(world);
      await recordAbort(world);
      remove();
      return ended(world, id);
    },
  },
  "abort-that-the-copy-won": {
    copies: slowly,
    async play(world) {
      const id = await begin(world);
      await world.clock.advance(10_000);
      world.local.emulator.copies.finish(destination);
      await abort(world, id);
      return ended(world, id);
    },
  },
  "abort-without-a-response": {
    copies: slowly,
    async play(world) {
      const id = await begin(world);
      await world.clock.advance(10_000);
      const { faults } = world.local.emulator;
      const remove = [
        faults.add({ operation: "AbortCopyBlob", do: busy }),
        faults.add({ operation: "GetBlobProperties", do: busy }),
      ];
      await abort(world, id);
      await world.clock.advance(30_000);
      for (const each of remove) each();
      return ended(world, id);
    },
  },
  "wake-twice": {
    copies: slowly,
    async play(world) {
      const id = await begin(world);
      await world.clock.advance(20_000);
      await raise(world, id, "wake");
      await world.clock.advance(2_000);
      await Promise.all([raise(world, id, "wake"), raise(world, id, "wake")]);
      return ended(world, id);
    },
  },
  "unanswered-start-recovered": {
    copies: slowly,
    async play(world) {
      world.local.emulator.faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
      return ended(world, await begin(world));
    },
  },
  "unanswered-start-recovered-while-settling": {
    copies: slowly,
    async play(world) {
      const { faults, requests } = world.local.emulator;
      faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
      const isSent = () => requests.some(({ operation }) => operation === "CopyBlob");
      const remove = [
        faults.add({ operation: "CopyBlob", do: "reset connection" }),
        faults.add({
          operation: "GetBlobProperties",
          match: ({ target: url }) => url.includes("archive/film.mp4") && isSent(),
          do: busy,
        }),
      ];
      const id = await begin(world);
      await world.clock.advance(1_000);
      await abort(world, id);
      await world.clock.advance(1_000);
      for (const each of remove) each();
      return ended(world, id);
    },
  },
  "stale-plan-once": {
    copies: slowly,
    async play(world) {
      const lost = { response: { status: 412, code: "ConditionNotMet" } };
      world.local.emulator.faults.add({ operation: "CopyBlob", times: 1, do: lost });
      await world.upload("archive/film.mp4", "former");
      return ended(world, await begin(world, { overwrite: "always" }));
    },
  },
  "stale-plan-too-often": {
    async play(world) {
      const lost = { response: { status: 412, code: "ConditionNotMet" } };
      world.local.emulator.faults.add({ operation: "CopyBlob", do: lost });
      await world.upload("archive/film.mp4", "former");
      return ended(world, await begin(world, { overwrite: "always" }));
    },
  },
  "transient-failures-then-success": {
    copies: slowly,
    async play(world) {
      const { faults } = world.local.emulator;
      faults.add({ operation: "GetBlobProperties", times: 4, do: busy });
      faults.add({ operation: "CopyBlob", times: 2, do: busy });
      const id = await begin(world);
      await world.clock.advance(10 * 60_000);
      const remove = faults.add({ operation: "GetBlobProperties", do: busy });
      await world.clock.advance(hour);
      remove();
      return ended(world, id);
    },
  },
  "failed-source": {
    copies: slowly,
    async play(world) {
      const id = await begin(world);
      await world.clock.advance(10_000);
      world.local.emulator.copies.fail(destination);
      return ended(world, id);
    },
  },
  "source-not-found": {
    async play(world) {
      const body = { source: world.blob("inbox/none.mp4").url, destination: target(world) };
      return ended(world, (await world.start(body)).id);
    },
  },
  superseded: {
    copies: slowly,
    async play(world) {
      const id = await begin(world);
      await world.clock.advance(10_000);
      world.local.emulator.copies.finish(destination);
      await world.upload("archive/film.mp4", "somebody else's");
      return ended(world, id);
    },
  },
  skipped: {
    async play(world) {
      await world.upload("archive/film.mp4", "former");
      return ended(world, await begin(world, { overwrite: "skip" }));
    },
  },
  "restart-in-the-middle": {
    copies: slowly,
    async play(world) {
      const id = await begin(world);
      for (let lives = 0; lives < 2; lives++) {
        await world.clock.advance(10_000);
        await world.restart();
      }
      return ended(world, id);
    },
  },
  "settle-with-transient-failures": {
    copies: slowly,
    async play(world) {
      const id = await begin(world);
      await world.clock.advance(10_000);
      world.local.emulator.faults.add({ operation: "DeleteBlob", times: 2, do: busy });
      await abort(world, id);
      return ended(world, id);
    },
  },
  "settle-gives-up": {
    copies: slowly,
    async play(world) {
      const id = await begin(world);
      await world.clock.advance(10_000);
      const { faults } = world.local.emulator;
      const locks = ({ target: url }: { target: string }) => url.includes("ferry-ledger");
      faults.add({ match: locks, do: busy });
      await abort(world, id);
      return ended(world, id);
    },
  },
  "activity-that-could-not-run": {
    async play(world) {
      // Settle writes its line outside of everything that turns errors into values.
      const push = world.log.push.bind(world.log);
      let isFull = true;
      world.log.push = (...entries) => {
        if (isFull && entries.some(({ message }) => /^Copy .* succeeded$/.test(message))) {
          isFull = false;
          // A stack would name the folders of whoever records.
          throw Object.assign(new Error("The disk is full"), { stack: "Error: The disk is full" });
        }
        return push(...entries);
      };
      return ended(world, await begin(world));
    },
  },
  "snapshot-restored": {
    copies: slowly,
    async play(world) {
      await world.upload("archive/film.mp4", "former");
      const id = await begin(world, { overwrite: "always", rollback: "snapshot" });
      await world.clock.advance(10_000);
      await abort(world, id);
      return ended(world, id);
    },
  },
  "waiting-for-another-copy": {
    copies: slowly,
    async play(world) {
      await begin(world);
      const id = await begin(world, { overwrite: "always", ifBusy: "wait" });
      return ended(world, id);
    },
  },
  "repair-of-a-pending-copy": {
    copies: { bytesPerSecond: 1_000 },
    environment: { COPY_WATCHDOG: "" },
    async play(world) {
      const id = await begin(world);
      await world.clock.advance(60_000);
      await terminate(world, id);
      return repairInstanceId(await ended(world, id));
    },
  },
  "repair-that-aborts": {
    copies: { bytesPerSecond: 1_000 },
    async play(world) {
      const id = await begin(world);
      await world.clock.advance(60_000);
      await terminate(world, id);
      await abort(world, id);
      return repairInstanceId(await ended(world, id));
    },
  },
  "notified-after-retries": {
    copies: slowly,
    settings: someTopic,
    async play(world) {
      const { faults } = world.local.emulator;
      const match = ({ target: url }: { target: string }) => url.endsWith("/topic");
      faults.add({ match, times: 3, do: busy });
      faults.add({ match, do: { response: { status: 200, code: "" } } });
      const id = await ended(world, await begin(world));
      await world.clock.advance(hour);
      return id;
    },
  },
  "repair-that-notifies": {
    settings: someTopic,
    async play(world) {
      const { faults } = world.local.emulator;
      const id = await ended(world, await begin(world));
      await terminate(world, id);
      const match = ({ target: url }: { target: string }) => url.endsWith("/topic");
      faults.add({ match, do: { response: { status: 200, code: "" } } });
      await world.clock.advance(2 * hour);
      return repairInstanceId(id);
    },
  },
  "event-that-waits-for-its-source": {
    copies: slowly,
    settings: inboxRoutes(),
    async play(world) {
      const source = await world.upload("other/film.mp4", film);
      await world.container("inbox").create();
      const blob = world.blob("inbox/film.mp4");
      await blob.beginCopyFromURL(source.url, { intervalInMs: hour });
      await deliver(world, [await eventOf(blob, { api: "CopyBlob" })]);
      await world.clock.settled();
      const [copy] = await allCopies(world);
      return ended(world, copy.id);
    },
  },
  "two-weeks": {
    copies: { bytesPerSecond: 0 },
    play: async (world) => ended(world, await begin(world)),
  },
};

async function begin(world: TestWorld, options: Record<string, unknown> = {}): Promise<string> {
  const source = await world.upload("inbox/film.mp4", film);
  return (await world.start({ source: source.url, destination: target(world), options })).id;
}

function target(world: TestWorld): string {
  return world.blob("archive/film.mp4").url;
}

/** Only in the ledger: the event is still on its way. */
async function recordAbort(world: TestWorld): Promise<void> {
  const ledger = world.container("ferry-ledger");
  for await (const { name } of ledger.listBlobsFlat({ prefix: "records/" })) {
    const record = ledger.getBlockBlobClient(name);
    const content = JSON.parse((await record.downloadToBuffer()).toString());
    const text = JSON.stringify({ ...content, abortRequested: true });
    await record.upload(text, text.length);
  }
}

async function abort(world: TestWorld, id: string): Promise<void> {
  await world.call("POST", `/copies/${id}/abort`);
  await world.clock.settled();
}

/** As an operator who mistakes it for an abort. */
async function terminate(world: TestWorld, id: string): Promise<void> {
  const instance = `${world.local.host.url}/runtime/webhooks/durabletask/instances/${id}`;
  await fetch(`${instance}/terminate?reason=mistake`, { method: "POST" });
  await world.clock.settled();
}

/** As the watchdog or an Event Grid trigger would, by Durable's own management route. */
async function raise(world: TestWorld, id: string, name: string): Promise<void> {
  const url = `${world.local.host.url}/runtime/webhooks/durabletask/instances/${id}/raiseEvent/${name}`;
  const headers = { "content-type": "application/json" };
  await fetch(url, { method: "POST", headers, body: "null" });
  await world.clock.settled();
}

/** Moves on until the orchestration, not only the copy, has ended. */
async function ended(world: TestWorld, id: string): Promise<string> {
  const copy = await world.untilEnded(id, 20 * 24);
  if (copy.completedAt === null) throw new Error(`Copy ${id} has not ended: ${copy.status}`);
  await world.clock.settled();
  return id;
}
