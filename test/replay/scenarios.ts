import { toInstanceId } from "../../src/copy/contract/ids.ts";
import { recordName } from "../../src/ledger/instance-id.ts";
import type { StorageRequest } from "../../src/local/storage/http/storage-request.ts";
import type { LocalStackOptions } from "../../src/local/local-stack.ts";
import { repairInstanceId } from "../../src/names.ts";
import { allCopies, deliver, createEvent, inboxRoutes } from "../support/stack/events.ts";
import { hour, secondAccount } from "../support/stack/test-stack.ts";
import type { TestStack } from "../support/stack/test-stack.ts";
import { jobScenarios } from "./job-scenarios.ts";

/** A copy or job to record; `play` returns the id of its instance after it completed. */
export type Scenario = {
  copies?: LocalStackOptions["copies"];
  environment?: Record<string, string>;
  settings?: Record<string, string>;
  play(stack: TestStack): Promise<string>;
};

const film = Buffer.alloc(1_000_000, "film");
const slowly = { bytesPerSecond: 10_000 };
const destination = { container: "archive", blob: "film.mp4" };
/** It has a key, so no token is requested. */
const someTopic = {
  COPY_NOTICE_TOPIC: "http://127.0.0.1:10000/devstoreaccount1/topic",
  COPY_NOTICE_TOPIC_KEY: "key",
};
const busy = { response: { status: 503, code: "ServerBusy" } };

