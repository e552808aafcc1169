import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { expect, test } from "vitest";
import { toInstanceId } from "../../../src/copy/contract/ids.ts";
import { epochMs } from "../../../src/copy/time.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { newRecord, withOutcome } from "../../../src/ledger/record.ts";
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
    const record = newRecord({
      source: endpoint,
      destination: endpoint,
      createdAt: at,
      owner: undefined,
    });
    const outcome = { status: "succeeded", completedAt: at } as never;
    await ledger.records.write(instanceId, withOutcome(record, outcome), null);
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
    async getStatusBy() {
      return [...instances].map(([instanceId, runtimeStatus]) => ({ instanceId, runtimeStatus }));
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
    const records = await Promise.all(ids.map((id) => ledger.records.read(id)));
    return ids.filter((_, index) => records[index] !== null);
  };
  return { ledger, clock, ids, instances, broken, errors, run, kept };
}

test.each(["Running", "Suspended"])(
  "an old copy whose instance is still %s is terminated, and purged by a later run",
  async (status) => {
    const { ids, instances, errors, run, kept } = await oldCopies(2);
    const [id = ""] = ids;
    for (const each of [id, repairInstanceId(id)]) instances.set(each, status);
    await run();
    expect(await kept()).toEqual([id]);
    expect([...instances.values()]).toEqual(["Terminated", "Terminated"]);
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

test("a claim is deleted with its record; the scan deletes a claim without a record, and keeps one with a record", async () => {
  const { ledger, ids, run, clock } = await oldCopies(1);
  const [old] = ids;
  if (old === undefined) throw new Error("no copy");
  const claim = async (key: string, instanceId: typeof old) => {
    const { name } = await ledger.claim({ caller: "", key }, { instanceId, fingerprint: "" });
    return name;
  };
  const own = await claim("own", old);
  await ledger.records.change(old, undefined, (record) => ({ ...record, claim: own }));
  const lost = await claim("lost", newInstanceId(epochMs(clock.now())));
  await clock.advance(5 * day);
  const recent = await claim("recent", newInstanceId(epochMs(clock.now())));
  await run();
  const left = [];
  for (const name of [own, lost, recent]) {
    if ((await ledger.retention.readClaim(name)) !== null) left.push(name);
  }
  expect(left).toEqual([recent]);
});

test("a claim is kept for as long as its record, even if Durable's history of the copy was deleted", async () => {
  const { ledger, ids, run, clock, kept } = await oldCopies(1);
  const [instanceId] = ids;
  if (instanceId === undefined) throw new Error("no copy");
  const claim = { instanceId, fingerprint: "" };
  const { name } = await ledger.claim({ caller: "", key: "order-1" }, claim);
  await clock.advance(5 * day);
  const outcome = {
    status: "succeeded",
    completedAt: new Date(clock.now()).toISOString(),
  } as never;
  await ledger.records.change(instanceId, undefined, (record) => ({
    ...record,
    claim: name,
    outcome,
  }));
  await run();
  expect(await kept()).toEqual([instanceId]);
  expect(await ledger.retention.readClaim(name)).toEqual(claim);
});

test("instances without a record are purged once a day when they are old and have ended; others stay", async () => {
  const { ledger, ids, instances, run, clock } = await oldCopies(1);
  const [recorded = toInstanceId("")] = ids;
  const id = () => newInstanceId(epochMs(clock.now()));
  const [terminated, running, foreign] = [id(), id(), "of-a-stranger"];
  await clock.advance(4 * day);
  const completedAt = new Date(clock.now()).toISOString();
  await ledger.records.change(recorded, undefined, (record) => ({
    ...record,
    outcome: { status: "succeeded", completedAt } as never,
  }));
  for (const each of [recorded, terminated, foreign]) instances.set(each, "Terminated");
  instances.set(running, "Running");
  await run();
  expect(instances.size).toBe(4); // at noon, the daily purge is not due
  await clock.advance(day / 2);
  await run();
  expect([...instances.keys()].toSorted()).toEqual([foreign, recorded, running].toSorted());
});
