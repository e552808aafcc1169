import { aborted, film, settled, succeeded } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";

const stalled = { bytesPerSecond: 0 };
const twoSeconds = { bytesPerSecond: 500_000 };

/** They run at the same time on one stack. */
export const calmScenarios: Record<string, Scenario> = {
  "finished-in-the-start-response": {
    copies: { finishOnStart: "always" },
    async play({ stack, begin }) {
      const { id } = await begin();
      return [await stack.untilEnded(id)];
    },
    expected: { copies: [succeeded], begun: 1, ledger: settled("succeeded") },
  },

  pending: {
    copies: twoSeconds,
    async play({ stack, begin }) {
      const { id } = await begin();
      await stack.untilStatus(id, "copying");
      return [await stack.untilEnded(id)];
    },
    expected: { copies: [succeeded], begun: 1, ledger: settled("succeeded") },
  },

  "one-key-many-times": {
    copies: twoSeconds,
    async play({ stack, begin }) {
      const { id } = await begin({ key: "key-1" });
      const body = {
        source: stack.blob(`one-key-many-times-source/${film}`).url,
        destination: stack.blob(`one-key-many-times-target/${film}`).url,
        options: {},
      };
      const headers = { "idempotency-key": "key-1" };
      const again = await Promise.all(
        [1, 2, 3].map(() => stack.call("POST", "/copies", { body, headers })),
      );
      for (const { status, json } of again) {
        if (status !== 200 || json.id !== id) throw new Error(`${status}: ${JSON.stringify(json)}`);
      }
      return [await stack.untilEnded(id)];
    },
    expected: {
      copies: [succeeded],
      begun: 1,
      ledger: { ...settled("succeeded"), claims: 1 },
    },
  },

  "failed-at-storage": {
    copies: stalled,
    async play({ stack, begin, target }) {
      const { id } = await begin();
      await stack.untilStatus(id, "copying");
      stack.emulator.copies.fail({ container: target, blob: film });
      return [await stack.untilEnded(id)];
    },
    expected: {
      copies: [
        { ...succeeded, status: "failed", cause: "source-unreadable", copyStatus: "failed" },
      ],
      begun: 1,
      ledger: settled("failed"),
    },
  },

  "source-not-found": {
    async play({ stack, source, target }) {
      const content = Buffer.from("so that the container exists");
      for (const container of [source, target]) await stack.upload(`${container}/other`, content);
      const body = {
        source: stack.blob(`${source}/none`).url,
        destination: stack.blob(`${target}/none`).url,
      };
      const { id } = await stack.start(body);
      return [await stack.untilEnded(id)];
    },
    expected: {
      copies: [{ ...succeeded, status: "failed", cause: "source-not-found", copyStatus: null }],
      begun: 0,
      ledger: settled("failed"),
    },
  },

  "abort-while-queued": {
    copies: twoSeconds,
    async play({ stack, begin, refuse, source }) {
      const stop = refuse("GetBlobProperties", source);
      const { id } = await begin();
      await stack.wait(1_000);
      const { status } = await stack.abort(id);
      if (status !== 202) throw new Error(`The abort returned ${status}`);
      stop();
      return [await stack.untilEnded(id)];
    },
    expected: {
      copies: [{ ...aborted, copyStatus: null }],
      begun: 0,
      ledger: settled("aborted"),
    },
  },

  "abort-while-pending": {
    copies: stalled,
    async play({ stack, begin }) {
      const { id } = await begin();
      await stack.untilStatus(id, "copying");
      const both = await Promise.all([stack.abort(id), stack.abort(id)]);
      if (both.some(({ status }) => status !== 202)) throw new Error("An abort was rejected");
      return [await stack.untilEnded(id)];
    },
    expected: { copies: [aborted], begun: 1, ledger: settled("aborted") },
  },

  "abort-at-the-end": {
    copies: stalled,
    async play({ stack, begin, finish, refuse }) {
      const { id } = await begin();
      await stack.untilStatus(id, "copying");
      // Otherwise the event of the finished copy could wake the instance before the abort does.
      const stop = refuse("GetBlobProperties");
      finish();
      const { status } = await stack.abort(id);
      if (status !== 202) throw new Error(`The abort returned ${status}`);
      await stack.untilStatus(id, "aborting");
      stop();
      return [await stack.untilEnded(id)];
    },
    expected: {
      copies: [{ ...succeeded, abortRequested: true }],
      begun: 1,
      ledger: settled("succeeded"),
    },
  },

  "woken-by-an-event": {
    copies: stalled,
    async play({ stack, begin, finish }) {
      const { id } = await begin();
      // The reads of a copy without progress: 2, 5 and 22 seconds after its start.
      await stack.until("the third read is far ahead", async () => {
        const { nextReadAt } = await stack.get(id);
        return Date.parse(nextReadAt ?? "") > stack.now() + 10_000 ? true : null;
      });
      finish();
      return [await stack.untilEnded(id, 5_000)];
    },
    expected: { copies: [succeeded], begun: 1, ledger: settled("succeeded") },
  },

  "waits-for-a-busy-destination": {
    copies: stalled,
    async play({ stack, begin, finish }) {
      const { id } = await begin();
      await stack.untilStatus(id, "copying");
      const waiting = await begin({ options: { overwrite: "always", ifBusy: "wait" } });
      const refused = await stack.untilEnded(
        (await begin({ options: { overwrite: "always" } })).id,
      );
      finish();
      const first = await stack.untilEnded(id);
      await stack.untilStatus(waiting.id, "copying", 120_000);
      finish();
      return [first, await stack.untilEnded(waiting.id), refused];
    },
    expected: {
      copies: [
        succeeded,
        succeeded,
        { ...succeeded, status: "failed", cause: "destination-busy", copyStatus: null },
      ],
      begun: 2,
      ledger: settled("failed", "succeeded", "succeeded"),
    },
  },

  "queue-of-waiters": {
    copies: twoSeconds,
    async play({ stack, begin }) {
      const first = await begin();
      await stack.untilStatus(first.id, "copying");
      const waiters = [];
      for (let place = 0; place < 6; place++) {
        waiters.push(await begin({ options: { overwrite: "always", ifBusy: "wait" } }));
      }
      const ended = [await stack.untilEnded(first.id)];
      // Their own timers would take more than a minute.
      for (const { id } of waiters) ended.push(await stack.untilEnded(id, 50_000));
      const starts = ended.map(({ startedAt }) => String(startedAt));
      if (starts.toSorted().join() !== starts.join()) throw new Error(`Not in order: ${starts}`);
      return ended;
    },
    expected: {
      copies: Array.from({ length: 7 }, () => succeeded),
      begun: 7,
      ledger: settled(...Array.from({ length: 7 }, () => "succeeded")),
    },
  },

  rollback: {
    copies: { bytesPerSecond: 50_000 }, // the former content, a few bytes, is restored quickly
    async play({ stack, begin, target }) {
      await stack.upload(`${target}/${film}`, Buffer.from("former"));
      const { id } = await begin({ options: { overwrite: "always", rollback: "snapshot" } });
      await stack.untilStatus(id, "copying");
      await stack.abort(id);
      const copy = await stack.untilEnded(id);
      const content = await stack.blob(`${target}/${film}`).downloadToBuffer();
      if (content.toString() !== "former") throw new Error(`The content is "${content}"`);
      return [copy];
    },
    expected: {
      copies: [aborted],
      begun: 2, // the second one restores the former content
      // The claim remembers when the restored content was written.
      ledger: { ...settled("aborted"), claims: 1 },
    },
  },

  "abort-of-a-terminated-instance": {
    copies: stalled,
    async play({ stack, begin }) {
      const { id } = await begin();
      await stack.untilStatus(id, "copying");
      await stack.manage("POST", `instances/${id}/terminate?reason=mistake`);
      await stack.until("the copy is shown with a warning", async () =>
        (await stack.get(id)).warning === null ? null : true,
      );
      const { status } = await stack.abort(id);
      if (status !== 202) throw new Error(`The abort returned ${status}`);
      return [await stack.untilEnded(id)];
    },
    expected: { copies: [aborted], begun: 1, ledger: settled("aborted") },
  },

  "suspended-and-resumed": {
    copies: stalled,
    async play({ stack, begin, finish }) {
      const { id } = await begin();
      await stack.untilStatus(id, "copying");
      const { status } = await stack.manage("POST", `instances/${id}/suspend?reason=x`);
      if (status !== 202) throw new Error(`The suspension returned ${status}`);
      await stack.until("the copy is shown with a warning", async () =>
        (await stack.get(id)).warning === null ? null : true,
      );
      finish();
      await stack.wait(3_000);
      await stack.manage("POST", `instances/${id}/resume?reason=x`);
      return [await stack.untilEnded(id)];
    },
    expected: { copies: [succeeded], begun: 1, ledger: settled("succeeded") },
  },
};
