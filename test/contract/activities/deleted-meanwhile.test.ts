import { HttpRequest } from "@azure/functions";
import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { describe, expect, test } from "vitest";
import { pickEndpoints } from "../../../src/copy/contract/activities.ts";
import type { CopyInput } from "../../../src/copy/contract/activities.ts";
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
 * An operator terminates a copy whose step is still running, and its caller deletes it. DELETE runs before each request
 * that the step makes to the ledger. If it responds with 204, then the copy stays deleted and no URL is left: whether
 * the step then completes, or is killed and the watchdog runs.
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
      await storage.clock.advance(-minute);
      const earlier = createCopyInput(storage, {
        source: blobUrl(storage, "other.mp4"),
        destination: blobUrl(storage, `${canary}-copy`),
      });
      await storage.clock.advance(minute);
      await steps.ledger.queue.rejoin(copy.destination, earlier.instanceId);
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
      const destination = storage.service.getContainerClient("source").getBlobClient(`${canary}-copy`);
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
      await abortCopy({ ...deps, ledger: running.ledger })(request("POST", instanceId), client, quiet),
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
    if (isOwn || text.includes(`${canary}"`) || (text.includes(instanceId) && text.includes(canary))) {
      found.push(name);
    }
  }
  return found;
}

/** Runs the step; DELETE comes before its nth request to the ledger. Returns null if the step makes fewer. */
async function interrupted(
  wanted: Case,
  { nth, fate, clock }: { nth: number; fate: "completes" | "is killed"; clock: VirtualClock },
) {
  let left = -1;
  let response: number | null = null;
  let killed: () => void = () => {};
  const death = new Promise<void>((resolve) => (killed = resolve));
  const interrupt = async () => {
    if (left === -1) return;
    if (left-- > 0) return;
    if (response !== null) {
      killed();
      return await new Promise(() => {});
    }
    const { deps, client, instanceId } = trial;
    const deleted = await deleteCopy(deps)(request("DELETE", instanceId), client, quiet);
    response = deleted.status ?? 0;
    left = fate === "completes" ? -1 : 0;
  };
  const trial = await createTrial(wanted, { clock, interrupt });
  const { storage, steps, client, deps, instanceId } = trial;
  left = nth;
  const starts = () =>
    storage.emulator.requests.filter(
      ({ operation, url }) => operation === "CopyBlob" && url.includes(`${canary}-copy`),
    ).length;
  await Promise.race([wanted.run(trial), death]);
  left = -1;
  if (response === null) return null;
  const isKilled = fate === "is killed";
  if (isKilled) {
    await trial.holder?.end();
    await storage.clock.advance(30 * minute);
    await watchdog({ ledger: steps.ledger, now: deps.now })(null, client, quiet);
  }
  const shown = await getCopy(deps)(request("GET", instanceId), client, quiet);
  return { response, shown: shown.status, left: await leftovers(trial), starts: starts() };
}

describe.each(["completes", "is killed"] as const)("a step that %s after the DELETE", (fate) => {
  test.each(cases)("$step leaves the copy deleted", async (wanted) => {
    const clock = virtualClock(noon);
    atEnd(() => clock.dispose());
    const results = [];
    for (let nth = 0; ; nth++) {
      const result = await interrupted(wanted, { nth, fate, clock });
      if (result === null) break;
      results.push({ nth, ...result });
    }
    expect(results.length).toBeGreaterThan(0);
    const wrong = results.filter(({ response, shown, left }) =>
      response === 204 ? shown !== 404 || left.length > 0 : response !== 409,
    );
    expect(wrong).toEqual([]);
    if (process.env["SHOW"]) console.log(wanted.step, JSON.stringify(results.map((r) => [r.response, r.starts, r.left.length])));
  });
});
