import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startChild } from "./child.ts";
import type { Child } from "./child.ts";
import { extensionFolder, hostProgram } from "./paths.ts";
import { reservedPorts } from "../../../support/reserved-ports.ts";

/** The two processes of one instance of the app: the extension's, and the one that hosts the app. */
export type Part = "host" | "bridge";

export type HostPair = {
  url(): string;
  /** The management API of the extension itself, which works while the bridge is down; ends with a slash. */
  rpcUrl(): string;
  isAlive(part?: Part): boolean;
  /** Starts the processes that do not run, and waits until they can be called. */
  revive(): Promise<void>;
  kill(...parts: Part[]): Promise<void>;
  /** SIGTERM to both. */
  stop(): Promise<void>;
  setClockAhead(ms: number): Promise<void>;
};

type HostPairOptions = {
  folder: string;
  /** Part of the names of logs. */
  name: string;
  appDirectory: () => string;
  hubStorage: string;
  /** The setting TASKHUB_NAME, which host.json's hubName names. */
  hubName: string;
  durable: Record<string, string>;
  app: Record<string, string>;
  aheadMs: () => number;
};

/** Nothing runs before `revive`. The ports stay the same for the pair's whole life. */
export async function openHostPair(options: HostPairOptions): Promise<HostPair> {
  const { folder, name } = options;
  const [bridgePort = 0, functionsPort = 0] = await reservedPorts(2);
  const bindingFile = join(folder, `binding${name}`);
  const bridgeUrl = `http://127.0.0.1:${bridgePort}/`;
  const url = `http://127.0.0.1:${functionsPort}`;
  const running: Record<Part, Child | null> = { host: null, bridge: null };
  const isAlive = (part: Part) => running[part]?.isAlive() === true;

  const startBridge = () =>
    startChild(
      process.execPath,
      [
        "--import",
        join(extensionFolder, "support/processes/end-with-stdin.ts"),
        join(extensionFolder, "bridge.ts"),
      ],
      {
        environment: {
          ...options.app,
          TASKHUB_NAME: options.hubName,
          APP_DIRECTORY: options.appDirectory(),
          BRIDGE_PORT: String(bridgePort),
          FUNCTIONS_PORT: String(functionsPort),
          BINDING_FILE: bindingFile,
          CLOCK_AHEAD_MS: String(options.aheadMs()),
        },
        logFile: join(folder, `bridge${name}.log`),
      },
    );
  const startHost = () =>
    startChild("dotnet", [hostProgram], {
      environment: {
        FUNCTIONS_WORKER_RUNTIME: "node",
        AzureWebJobsStorage: options.hubStorage,
        BRIDGE_URL: bridgeUrl,
        WEBHOOK_URL: `http://127.0.0.1:${functionsPort}/runtime/webhooks/durabletask?code=key`,
        TASKHUB_NAME: options.hubName,
        HOST_JSON: join(options.appDirectory(), "host.json"),
        Logging__LogLevel__Default: "Warning", // of the extension's own listener
        ...Object.fromEntries(
          Object.entries(options.durable).map(([setting, value]) => [
            `AzureWebJobs__extensions__durableTask__${setting}`,
            value,
          ]),
        ),
      },
      logFile: join(folder, `host${name}.log`),
    });

  return {
    url: () => url,
    rpcUrl: () => JSON.parse(readFileSync(bindingFile, "utf8")).rpcBaseUrl,
    isAlive: (part) => (part === undefined ? isAlive("host") && isAlive("bridge") : isAlive(part)),
    async revive() {
      const before = { host: isAlive("host"), bridge: isAlive("bridge") };
      if (!before.host) rmSync(bindingFile, { force: true }); // it names the port of a host that has ended
      if (!before.bridge) running.bridge = startBridge();
      await running.bridge?.until(/^listening$/m);
      if (!before.host) running.host = startHost();
      await running.host?.until(/^ready$/m);
      await running.bridge?.until(/^ready /m);
    },
    async kill(...parts) {
      if (parts.includes("host") && isAlive("bridge")) {
        await fetch(`${bridgeUrl}unbind`, { method: "POST" }).catch(() => {});
      }
      await Promise.all(parts.map(async (part) => running[part]?.kill()));
    },
    async stop() {
      // The extension first: it releases its partitions, and its running functions need the bridge.
      await running.host?.stop();
      await running.bridge?.stop();
    },
    async setClockAhead(ms) {
      if (!isAlive("bridge")) return;
      await fetch(`${bridgeUrl}clock`, { method: "POST", body: String(ms) });
    },
  };
}