/** Every path through the orchestrator at least once; a new path requires a new scenario. */
export const scenarios: Record<string, Scenario> = {
  ...jobScenarios,
  "success-in-the-start-response": {
    copies: { finishOnStart: "always" },
    play: async (stack) => untilCompleted(stack, await startCopy(stack)),
  },
  "pending-with-several-reads": {
    copies: slowly,
    play: async (stack) => untilCompleted(stack, await startCopy(stack)),
  },
  "caller-sas": {
    copies: slowly,
    async play(stack) {
      const source = await stack.upload("inbox/film.mp4", film, secondAccount);
      const body = { source: await stack.readSas(source), destination: target(stack) };
      return untilCompleted(stack, (await stack.start(body)).id);
    },
  },
  "onto-itself": {
    copies: slowly,
    async play(stack) {
      const { url } = await stack.upload("inbox/film.mp4", film);
      const body = { source: url, destination: url, options: { overwrite: "always" } };
      return untilCompleted(stack, (await stack.start(body)).id);
    },
  },
  "leased-source": {
    copies: slowly,
    async play(stack) {
      const { url } = await stack.upload("inbox/film.mp4", film);
      const options = { sourceLease: "hold" };
      const body = { source: url, destination: target(stack), options };
      return untilCompleted(stack, (await stack.start(body)).id);
    },
  },
  "abort-while-pending": {
    copies: slowly,
    async play(stack) {
      const id = await startCopy(stack);
      await stack.clock.advance(10_000);
      await abort(stack, id);
      return untilCompleted(stack, id);
    },
  },
  "abort-before-start": {
    async play(stack) {
      const remove = stack.local.emulator.faults.add({ operation: "GetBlobProperties", do: busy });
      const id = await startCopy(stack);
      await stack.clock.advance(1_000);
      await abort(stack, id);
      remove();
      return untilCompleted(stack, id);
    },
  },
  "abort-found-by-start": {
    async play(world) {
      const remove = world.local.emulator.faults.add({
        operation: "GetBlobProperties",
        match: ({ target }) => target.includes("/archive/"),
        do: busy,
      });
      const id = await startCopy(world);
      await recordAbort(world, id);
      remove();
      return untilCompleted(world, id);
    },
  },
  "abort-that-the-copy-won": {
    copies: slowly,
    async play(stack) {
      const id = await startCopy(stack);
      await stack.clock.advance(10_000);
      stack.local.emulator.copies.finish(destination);
      await abort(stack, id);
      return untilCompleted(stack, id);
    },
  },
  "abort-without-a-response": {
    copies: slowly,
    async play(stack) {
      const id = await startCopy(stack);
      await stack.clock.advance(10_000);
      const { faults } = stack.local.emulator;
      const remove = [
        faults.add({ operation: "AbortCopyBlob", do: busy }),
        faults.add({ operation: "GetBlobProperties", do: busy }),
      ];
      await abort(stack, id);
      await stack.clock.advance(30_000);
      for (const each of remove) each();
      return untilCompleted(stack, id);
    },
  },
  "wake-twice": {
    copies: slowly,
    async play(stack) {
      const id = await startCopy(stack);
      await stack.clock.advance(20_000);
      await raise(stack, id, "wake");
      await stack.clock.advance(2_000);
      await Promise.all([raise(stack, id, "wake"), raise(stack, id, "wake")]);
      return untilCompleted(stack, id);
    },
  },
  "unanswered-start-recovered": {
    copies: slowly,
    async play(stack) {
      stack.local.emulator.faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
      return untilCompleted(stack, await startCopy(stack));
    },
  },
  "unanswered-start-recovered-while-settling": {
    copies: slowly,
    async play(stack) {
      const { faults, requests } = stack.local.emulator;
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
      const id = await startCopy(stack);
      await stack.clock.advance(1_000);
      await abort(stack, id);
      await stack.clock.advance(1_000);
      for (const each of remove) each();
      return untilCompleted(stack, id);
    },
  },
  "stale-plan-once": {
    copies: slowly,
    async play(stack) {
      const lost = { response: { status: 412, code: "ConditionNotMet" } };
      stack.local.emulator.faults.add({ operation: "CopyBlob", times: 1, do: lost });
      await stack.upload("archive/film.mp4", "former");
      return untilCompleted(stack, await startCopy(stack, { overwrite: "always" }));
    },
  },
  "stale-plan-too-often": {
    async play(stack) {
      const lost = { response: { status: 412, code: "ConditionNotMet" } };
      stack.local.emulator.faults.add({ operation: "CopyBlob", do: lost });
      await stack.upload("archive/film.mp4", "former");
      return untilCompleted(stack, await startCopy(stack, { overwrite: "always" }));
    },
  },
  "transient-failures-then-success": {
    copies: slowly,
    async play(stack) {
      const { faults } = stack.local.emulator;
      faults.add({ operation: "GetBlobProperties", times: 4, do: busy });
      faults.add({ operation: "CopyBlob", times: 2, do: busy });
      const id = await startCopy(stack);
      await stack.clock.advance(10 * 60_000);
      const remove = faults.add({ operation: "GetBlobProperties", do: busy });
      await stack.clock.advance(hour);
      remove();
      return untilCompleted(stack, id);
    },
  },
  "failed-source": {
    copies: slowly,
    async play(stack) {
      const id = await startCopy(stack);
      await stack.clock.advance(10_000);
      stack.local.emulator.copies.fail(destination);
      return untilCompleted(stack, id);
    },
  },
  "source-not-found": {
    async play(stack) {
      const body = { source: stack.blob("inbox/none.mp4").url, destination: target(stack) };
      return untilCompleted(stack, (await stack.start(body)).id);
    },
  },
  superseded: {
    copies: slowly,
    async play(stack) {
      const id = await startCopy(stack);
      await stack.clock.advance(10_000);
      stack.local.emulator.copies.finish(destination);
      await stack.upload("archive/film.mp4", "another client's");
      return untilCompleted(stack, id);
    },
  },
  skipped: {
    async play(stack) {
      await stack.upload("archive/film.mp4", "former");
      return untilCompleted(stack, await startCopy(stack, { overwrite: "skip" }));
    },
  },
  "restart-in-the-middle": {
    copies: slowly,
    async play(stack) {
      const id = await startCopy(stack);
      for (let lives = 0; lives < 2; lives++) {
        await stack.clock.advance(10_000);
        await stack.restart();
      }
      return untilCompleted(stack, id);
    },
  },
  "settle-with-transient-failures": {
    copies: slowly,
    async play(stack) {
      const id = await startCopy(stack);
      await stack.clock.advance(10_000);
      stack.local.emulator.faults.add({ operation: "DeleteBlob", times: 2, do: busy });
      await abort(stack, id);
      return untilCompleted(stack, id);
    },
  },
  "abort-while-settling": {
    copies: slowly,
    async play(stack) {
      const id = await startCopy(stack);
      await stack.clock.advance(10_000);
      const release = stack.local.emulator.faults.add({
        match: isOutcome,
        do: busy,
      });
      stack.local.emulator.copies.finish(destination);
      await stack.clock.advance(30_000);
      await abort(stack, id);
      await stack.clock.advance(5_000);
      release();
      return untilCompleted(stack, id);
    },
  },
  "settle-gives-up": {
    copies: slowly,
    async play(stack) {
      const id = await startCopy(stack);
      await stack.clock.advance(10_000);
      const { faults } = stack.local.emulator;
      faults.add({ match: isOutcome, do: busy });
      await abort(stack, id);
      return untilCompleted(stack, id);
    },
  },
  "activity-that-could-not-run": {
    async play(stack) {
      // Settle writes its log line outside of the code that turns errors into values.
      const push = stack.log.push.bind(stack.log);
      let isFull = true;
      stack.log.push = (...entries) => {
        if (isFull && entries.some(({ message }) => /^Copy .* succeeded$/.test(message))) {
          isFull = false;
          // A stack trace would contain folders of the recording machine.
          throw Object.assign(new Error("The disk is full"), { stack: "Error: The disk is full" });
        }
        return push(...entries);
      };
      return untilCompleted(stack, await startCopy(stack));
    },
  },
  "snapshot-restored": {
    copies: slowly,
    async play(stack) {
      await stack.upload("archive/film.mp4", "former");
      const id = await startCopy(stack, { overwrite: "always", rollback: "snapshot" });
      await stack.clock.advance(10_000);
      await abort(stack, id);
      return untilCompleted(stack, id);
    },
  },
  "waiting-for-another-copy": {
    copies: slowly,
    async play(stack) {
      await startCopy(stack);
      const id = await startCopy(stack, { overwrite: "always", ifBusy: "wait" });
      return untilCompleted(stack, id);
    },
  },
  "repair-of-a-pending-copy": {
    copies: { bytesPerSecond: 1_000 },
    environment: { COPY_WATCHDOG: "" },
    async play(stack) {
      const id = await startCopy(stack);
      await stack.clock.advance(60_000);
      await terminate(stack, id);
      return repairInstanceId(await untilCompleted(stack, id));
    },
  },
  "repair-that-aborts": {
    copies: { bytesPerSecond: 1_000 },
    async play(stack) {
      const id = await startCopy(stack);
      await stack.clock.advance(60_000);
      await terminate(stack, id);
      await abort(stack, id);
      return repairInstanceId(await untilCompleted(stack, id));
    },
  },
  "notified-after-retries": {
    copies: slowly,
    settings: someTopic,
    async play(stack) {
      const { faults } = stack.local.emulator;
      const match = ({ target: url }: { target: string }) => url.endsWith("/topic");
      faults.add({ match, times: 3, do: busy });
      faults.add({ match, do: { response: { status: 200, code: "" } } });
      const id = await untilCompleted(stack, await startCopy(stack));
      await stack.clock.advance(hour);
      return id;
    },
  },
  "repair-that-notifies": {
    settings: someTopic,
    async play(stack) {
      const { faults } = stack.local.emulator;
      const id = await untilCompleted(stack, await startCopy(stack));
      await terminate(stack, id);
      const match = ({ target: url }: { target: string }) => url.endsWith("/topic");
      faults.add({ match, do: { response: { status: 200, code: "" } } });
      await stack.clock.advance(2 * hour);
      return repairInstanceId(id);
    },
  },
  "event-that-waits-for-its-source": {
    copies: slowly,
    settings: inboxRoutes(),
    async play(stack) {
      const source = await stack.upload("other/film.mp4", film);
      await stack.container("inbox").create();
      const blob = stack.blob("inbox/film.mp4");
      await blob.beginCopyFromURL(source.url, { intervalInMs: hour });
      await deliver(stack, [await createEvent(blob, { api: "CopyBlob" })]);
      await stack.clock.settled();
      const [copy] = await allCopies(stack);
      return untilCompleted(stack, copy.id);
    },
  },
  "two-weeks": {
    copies: { bytesPerSecond: 0 },
    play: async (stack) => untilCompleted(stack, await startCopy(stack)),
  },
};

