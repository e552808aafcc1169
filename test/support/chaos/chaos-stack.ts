import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { BlockBlobClient, ContainerClient } from "@azure/storage-blob";
import type { DurableOptions } from "../../../src/local/durable/api/engine-api.ts";
import { startFunctionsHost } from "../../../src/local/host/host.ts";
import type { FunctionsHost } from "../../../src/local/host/host.ts";
import { startStorageEmulator } from "../../../src/local/storage/emulator.ts";
import type { StorageEmulator } from "../../../src/local/storage/emulator.ts";
import type { StorageRequest } from "../../../src/local/storage/http/storage-request.ts";
import { chaosClock } from "../chaos-clock.ts";
import type { ChaosClock } from "../chaos-clock.ts";
import type { Phase } from "./chaos-plan.ts";
import { signing, stepOf } from "./chaos-steps.ts";
import type { Step } from "./chaos-steps.ts";
import { noon } from "../stack/test-stack.ts";
import { appDirectory } from "../app-directory.ts";

/** The fate of one request of the app. */
export type Fate =
  | { fate: "answered"; status: number; code: string }
  | { fate: "reset" }
  | { fate: "lost" }
  /** Storage acts after `ms` of virtual time, once `until` is done. */
  | { fate: "held"; until: () => Promise<void>; ms: number }
  /** The connection seems to break; Storage receives the request `ms` later, once `until` is done. */
  | { fate: "late"; until: () => Promise<void>; ms: number };

export type ChaosHooks = {
  /** Called for each request of the app (not of tests), with the activity that sends it; null lets it pass. */
  fateOf: (request: StorageRequest, step: Step | null) => Fate | null;
  /** Called when Storage starts a copy; returns its speed. */
  started: (container: string, blob: string) => { bytesPerSecond: number; atOnce: boolean } | null;
  redeliver: NonNullable<DurableOptions["redeliver"]>;
  eventDelay: NonNullable<DurableOptions["eventDelay"]>;
  /** Called at each commit; true kills the host. */
  dies: (point: string) => boolean;
};

// oxlint-disable-next-line typescript/no-explicit-any -- tests read bodies of every shape
export type Answer = { status: number; text: string; json: any };

/** An emulator that keeps running, and a host that may die at any commit and be started again. */
export type ChaosWorld = {
  clock: ChaosClock;
  emulator: StorageEmulator;
  isDead(): boolean;
  /** Starts a dead host again, on the same task hub. */
  revive(): Promise<void>;
  call(method: string, path: string, body?: unknown, headers?: Headers): Promise<Answer>;
  container(name: string): ContainerClient;
  blob(path: string): BlockBlobClient;
  /** The phase of an instance, from the activity that runs; null between two activities. */
  phaseOf(instanceId: string): Phase | null;
  errors: readonly string[];
  close(): Promise<void>;
};

type Headers = Record<string, string>;

/** Marks the requests of tests, which always pass. */
const mark = "chaos";
const accountName = "devstoreaccount1";
/** The phase of a copy while an activity runs, by the activity's name. */
export const phaseOfActivity: Record<string, Phase> = {
  startCopy: "start",
  readCopy: "pending",
  abortCopy: "abort",
  settleCopy: "settle",
};

