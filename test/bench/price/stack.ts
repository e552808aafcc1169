import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Memory, Message, Order } from "./child-orders.ts";
import type { EmulatorAddresses } from "./emulator-child.ts";

/** A process of the benchmark. */
export type Child<Ready> = {
  ready: Ready;
  /** The processor time that was used so far, in ms. */
  processorMs(): Promise<number>;
  memory(): Promise<Memory>;
  /** Runs `work` and writes the processor profile of that time to `file`. */
  profile(file: string, work: () => Promise<void>): Promise<void>;
  order(order: Order): Promise<unknown>;
  /** Rejects if the process ends too early. */
  died: Promise<never>;
  close(): Promise<void>;
};

/** The app on its local host, in one process, and the Storage emulator in another. All state is on disk. */
export type PriceStack = {
  emulator: Child<EmulatorAddresses>;
  app: Child<string>;
  /** The file of the app's task hub. */
  hubFile: string;
  /** Resolves when an orchestration has completed. */
  ended(instanceId: string): Promise<void>;
  close(): Promise<void>;
};

export type PriceStackOptions = {
  /** Called with the emulator's file before the emulator opens it. */
  fillStorage?: (file: string) => void;
  /** Called with the task hub's file before the app opens it. */
  prepareHub?: (file: string) => void;
  /** The container of the first account in which jobs may write their reports; default: none. */
  reports?: string;
};

/** Starts the app of a build: a folder with dist/, host.json, local.settings.json and package.json. */
export async function openPriceStack(
  build: string,
  { fillStorage, prepareHub, reports = "" }: PriceStackOptions = {},
): Promise<PriceStack> {
  const folder = mkdtempSync(join(tmpdir(), "ferry-bench-"));
  const [storageFile, hubFile] = [join(folder, "storage.sqlite"), join(folder, "hub.sqlite")];
  fillStorage?.(storageFile);
  prepareHub?.(hubFile);
  const emulator = await openChild<EmulatorAddresses>("emulator-child.ts", [storageFile]);
  const ends = createEnds();
  const options = [build, hubFile, JSON.stringify(emulator.ready), reports];
  const app = await openChild<string>("app-child.ts", options, ends.add);
  for (const { died } of [emulator, app]) died.catch(ends.fail);
  return {
    emulator,
    app,
    hubFile,
    ended: ends.wait,
    async close() {
      await app.close();
      await emulator.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The orchestrations that have completed; an end can arrive before or after the wait for it begins. */
function createEnds() {
  type Waiter = { resolve: () => void; reject: (error: unknown) => void };
  const early = new Set<string>();
  const waiting = new Map<string, Waiter>();
  return {
    add(instanceId: string) {
      const waiter = waiting.get(instanceId);
      if (waiter === undefined) early.add(instanceId);
      else waiter.resolve();
      waiting.delete(instanceId);
    },
    async wait(instanceId: string) {
      if (early.delete(instanceId)) return;
      await new Promise<void>((resolve, reject) => waiting.set(instanceId, { resolve, reject }));
    },
    fail(error: unknown) {
      for (const { reject } of waiting.values()) reject(error);
    },
  };
}

/** Forks a process without the app settings in the caller's environment. Resolves when it is ready. */
async function openChild<Ready>(
  file: string,
  options: readonly string[],
  onEnded: (instanceId: string) => void = () => {},
): Promise<Child<Ready>> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(COPY_|AzureWebJobs)/.test(name)),
  );
  const child = fork(new URL(file, import.meta.url), options, { env, execArgv: ["--expose-gc"] });
  const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const died = exit.then(() => {
    throw new Error(`${file} ended early, with exit code ${child.exitCode}`);
  });
  died.catch(() => {}); // awaited only while something else is pending
  let onReady: (ready: unknown) => void;
  const ready = new Promise<unknown>((resolve) => (onReady = resolve));
  const replies: ((value: unknown) => void)[] = [];
  child.on("message", (message: Message) => {
    if (message.kind === "ready") onReady(message.ready);
    else if (message.kind === "ended") onEnded(message.instanceId);
    else replies.shift()?.(message.value);
  });
  /** One order at a time, because replies have no name. */
  const order = async (sent: Order): Promise<unknown> => {
    const reply = new Promise<unknown>((resolve) => replies.push(resolve));
    child.send(sent);
    return await Promise.race([reply, died]);
  };
  return {
    ready: (await Promise.race([ready, died])) as Ready, // what the file sends
    processorMs: async () => Number(await order({ kind: "processor" })),
    memory: async () => (await order({ kind: "memory" })) as Memory, // as child-orders.ts replies
    async profile(path, work) {
      await order({ kind: "start profile" });
      await work();
      await order({ kind: "stop profile", file: path });
    },
    order,
    died,
    async close() {
      if (child.connected) child.send({ kind: "close" } satisfies Order);
      await exit;
    },
  };
}