async function startCopy(stack: TestStack, options: Record<string, unknown> = {}): Promise<string> {
  const source = await stack.upload("inbox/film.mp4", film);
  return (await stack.start({ source: source.url, destination: target(stack), options })).id;
}

function target(stack: TestStack): string {
  return stack.blob("archive/film.mp4").url;
}

/** Only in the ledger: the event has not arrived yet. */
async function recordAbort(stack: TestStack, id: string): Promise<void> {
  const record = stack.container("ferry-ledger").getBlockBlobClient(recordName(toInstanceId(id)));
  const text = JSON.stringify({ outcome: null, abortRequested: true });
  await record.upload(text, text.length);
}

/** A request that records the outcome of a copy. */
function isOutcome({ method, target: url, headers }: StorageRequest): boolean {
  const isRecord = method === "PUT" && url.includes("ferry-ledger/records");
  return isRecord && headers["x-ms-meta-status"] !== "running";
}

async function abort(stack: TestStack, id: string): Promise<void> {
  await stack.call("POST", `/copies/${id}/abort`);
  await stack.clock.settled();
}

/** Terminates the instance, as an operator would who mistakes it for an abort. */
async function terminate(stack: TestStack, id: string): Promise<void> {
  const instance = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${id}`;
  await fetch(`${instance}/terminate?reason=mistake`, { method: "POST" });
  await stack.clock.settled();
}

/** Raises an event with Durable's management route, as the watchdog or a storage event would. */
async function raise(stack: TestStack, id: string, name: string): Promise<void> {
  const url = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${id}/raiseEvent/${name}`;
  const headers = { "content-type": "application/json" };
  await fetch(url, { method: "POST", headers, body: "null" });
  await stack.clock.settled();
}

/** Advances the clock until the orchestration, not only the copy, has completed. */
async function untilCompleted(stack: TestStack, id: string): Promise<string> {
  const copy = await stack.untilEnded(id, 20 * 24);
  if (copy.completedAt === null) throw new Error(`Copy ${id} has not ended: ${copy.status}`);
  await stack.clock.settled();
  return id;
}
