import { HttpRequest } from "@azure/functions";
import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { expect, test } from "vitest";
import { pickEndpoints } from "../../../src/copy/contract/activities.ts";
import type { CopyInput } from "../../../src/copy/contract/activities.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { LedgerError } from "../../../src/ledger/ledger-error.ts";
import { createSeal } from "../../../src/secrets/seal.ts";
import { epochMs } from "../../../src/copy/time.ts";
import type { EpochMs } from "../../../src/copy/time.ts";
import type { InstanceId } from "../../../src/copy/contract/ids.ts";
import { virtualClock } from "../../../src/local/clock.ts";
import type { VirtualClock } from "../../../src/local/clock.ts";
import type { StorageEmulatorOptions } from "../../../src/local/storage/emulator.ts";
import { abortCopy } from "../../../src/triggers/http/abort-copy.ts";
import { deleteCopy } from "../../../src/triggers/http/delete-copy.ts";
import { getCopy } from "../../../src/triggers/http/get-copy.ts";
import { watchdog } from "../../../src/triggers/timers/watchdog.ts";
import { atEnd, noon, startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import type { Storage } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

/*
 * An operator terminates a copy whose step is still running, and its caller deletes it. DELETE runs before each
 * request that the step makes to the ledger, and the step before each one of DELETE. If the response is 204, the copy
 * stays deleted, nothing is copied and no URL is left. That holds even if the step is killed after its next request:
 * then the watchdog removes the rest.
 */

const canary = "canary";

type Trial = {
  storage: Storage;
  steps: ReturnType<typeof createSteps>;
  /** The steps whose requests to the ledger are interrupted. */
  running: ReturnType<typeof createSteps>;
  client: DurableClient;
  deps: Parameters<typeof deleteCopy>[0];
  instanceId: InstanceId;
  copy: CopyInput;
  /** A copy that holds the destination, and its end. */
  holder?: { end(): Promise<unknown> };
};

type Case = {
  step: string;
  options?: object;
  copies?: StorageEmulatorOptions["copies"];
  prepare?(trial: Trial): Promise<unknown>;
  run(trial: Trial): Promise<unknown>;
};

const minute = 60_000;
const start = ({ running, instanceId, copy }: Trial, attempt = 1) =>
  running.startCopy({ instanceId, copy, attempt });
const settling = ({ instanceId, copy }: Trial) => ({
  instanceId,
  copy: pickEndpoints(copy),
  plan: null,
  copyId: null,
  result: { kind: "aborted-before-start" } as const,
  record: { abortRequested: true, startedAt: null, statusReads: 0 },
  isLastAttempt: false,
  notifies: copy,
});
const settle = (trial: Trial) => trial.running.settleCopy(settling(trial));
/** Another copy holds the destination. */
async function occupy(trial: Trial) {
  const { storage, steps } = trial;
  const source = await uploadBlob(storage.service, "y".repeat(1_000), { blob: "other.mp4" });
  const { destination } = trial.copy;
  const body = { source: source.url, destination: blobUrl(storage, destination.path) };
  const { instanceId, copy } = createCopyInput(storage, body);
  await steps.ledger.acquireLock(instanceId, copy);
  trial.holder = {
    end: () => steps.ledger.releaseLock(destination, instanceId, null),
  };
}

const blobUrl = ({ service }: Storage, name: string) =>
  service.getContainerClient("source").getBlobClient(name).url;

const quick = { finishOnStart: "always" } as const;
const waits = { ifBusy: "wait", overwrite: "always" };

const cases: Case[] = [
  { step: "a start that leaves the copy pending", run: start },
  { step: "a start that completes the copy", copies: quick, run: start },
  {
    step: "a start that finds the destination",
    prepare: ({ storage }) => uploadBlob(storage.service, "x", { blob: `${canary}-copy` }),
    run: start,
  },
  {
    step: "a start that leases the source and takes a snapshot",
    options: { sourceLease: "hold", rollback: "snapshot", overwrite: "always" },
    prepare: ({ storage }) => uploadBlob(storage.service, "x", { blob: `${canary}-copy` }),
    run: start,
  },
  { step: "a start that joins a queue", options: waits, prepare: occupy, run: start },
  {
    step: "a start that finds an earlier waiter",
    options: waits,
    async prepare({ steps, storage, copy }) {
      const earlier = newInstanceId(epochMs(storage.clock.now() - minute));
      await steps.ledger.queue.rejoin(copy.destination, earlier);
    },
    run: start,
  },
  {
    step: "a start that waits for its source",
    options: waits,
    async prepare({ storage }) {
      const original = await uploadBlob(storage.service, "y".repeat(1_000), { blob: "o.mp4" });
      const source = storage.service.getContainerClient("source").getBlobClient(canary);
      await source.beginCopyFromURL(original.url, { intervalInMs: 3_600_000 });
    },
    run: start,
  },
  {
    step: "a start that Storage does not respond to",
    prepare: async ({ storage }) =>
      storage.emulator.faults.add({
        operation: "GetBlobProperties",
        match: ({ target }) => target.includes(canary),
        do: { response: { status: 503, code: "ServerBusy" } },
      }),
    run: start,
  },
  {
    step: "a second attempt to start, in a queue",
    options: waits,
    async prepare(trial) {
      await occupy(trial);
      const { steps, instanceId, copy } = trial;
      await steps.startCopy({ instanceId, copy });
    },
    run: (trial) => start(trial, 2),
  },
  {
    step: "a late start of a settled copy",
    options: waits,
    copies: quick,
    async prepare(trial) {
      await trial.steps.settleCopy({ ...settling(trial), notifies: undefined as never });
      await occupy(trial);
    },
    run: start,
  },
  { step: "a settlement", run: settle },
  {
    step: "the settlement of a waiting copy",
    options: waits,
    async prepare(trial) {
      await occupy(trial);
      const { steps, instanceId, copy } = trial;
      await steps.startCopy({ instanceId, copy });
    },
    run: settle,
  },
  {
    step: "a settlement that removes a stub",
    async prepare(trial) {
      const { steps, instanceId, copy, storage } = trial;
      await steps.startCopy({ instanceId, copy });
      const destination = storage.service
        .getContainerClient("source")
        .getBlobClient(`${canary}-copy`);
      const { copyId = "" } = await destination.getProperties();
      await destination.abortCopyFromURL(copyId);
    },
    async run(trial) {
      const { steps, running, instanceId, copy } = trial;
      const { plan = null, copyId = null } = (await steps.ledger.records.read(instanceId)) ?? {};
      if (plan === null || copyId === null) throw new Error("The copy must have started");
      const result = await steps.readCopy({ instanceId, copy: pickEndpoints(copy), plan, copyId });
      if (result.kind !== "aborted") throw new Error(result.kind);
      return await running.settleCopy({ ...settling(trial), plan, copyId, result });
    },
  },
  {
    step: "an abort",
    options: waits,
    async prepare(trial) {
      await occupy(trial);
      const { steps, instanceId, copy } = trial;
      await steps.startCopy({ instanceId, copy });
    },
    run: async ({ deps, running, client, instanceId }) =>
      await abortCopy({ ...deps, ledger: running.ledger })(
        request("POST", instanceId),
        client,
        quiet,
      ),
  },
  {
    step: "the watchdog, which finds the lock",
    async prepare({ steps, storage, instanceId, copy }) {
      await steps.ledger.acquireLock(instanceId, copy);
      await storage.clock.advance(30 * minute);
    },
    run: async ({ running, client, deps }) =>
      await watchdog({ ledger: running.ledger, now: deps.now })(null, client, quiet),
  },
];

const quiet = {
  log: () => {},
  warn: () => {},
  error: (line: string) => {
    throw new Error(line);
  },
} as unknown as InvocationContext; // nothing else is called

function request(method: string, id: string): HttpRequest {
  return new HttpRequest({ method, url: `http://localhost/api/copies/${id}`, params: { id } });
}

/** Durable has a terminated instance of the copy until it is purged; repairs never end. */
function terminatedInstance(instanceId: InstanceId, copy: CopyInput, now: () => EpochMs) {
  let isPurged = false;
  return {
    getStatus: async (id: string) => {
      if (id !== instanceId || isPurged) throw new Error("the extension replied with HTTP 404");
      const status = { name: "copyOrchestration", runtimeStatus: "Terminated", input: copy };
      return { ...status, customStatus: null, lastUpdatedTime: now() };
    },
    purgeInstanceHistory: async (id: string) => {
      isPurged ||= id === instanceId;
    },
    startNew: async (_name: string, { instanceId: id }: { instanceId: string }) => id,
    raiseEvent: async () => {},
  } as unknown as DurableClient; // nothing else is called
}

/** Prepares the copy. `interrupt` runs before each request of the running step to the ledger. */
async function createTrial(
  { options = {}, copies = { bytesPerSecond: 10 }, prepare }: Case,
  { clock, interrupt }: { clock: VirtualClock; interrupt: () => Promise<void> },
): Promise<Trial> {
  const storage = await startStorage({ copies, clock });
  const steps = createSteps(storage);
  const running = createSteps(storage, {}, createSeal([]), interrupt);
  const source = await uploadBlob(storage.service, "x".repeat(1_000), { blob: canary });
  const body = { source: source.url, destination: blobUrl(storage, `${canary}-copy`), options };
  const { instanceId, copy: posted } = createCopyInput(storage, body);
  const copy: CopyInput = { ...posted, notifies: true };
  const now = () => epochMs(storage.clock.now());
  const client = terminatedInstance(instanceId, copy, now);
  const principals = { areTrusted: false, operators: [] };
  const deps = { ledger: steps.ledger, principals, now };
  const trial: Trial = { storage, steps, running, client, deps, instanceId, copy };
  await prepare?.(trial);
  return trial;
}

/** The names of the ledger's blobs with a URL of the copy, or with its id in the name. */
async function leftovers({ storage, instanceId }: Trial): Promise<string[]> {
  const ledger = storage.service.getContainerClient("ferry-ledger");
  const found: string[] = [];
  for await (const { name, metadata } of ledger.listBlobsFlat({ includeMetadata: true })) {
    const text = `${await ledger.getBlobClient(name).downloadToBuffer()}${JSON.stringify(metadata)}`;
    const isOwn = name.endsWith(instanceId) && !name.startsWith("records/");
    if (
      isOwn ||
      text.includes(`${canary}"`) ||
      (text.includes(instanceId) && text.includes(canary))
    ) {
      found.push(name);
    }
  }
  return found;
}

type Order = { nth: number; clock: VirtualClock };

/** Runs the step; DELETE comes before its nth request to the ledger. Returns null if the step makes fewer. */
async function deleteDuring(wanted: Case, fate: "completes" | "is killed", { nth, clock }: Order) {
  let left = -1;
  let response: number | null = null;
  let die = () => {};
  const death = new Promise<void>((resolve) => (die = resolve));
  const interrupt = async (): Promise<void> => {
    if (left === -1 || left-- > 0) return;
    if (response !== null) {
      die();
      await new Promise(() => {});
    }
    response = await deleteIt(trial);
    // The request after the DELETE is sent; the next one is not if the step is killed.
    left = fate === "completes" ? -1 : 1;
  };
  const trial = await createTrial(wanted, { clock, interrupt });
  const before = countStarts(trial);
  left = nth;
  await Promise.race([wanted.run(trial), death]);
  left = -1;
  if (response === null) return null;
  if (fate === "is killed") {
    const { storage, steps, client, deps } = trial;
    await trial.holder?.end();
    await storage.clock.advance(30 * minute);
    await watchdog({ ledger: steps.ledger, now: deps.now })(null, client, quiet);
  }
  return await show(trial, { response, before });
}

/** Runs DELETE; the step comes before its nth request to the ledger. Returns null if DELETE makes fewer. */
async function runDuring(wanted: Case, { nth, clock }: Order) {
  let left = -1;
  let hasRun = false;
  const interrupt = async (): Promise<void> => {
    if (left === -1 || left-- > 0) return;
    hasRun = true;
    await wanted.run({ ...trial, running: trial.steps, deps: { ...deps, ledger } });
  };
  const trial = await createTrial(wanted, { clock, interrupt });
  const { deps, running } = trial;
  const { ledger } = trial.steps;
  const before = countStarts(trial);
  left = nth;
  const response = await deleteIt({ ...trial, deps: { ...deps, ledger: running.ledger } });
  left = -1;
  return hasRun ? await show(trial, { response, before }) : null;
}

async function deleteIt({ deps, client, instanceId }: Trial): Promise<number> {
  return (await deleteCopy(deps)(request("DELETE", instanceId), client, quiet)).status ?? 0;
}

function countStarts({ storage }: Trial): number {
  const { requests } = storage.emulator;
  return requests.filter(
    ({ operation, url }) => operation === "CopyBlob" && url.includes(`${canary}-copy`),
  ).length;
}

async function show(trial: Trial, { response, before }: { response: number; before: number }) {
  const { deps, client, instanceId } = trial;
  const shown = (await getCopy(deps)(request("GET", instanceId), client, quiet)).status;
  return { response, shown, left: await leftovers(trial), starts: countStarts(trial) - before };
}

type Shown = Awaited<ReturnType<typeof show>>;

/** Tries every request in turn, until there are no more. */
async function tryAll(attempt: (order: Order) => Promise<Shown | null>) {
  const clock = virtualClock(noon);
  atEnd(() => clock.dispose());
  const results: (Shown & { nth: number })[] = [];
  for (let nth = 0; ; nth++) {
    const result = await attempt({ nth, clock });
    if (result === null) return results;
    results.push({ nth, ...result });
  }
}

/** The results that break the promise: 204 means deleted, and 409 that nothing was deleted. */
function broken(results: readonly Shown[]): Shown[] {
  return results.filter(({ response, shown, left, starts }) =>
    response === 204 ? shown !== 404 || left.length > 0 || starts > 0 : response !== 409,
  );
}

test.each(cases)(
  "$step, which completes after a DELETE, leaves the copy deleted",
  async (wanted) => {
    const results = await tryAll((order) => deleteDuring(wanted, "completes", order));
    expect(results).not.toEqual([]);
    expect(broken(results)).toEqual([]);
  },
);

test.each(cases)(
  "$step, which is killed after a DELETE, leaves the copy deleted",
  async (wanted) => {
    const results = await tryAll((order) => deleteDuring(wanted, "is killed", order));
    expect(results).not.toEqual([]);
    expect(broken(results)).toEqual([]);
  },
);

test.each(cases)("$step, which runs during a DELETE, leaves the copy deleted", async (wanted) => {
  const results = await tryAll((order) => runDuring(wanted, order));
  expect(results).not.toEqual([]);
  expect(broken(results)).toEqual([]);
});

test("a late start of a deleted copy removes the notification that a killed step has added", async () => {
  const clock = virtualClock(noon);
  atEnd(() => clock.dispose());
  const trial = await createTrial(
    { step: "a late start", run: start },
    { clock, interrupt: async () => {} },
  );
  const { steps, instanceId, copy, deps } = trial;
  await steps.ledger.records.forget(instanceId, deps.now());
  await steps.ledger.outbox.add(instanceId, copy);
  expect(await start(trial)).toMatchObject({ kind: "ended" });
  expect(await leftovers(trial)).toEqual([]);
});

test("a start of a deleted copy that cannot read its record once leaves the queue", async () => {
  const clock = virtualClock(noon);
  atEnd(() => clock.dispose());
  const joins = { step: "a start", options: waits, prepare: occupy, run: start };
  const trial = await createTrial(joins, { clock, interrupt: async () => {} });
  const { running, steps, instanceId, deps } = trial;
  await steps.ledger.records.forget(instanceId, deps.now());
  const { records } = running.ledger;
  const { change } = records;
  records.change = async () => {
    records.change = change;
    throw new LedgerError("read", { cause: new Error("no response") });
  };
  expect(await start(trial)).toMatchObject({ kind: "transient-failure" });
  expect(await leftovers(trial)).toEqual([]);
});
