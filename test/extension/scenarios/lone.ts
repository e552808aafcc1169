import { repairInstanceId } from "../../../src/names.ts";
import { aborted, settled, succeeded } from "./scenario.ts";
import type { LoneScenario } from "./scenario.ts";

const minute = 60_000;
const day = 24 * 60 * minute;
/** As app-settings.ts has it. */
const stalled = { bytesPerSecond: 0 };

/** They skip time or run a function with a timer trigger, which acts on all copies: one after another, on one stack. */
export const loneScenarios: Record<string, LoneScenario> = {
  "repair-of-a-terminated-instance": {
    copies: stalled,
    async play({ stack, begin, finish }) {
      const { id } = await begin();
      await stack.untilStatus(id, "copying");
      await stack.manage("POST", `instances/${id}/terminate?reason=mistake`);
      await stack.until("the copy is shown with a warning", async () => {
        const { status, warning, copyId } = await stack.get(id);
        return status === "copying" && copyId !== null && warning !== null ? true : null;
      });
      await stack.runFunction("watchdog");
      finish();
      return [await stack.untilEnded(id)];
    },
    expected: { copies: [succeeded], begun: 1, ledger: settled("succeeded") },
  },

  "repair-of-a-purged-instance": {
    copies: stalled,
    async play({ stack, begin, finish }) {
      const { id } = await begin();
      await stack.untilStatus(id, "copying");
      await endInstance(stack, id);
      const { status } = await stack.manage("DELETE", `instances/${id}`);
      if (status !== 200) throw new Error(`The purge returned ${status}`);
      await stack.skipAhead(11 * minute); // the watchdog ignores a lock of less than ten minutes
      await stack.runFunction("watchdog");
      finish();
      return [await stack.untilEnded(id)];
    },
    expected: { copies: [succeeded], begun: 1, ledger: settled("succeeded") },
  },

  "abort-outlives-a-purged-instance": {
    copies: stalled,
    async play({ stack, begin, refuse }) {
      const { id } = await begin();
      await stack.untilStatus(id, "copying");
      const stop = refuse("AbortCopyBlob");
      const { status } = await stack.abort(id);
      if (status !== 202) throw new Error(`The abort returned ${status}`);
      await stack.wait(1_000);
      await endInstance(stack, id);
      await stack.manage("DELETE", `instances/${id}`);
      stop();
      await stack.skipAhead(11 * minute);
      await stack.runFunction("watchdog");
      return [await stack.untilEnded(id)];
    },
    expected: { copies: [aborted], begun: 1, ledger: settled("aborted") },
  },

  "watchdog-after-a-late-read": {
    copies: stalled,
    async play({ stack, begin, finish }) {
      const { id } = await begin();
      await stack.until("the next read is some time ahead", async () => {
        // Both are the orchestration's time, which is behind once time was skipped.
        const { nextReadAt, lastUpdatedAt } = await stack.get(id);
        return Date.parse(nextReadAt ?? "") > Date.parse(lastUpdatedAt) + 10_000 ? true : null;
      });
      await stack.skipAhead(12 * minute);
      await stack.runFunction("watchdog");
      finish();
      return [await stack.untilEnded(id, 30 * minute)];
    },
    expected: { copies: [succeeded], begun: 1, ledger: settled("succeeded") },
  },

  "retention-forgets-what-ended": {
    copies: { finishOnStart: "always" },
    async play({ stack, begin }) {
      const copy = await stack.untilEnded((await begin({ key: "old" })).id);
      await stack.skipAhead(5 * day);
      await stack.runFunction("purge");
      await stack.until("the copy is forgotten", async () => {
        const { status } = await stack.call("GET", `/copies/${copy.id}`);
        return status === 404 ? true : null;
      });
      const { status } = await stack.manage("GET", `instances/${copy.id}`);
      if (status !== 404) throw new Error(`The instance's status returned ${status}`);
      return [copy];
    },
    expected: {
      copies: [succeeded],
      begun: 1,
      ledger: { records: [], locks: 0, outbox: 0, claims: 0, destinations: 0 },
    },
  },

  "retention-passes-what-it-cannot-purge": {
    copies: { finishOnStart: "always" },
    async play({ stack, begin, target }) {
      const held = await stack.untilEnded((await begin({ name: "held" })).id);
      const ended = await stack.untilEnded((await begin()).id);
      // A repair that runs: it follows a copy that stays pending.
      stack.speeds.set(target, stalled);
      const busy = await begin({ name: "busy" });
      const { copyId } = await stack.untilStatus(busy.id, "copying");
      const { input: copy } = (await stack.manage("GET", `instances/${busy.id}`)).json;
      const repair = repairInstanceId(held.id);
      const plan = { source: { etag: null, length: null }, destinationEtag: null };
      const record = { abortRequested: false, startedAt: null, statusReads: 0 };
      const body = {
        version: 1,
        instanceId: held.id,
        copy,
        plan,
        copyId,
        settlement: null,
        record,
      };
      await stack.manage("POST", `orchestrators/repairOrchestration/${repair}`, { body });
      await stack.until("it runs", async () => {
        const { json } = await stack.manage("GET", `instances/${repair}`);
        return json?.runtimeStatus === "Running" ? true : null;
      });
      await stack.skipAhead(5 * day);
      await stack.runFunction("purge");
      await stack.until("the copies are forgotten", async () => {
        const { status } = await stack.call("GET", `/copies/${ended.id}`);
        return status === 404 ? true : null;
      });
      // The first run terminated the repair, so a later one purges the copy.
      await stack.until("the copy that was repaired is forgotten", async () => {
        await stack.runFunction("purge");
        const { status } = await stack.call("GET", `/copies/${held.id}`);
        return status === 404 ? true : null;
      });
      return [ended];
    },
    expected: {
      copies: [succeeded],
      begun: 3,
      ledger: { records: [], locks: 0, outbox: 0, claims: 0, destinations: 0 },
    },
  },
};

/** Terminates an instance, and waits until it has ended. */
async function endInstance(stack: Parameters<LoneScenario["play"]>[0]["stack"], id: string) {
  await stack.manage("POST", `instances/${id}/terminate?reason=mistake`);
  await stack.until("the instance is terminated", async () => {
    const { json } = await stack.manage("GET", `instances/${id}`);
    return json?.runtimeStatus === "Terminated" ? true : null;
  });
}
