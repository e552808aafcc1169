import { appendFileSync, existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { startStorageEmulator } from "../../../src/local/storage/emulator.ts";
import { systemClock } from "../../../src/local/clock.ts";
import { appDirectory as testedApp } from "../../support/app-directory.ts";
import { appSettings } from "./app-settings.ts";
import { developmentKey } from "./processes/azurite.ts";
import { openHostPair } from "./processes/host-pair.ts";
import type { HostPair, Part } from "./processes/host-pair.ts";
import { runFolder } from "./processes/paths.ts";
import { setClockAhead } from "./processes/shifted-date.ts";
import { account, openStack } from "./stack.ts";
import type { Engine, Stack } from "./stack.ts";

export type ExtensionStackOptions = {
  /** The name of the logs' folder and, with a random suffix, of the task hub. */
  name: string;
  /** The connection string of the account with the task hubs. */
  hubStorage: string;
  /** The app's folder; the suites' app when absent. */
  appDirectory?: string;
  /** Pairs of extension and bridge on one task hub; 1 when absent. */
  pairs?: number;
  /** "host.json": partitions and polling as in host.json; "quick" when absent. */
  polling?: "host.json" | "quick";
  /** Settings of the extension that override host.json, for example "storageProvider__partitionCount". */
  durable?: Record<string, string>;
  /** Accounts from which copies are allowed, apart from the first. */
  allowedSources?: readonly string[];
  /** Whether the app gets BlobCreated events; true when absent. */
  events?: boolean;
  /** Settings of the app; may name the emulator at its usual addresses. */
  environment?: Record<string, string>;
  /** Writes the file of the Storage emulator before it starts; the emulator is in memory when absent. */
  fillStorage?: (file: string) => void;
};

export type ExtensionStack = Engine &
  Stack & {
    pairs: readonly HostPair[];
    /** Ends processes of every pair with SIGKILL. */
    kill(...parts: Part[]): Promise<void>;
    /** Starts the processes that do not run. */
    revive(): Promise<void>;
    /** Ends every process with SIGTERM, as a deployment does. */
    stop(): Promise<void>;
    /** The app's folder, used from the next start of a bridge on. */
    useBuild(appDirectory: string): void;
    /** The last lines of every log, and where the logs are. */
    logs(): string;
    /** How often the app completed each activity, by name. */
    activityRuns(): Map<string, number>;
    close(): Promise<void>;
  };

/**
 * host.json polls an idle queue every five seconds, in four partitions. A test does not wait that long, and few
 * partitions keep the load of all stacks together low.
 */
const quickPolling = {
  storageProvider__maxQueuePollingInterval: "00:00:00.500",
  storageProvider__partitionCount: "2",
};

/** Starts the app on the real Durable extension, with its own task hub and Storage emulator. */
export async function startExtensionStack(options: ExtensionStackOptions): Promise<ExtensionStack> {
  const folder = runFolder(options.name);
  const hubName = `T${options.name.replaceAll(/\W/g, "").slice(0, 20)}${Date.now().toString(36)}`;
  let aheadMs = 0;
  const clock = systemClock();
  const storageFile =
    options.fillStorage === undefined ? ":memory:" : join(folder, "storage.sqlite");
  options.fillStorage?.(storageFile);
  const emulator = await startStorageEmulator({
    clock,
    blobPort: 0,
    file: storageFile,
    log: (line) => appendFileSync(join(folder, "storage.log"), `${line}\n`),
  });
  const prefix = `${emulator.blobUrl}/${account}/`;
  let appDirectory = options.appDirectory ?? testedApp;
  const count = options.pairs ?? 1;
  const pairs = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      openHostPair({
        folder,
        name: count === 1 ? "" : `-${index + 1}`,
        appDirectory: () => appDirectory,
        hubStorage: options.hubStorage,
        hubName,
        durable: {
          ...(options.polling === "host.json" ? {} : quickPolling),
          ...options.durable,
        },
        app: {
          AzureWebJobsStorage: `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${developmentKey};BlobEndpoint=${emulator.blobUrl}/${account};`,
          COPY_EMULATOR: emulator.blobUrl,
          COPY_EMULATOR_FILES: emulator.fileUrl,
          COPY_ALLOWED: JSON.stringify(
            [account, ...(options.allowedSources ?? [])].map((from) => ({
              from: `${emulator.blobUrl}/${from}/`,
              to: prefix,
              allow: ["hold-source"],
            })),
          ),
          ...appSettings,
          ...rewritten(options.environment ?? {}, emulator),
        },
        aheadMs: () => aheadMs,
      }),
    ),
  );
  const each = <T>(work: (pair: HostPair) => Promise<T>) => Promise.all(pairs.map(work));
  const logs = () =>
    readdirSync(folder)
      .filter((file) => file.endsWith(".log"))
      .map((file) => {
        const path = join(folder, file);
        const lines = existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
        return `── ${path}\n${lines.slice(-shownLines).map(cut).join("\n")}`;
      })
      .join("\n");
  const activityRuns = () => {
    const runs = new Map<string, number>();
    for (const file of readdirSync(folder).filter((name) => /^bridge.*\.log$/.test(name))) {
      const text = readFileSync(join(folder, file), "utf8");
      for (const [, name = ""] of text.matchAll(/ activity \S+ (\w+) (?:done|failed) in /g)) {
        runs.set(name, (runs.get(name) ?? 0) + 1);
      }
    }
    return runs;
  };
  const close = async () => {
    await each((pair) => pair.kill("host", "bridge"));
    await emulator.close();
    setClockAhead(0); // for the next stack of this process
  };
  try {
    await each((pair) => pair.revive());
  } catch (error) {
    await close();
    throw new Error(`${String(error)}\n${logs()}`, { cause: error });
  }
  const [first] = pairs;
  if (first === undefined) throw new Error("Cannot start the stack because it has no pair");
  if (options.events !== false) await openEvents();

  return openStack({
    name: "extension" as const,
    emulator,
    pairs,
    url: () => (pairs.find((pair) => pair.isAlive()) ?? first).url(),
    now: () => clock.now(),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    async skipAhead(ms) {
      aheadMs += ms;
      setClockAhead(aheadMs); // Storage, and the SDK that signs a test's requests with the date
      await each((pair) => pair.setClockAhead(aheadMs));
    },
    kill: async (...parts: Part[]) => void (await each((pair) => pair.kill(...parts))),
    revive: async () => void (await each((pair) => pair.revive())),
    stop: async () => void (await each((pair) => pair.stop())),
    useBuild: (directory: string) => (appDirectory = directory),
    logs,
    activityRuns,
    close,
  });

  /** Sends BlobCreated to the app, as an event subscription does. */
  async function openEvents(): Promise<void> {
    const url = `${first?.url()}/runtime/webhooks/EventGrid?functionName=storageEvents`;
    await emulator.events.subscribe({
      name: "storageEvents",
      url,
      namespace: "flat",
      schema: "event-grid",
    });
  }
}

/** Settings with the emulator's real addresses. */
function rewritten(
  settings: Record<string, string>,
  { blobUrl, fileUrl }: { blobUrl: string; fileUrl: string },
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      value
        .replaceAll("http://127.0.0.1:10000", blobUrl)
        .replaceAll("http://127.0.0.1:10003", fileUrl),
    ]),
  );
}

const shownLines = 40;
const cut = (line: string) => line.slice(0, 300);