export async function openChaosWorld(hooks: ChaosHooks): Promise<ChaosWorld> {
  const clock = chaosClock(noon);
  const directory = mkdtempSync(join(tmpdir(), "ferry-chaos-"));
  const stateFile = join(directory, "task-hub.sqlite");
  const holds = holding(clock);
  const steps = signing();
  const running = new Set<Step>();
  const emulator = await startStorageEmulator({
    clock: { ...clock, schedule: holds.schedule },
    blobPort: 0,
    file: ":memory:",
  });
  tap(emulator, holds, hooks);
  const account = `${emulator.blobUrl}/${accountName}`;
  const key = emulator.accounts.find(({ name }) => name === accountName)?.key ?? "";
  const storage = new BlobServiceClient(account, new StorageSharedKeyCredential(accountName, key), {
    // A connection that was idle may be closed just when it is used again.
    retryOptions: { maxTries: 3, retryDelayInMs: 100 },
    userAgentOptions: { userAgentPrefix: mark },
  });
  const errors: string[] = [];
  let isDead = false;
  const live = () =>
    startFunctionsHost({
      appDirectory,
      clock,
      port: 0,
      stateFile,
      environment: {
        AzureWebJobsStorage: `DefaultEndpointsProtocol=http;AccountName=${accountName};AccountKey=${key};BlobEndpoint=${account};`,
        COPY_EMULATOR: emulator.blobUrl,
        COPY_ROUTES: "", // local.settings.json has one for npm start
        COPY_ALLOWED: JSON.stringify([{ from: `${account}/`, to: `${account}/` }]),
        COPY_SECRET_KEYS: "",
      },
      log({ level, kind, subject, message }) {
        const isError = level === "error" || level === "critical";
        // A request to a dying host fails; the client sends it again.
        if (isError && kind !== "function" && kind !== "request" && !isDead)
          errors.push(`${subject} ${message}`);
      },
      redeliver: hooks.redeliver,
      eventDelay: hooks.eventDelay,
      async wrapActivity({ name, instanceId }, run) {
        const step = { instanceId, phase: phaseOfActivity[name] ?? "start" };
        running.add(step);
        return steps.run(step, run).finally(() => running.delete(step));
      },
      probe(point, when) {
        if (isDead || !hooks.dies(`${when} ${point}`)) return;
        isDead = true;
        throw new Error("The host dies");
      },
    });
  let host: FunctionsHost = await live();

  return {
    clock,
    emulator,
    errors,
    isDead: () => isDead,
    async revive() {
      holds.release(); // requests in flight arrive, and their responses are dropped
      await clock.settled();
      await host.close();
      isDead = false;
      holds.begin();
      host = await live();
    },
    async call(method, path, body, headers = {}) {
      const answer = await fetch(`${host.url}${path}`, {
        method,
        headers: { "content-type": "application/json", ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      const isJson = /json/.test(answer.headers.get("content-type") ?? "");
      return { status: answer.status, text, json: isJson ? JSON.parse(text) : undefined };
    },
    container: (name) => storage.getContainerClient(name),
    blob(path) {
      const [container = "", ...name] = path.split("/");
      return storage.getContainerClient(container).getBlockBlobClient(name.join("/"));
    },
    phaseOf(instanceId) {
      for (const step of running) if (step.instanceId === instanceId) return step.phase;
      return null;
    },
    async close() {
      holds.release();
      steps.close();
      await host.close();
      await emulator.close();
      clock.dispose();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** `waited`: an activity of the app waits for it, and must not stop the clock during the wait. */
type Hold = { until: () => Promise<void>; ms: number; waited: boolean };

/**
 * The emulator uses its clock only for the delay of a held request, immediately after `expect` announced
 * it.
 */
function holding(clock: ChaosClock) {
  let next: Hold | null = null;
  let isOpen = true;
  const waiting = new Set<() => void>();
  const wait = ({ ms, waited }: Hold) =>
    new Promise<void>((resolve) => {
      const resume = waited ? clock.pause() : () => {};
      const end = () => {
        if (!waiting.delete(end)) return;
        cancel();
        resume();
        resolve();
      };
      waiting.add(end);
      const cancel = clock.schedule(clock.now() + ms, end);
    });
  const run = async (hold: Hold) => {
    if (hold.ms > 0 && isOpen) await wait(hold);
    await clock.track(hold.until());
  };
  return {
    run,
    expect: (hold: Hold) => void (next = hold),
    schedule(at: number, due: () => void) {
      if (next === null) return clock.schedule(at, due);
      const hold = next;
      next = null;
      void run(hold).then(due);
      return () => {};
    },
    /** Releases all held requests, and holds no more of them: a host that closes does not wait for the clock. */
    release() {
      isOpen = false;
      for (const end of waiting) end();
    },
    begin: () => void (isOpen = true),
  };
}

/** Applies its fate to each request of the app. */
function tap(
  emulator: StorageEmulator,
  holds: ReturnType<typeof holding>,
  { fateOf, started }: ChaosHooks,
): void {
  const { faults } = emulator;
  const fates = new WeakMap<StorageRequest, Fate | null>();
  const isFate = (request: StorageRequest, fits: (fate: Fate) => boolean): boolean => {
    let fate = fates.get(request);
    if (fate === undefined) {
      const { headers } = request;
      const isOfTests = headers["user-agent"]?.includes(mark) === true;
      fate = isOfTests ? null : fateOf(request, stepOf(request));
      fates.set(request, fate);
    }
    return fate !== null && fits(fate);
  };
  for (const [status, code] of [
    [500, "InternalError"],
    [503, "ServerBusy"],
    [429, "TooManyRequests"],
  ] as const) {
    faults.add({
      match: (request) =>
        isFate(request, (fate) => fate.fate === "answered" && fate.status === status),
      do: { response: { status, code, headers: status === 500 ? {} : { "retry-after": "7" } } },
    });
  }
  faults.add({
    match: (request) => isFate(request, ({ fate }) => fate === "lost"),
    do: "lose response",
  });
  faults.add({
    match: (request) =>
      isFate(request, (fate) => {
        if (fate.fate === "late") resend(emulator, holds, request, fate);
        return fate.fate === "reset" || fate.fate === "late";
      }),
    do: "reset connection",
  });
  faults.add({
    match: (request) =>
      isFate(request, (fate) => {
        if (fate.fate === "held") holds.expect({ ...fate, waited: true });
        return fate.fate === "held";
      }),
    do: { delayMs: 1 }, // the hold determines the actual delay
  });
  emulator.copies.forDestination = (container, blob) => {
    const speed = started(container, blob);
    if (speed === null) return undefined;
    const { bytesPerSecond, atOnce } = speed;
    return { bytesPerSecond, finishOnStart: atOnce ? "always" : "never" };
  };
}

/** Sends the signed request again; no client waits for the response. */
function resend(
  emulator: StorageEmulator,
  holds: ReturnType<typeof holding>,
  { method, target, headers, body }: StorageRequest,
  { until, ms }: Pick<Hold, "until" | "ms">,
): void {
  const send = () =>
    new Promise<void>((resolve) => {
      const late = httpRequest(`${emulator.blobUrl}${target}`, {
        method,
        headers: { ...headers, "user-agent": mark, connection: "close" },
      });
      late.on("response", (answer) => answer.resume().on("end", resolve));
      late.on("error", () => resolve());
      late.end(body);
    });
  void holds.run({ ms, waited: false, until: () => until().then(send) });
}
