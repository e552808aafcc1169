import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { expect, test } from "vitest";
import { epochMs } from "../../../src/copy/time.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { repairInstanceId } from "../../../src/names.ts";
import { purge } from "../../../src/triggers/timers/purge.ts";
import { day, startStorage } from "../../support/stack/emulator.ts";
import { createSteps } from "../../support/stack/steps.ts";

/** A ledger with old copies that have ended. `instances`: the status of those that Durable has. */
async function oldCopies(count: number) {
  const storage = await startStorage();
  const { clock } = storage;
  const { ledger } = createSteps(storage);
  const ids = Array.from({ length: count }, () => newInstanceId(epochMs(clock.now())));
  const at = new Date(clock.now()).toISOString();
  const blob = { service: "blob", origin: "https://a.example", account: "a", container: "in" };
  const endpoint = { ...blob, path: "x" } as never;
  for (const instanceId of ids) {
    await ledger.addRecord({ instanceId, source: endpoint, destination: endpoint, createdAt: at });
    await ledger.recordOutcome(instanceId, { status: "succeeded", completedAt: at } as never);
  }
  await clock.advance(5 * day);

  const instances = new Map<string, string>();
  const broken = new Set<string>();
  const client = {
    async getStatus(id: string) {
      const runtimeStatus = instances.get(id);
      if (runtimeStatus === undefined) throw new Error("replied with HTTP 404");
      const name = id.startsWith("repair-") ? "repairOrchestration" : "copyOrchestration";
      const input = name === "repairOrchestration" ? { copy: {} } : {};
      return { name, runtimeStatus, input, lastUpdatedTime: clock.now() };
    },
    async purgeInstanceHistory(id: string) {
      if (broken.has(id))
        throw new Error("The operation failed with an unexpected status code: 500");
      const runtimeStatus = instances.get(id);
      if (runtimeStatus === "Running" || runtimeStatus === "Suspended") {
        throw new Error("The operation failed with an unexpected status code: 412");
      }
      instances.delete(id);
    },
    async terminate(id: string) {
      instances.set(id, "Terminated");
    },
  } as unknown as DurableClient; // the purge calls nothing else
  const errors: string[] = [];
  const context = { log: () => {}, error: (line: string) => errors.push(line) };
  const run = () => {
    const deps = { ledger, now: () => epochMs(clock.now()), retentionDays: 3 };
    return purge(deps)({}, client, context as unknown as InvocationContext);
  };
  const kept = async () => {
    const records = await Promise.all(ids.map((id) => ledger.readRecord(id)));
    return ids.filter((_, index) => records[index] !== null);
  };
  return { clock, ids, instances, broken, errors, run, kept };
}

test.each(["Running", "Suspended"])(
  "an old copy whose instance is still %s is terminated, and purged the next day",
  async (status) => {
    const { clock, ids, instances, errors, run, kept } = await oldCopies(2);
    const [id = ""] = ids;
    for (const each of [id, repairInstanceId(id)]) instances.set(each, status);
    await run();
    expect(await kept()).toEqual([id]);
    expect([...instances.values()]).toEqual(["Terminated", "Terminated"]);
    await run(); // not before tomorrow
    expect(await kept()).toEqual([id]);
    await clock.advance(day);
    await run();
    expect(await kept()).toEqual([]);
    expect([instances.size, errors]).toEqual([0, []]);
  },
);

test("more than a batch of copies that cannot be purged does not delay the others", async () => {
  const { ids, broken, errors, run, kept } = await oldCopies(130);
  const stuck = ids.toSorted().slice(0, 110);
  for (const id of stuck) broken.add(id);
  await run();
  expect((await kept()).toSorted()).toEqual(stuck);
  expect(errors).toEqual(["Cannot purge 110 old copies now; the next run retries them in an hour"]);
  broken.clear();
  await run();
  expect(await kept()).toEqual([]);
});
