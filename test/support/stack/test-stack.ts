import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  BlobSASPermissions,
  BlobServiceClient,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import type { BlockBlobClient, ContainerClient } from "@azure/storage-blob";
import { onTestFinished } from "vitest";
import { virtualClock } from "../../../src/local/clock.ts";
import type { VirtualClock } from "../../../src/local/clock.ts";
import type { HostLogEntry } from "../../../src/local/log.ts";
import { startLocalStack } from "../../../src/local/local-stack.ts";
import type { LocalStack, LocalStackOptions } from "../../../src/local/local-stack.ts";
import { appDirectory as testedApp } from "../app-directory.ts";
import { reservedPorts } from "../reserved-ports.ts";
import { expectDocumented } from "./documented.ts";

/** The compiled app on the local host, together with the emulator, in virtual time. */
export type TestStack = {
  clock: VirtualClock;
  log: HostLogEntry[];
  readonly local: LocalStack;
  /** Calls the app's HTTP API. */
  call(method: string, path: string, options?: CallOptions): Promise<ApiResponse>;
  /** Starts a copy and expects 202. */
  start(body: unknown, headers?: Record<string, string>): Promise<CopyBody>;
  get(id: string, headers?: Record<string, string>): Promise<CopyBody>;
  /** Advances the clock, by at most `hours`, until the copy has completed. */
  untilEnded(id: string, hours?: number, headers?: Record<string, string>): Promise<CopyBody>;
  /** A blob of one of the emulator's accounts. */
  blob(path: string, account?: string): BlockBlobClient;
  /** A container of the first account. */
  container(name: string): ContainerClient;
  deleteContainer(name: string): Promise<void>;
  /** Uploads a source, with its container. */
  upload(path: string, content: Buffer | string, account?: string): Promise<BlockBlobClient>;
  /** A read SAS on a blob of the second account. */
  readSas(
    blob: BlockBlobClient,
    options?: { permissions?: string; expiresAt?: number },
  ): Promise<string>;
  /** Number of history events in the task hub, including those that the status route omits; only with `persistent`. */
  countHistoryEvents(): number;
  /** The same for one instance. */
  countHistoryEventsOf(id: string): number;
  /** Restarts the app on the same state, or another build of it; only with `persistent`. */
  restart(appDirectory?: string): Promise<void>;
  stateDirectory: string | null;
  close(): Promise<void>;
};

export type CallOptions = {
  body?: unknown;
  raw?: string | Buffer<ArrayBuffer>;
  headers?: Record<string, string>;
};
export type ApiResponse = { status: number; headers: Headers; text: string; json: Json };
export type CopyBody = Json;
// oxlint-disable-next-line typescript/no-explicit-any -- tests read bodies of every shape
type Json = any;

export const firstAccount = "devstoreaccount1";
export const secondAccount = "devstoreaccount2";
export const hour = 3_600_000;
/** A Friday noon that is easy to recognize in logs. */
export const noon = Date.UTC(2026, 10, 20, 12);

/** Settings for tests that cover weeks: the app's timers run rarely. */
export const rareTimers = {
  COPY_WATCHDOG: "0 0 0 * * *",
  "AzureWebJobs.purge.Disabled": "true",
} as const;

type Options = {
  /** The app's folder; the suites' app when absent. */
  appDirectory?: string;
  persistent?: boolean;
  /** Storage over https; the app then acts with the emulator's identity. */
  secure?: boolean;
  /** Azure host names for the emulator's accounts; see `storage-proxy.ts`. */
  hosts?: Record<string, string>;
  copies?: LocalStackOptions["copies"];
  environment?: Record<string, string>;
  /** As in local.settings.json: can name the emulator at its default address. */
  settings?: Record<string, string>;
  events?: LocalStackOptions["events"];
  /** Opens the Durable engine; the local one when absent. */
  openEngine?: LocalStackOptions["openEngine"];
};

/** Starts a stack, which is closed after the test. */
export async function startStack(options: Options = {}): Promise<TestStack> {
  const stack = await openStack(options);
  onTestFinished(() => stack.close());
  return stack;
}

/** Starts a stack for several tests; the caller closes it. */
export async function openStack(options: Options = {}): Promise<TestStack> {
  const clock = virtualClock(noon);
  const log: HostLogEntry[] = [];
  const stateDirectory = options.persistent === true ? mkdtempSync(join(tmpdir(), "ferry-")) : null;
  const environment = setEnvironment({
    COPY_SECRET_KEYS: "",
    COPY_WATCHDOG: "0 0 * * * *", // hourly: five-minute rounds over two weeks take seconds of real time
    ...options.environment,
  });
  let appDirectory = options.appDirectory ?? testedApp;
  const startLocal = (blobPort: number, filePort: number) =>
    startLocalStack({
      appDirectory,
      stateDirectory,
      clock,
      functionsPort: 0,
      blobPort,
      filePort,
      secure: options.secure === true,
      log: (entry) => log.push(entry),
      settings: options.settings ?? {},
      ...(options.events === undefined ? {} : { events: options.events }),
      openEngine: options.openEngine,
      ...(options.copies === undefined ? {} : { copies: options.copies }),
      ...(options.hosts === undefined ? {} : { hosts: options.hosts }),
    });
  const cleanUp = () => {
    clock.dispose();
    environment.restore();
    if (stateDirectory !== null) rmSync(stateDirectory, { recursive: true, force: true });
  };
  // A stack with a state may be started again, and URLs of running copies contain the ports.
  const [blobPort = 0, filePort = 0] = stateDirectory === null ? [] : await reservedPorts(2);
  let local = await startLocal(blobPort, filePort).catch((error: unknown) => {
    cleanUp();
    throw error;
  });
  let closed = false;

  const stack: TestStack = {
    clock,
    log,
    stateDirectory,
    get local() {
      return local;
    },
    async call(method, path, { body, raw, headers } = {}) {
      const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
      const response = await fetch(`${local.host.url}/api${path}`, {
        method,
        headers: {
          ...(content === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(content === undefined ? {} : { body: content }),
      });
      const text = await response.text();
      // Another build has its own document.
      if (appDirectory === testedApp) {
        const { status, headers: received } = response;
        expectDocumented({ method, path, status, headers: received, text });
      }
      const isJson = /json/.test(response.headers.get("content-type") ?? "");
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: isJson && text !== "" ? JSON.parse(text) : undefined,
      };
    },
    async start(body, headers = {}) {
      const response = await stack.call("POST", "/copies", { body, headers });
      if (response.status !== 202)
        throw new Error(`POST returned ${response.status}: ${response.text}`);
      await clock.settled();
      return response.json;
    },
    get: async (id, headers = {}) => (await stack.call("GET", `/copies/${id}`, { headers })).json,
    async untilEnded(id, hours = 24, headers = {}) {
      const limit = clock.now() + hours * hour;
      for (let step = 60_000; ; step = Math.min(6 * hour, step * 2)) {
        await clock.settled();
        const copy = await stack.get(id, headers);
        if (copy.completedAt !== null || clock.now() >= limit) return copy;
        await clock.advance(Math.min(step, limit - clock.now()));
      }
    },
    blob: (path, account = firstAccount) => {
      const [container = "", ...name] = path.split("/");
      return service(local, account)
        .getContainerClient(container)
        .getBlockBlobClient(name.join("/"));
    },
    container: (name) => service(local, firstAccount).getContainerClient(name),
    async deleteContainer(name) {
      await service(local, firstAccount).getContainerClient(name).delete();
    },
    async upload(path, content, account = firstAccount) {
      await service(local, account)
        .getContainerClient(path.split("/")[0] ?? "")
        .createIfNotExists();
      const blob = stack.blob(path, account);
      await blob.uploadData(Buffer.from(content), {
        blobHTTPHeaders: { blobContentType: "video/mp4" },
        metadata: { film: "yes" },
      });
      return blob;
    },
    readSas: (blob, { permissions = "r", expiresAt } = {}) =>
      blob.generateSasUrl({
        permissions: BlobSASPermissions.parse(permissions),
        startsOn: new Date(clock.now() - hour),
        expiresOn: new Date(expiresAt ?? clock.now() + hour),
      }),
    countHistoryEvents() {
      const file = join(stateDirectory ?? "", "task-hub.sqlite");
      const hub = new DatabaseSync(file, { readOnly: true });
      const { events } = hub.prepare("SELECT count(*) AS events FROM history").get() ?? {};
      hub.close();
      return Number(events);
    },
    countHistoryEventsOf(id) {
      const file = join(stateDirectory ?? "", "task-hub.sqlite");
      const hub = new DatabaseSync(file, { readOnly: true });
      const count =
        "SELECT count(*) AS events FROM history JOIN instances USING (execution_id) WHERE instance_id = ?";
      const { events } = hub.prepare(count).get(id) ?? {};
      hub.close();
      return Number(events);
    },
    async close() {
      if (closed) return;
      closed = true;
      await local.close();
      cleanUp();
    },
    async restart(otherDirectory = appDirectory) {
      await local.close();
      appDirectory = otherDirectory;
      local = await startLocal(local.emulator.port, local.emulator.filePort);
      await clock.settled();
    },
  };
  await service(local, firstAccount).getContainerClient("archive").create();
  return stack;
}

function service(local: LocalStack, account: string): BlobServiceClient {
  const key = local.emulator.accounts.find(({ name }) => name === account)?.key ?? "";
  const credential = new StorageSharedKeyCredential(account, key);
  return new BlobServiceClient(`${local.emulator.blobUrl}/${account}`, credential, {
    retryOptions: { maxTries: 1 },
  });
}

function setEnvironment(values: Record<string, string>): { restore(): void } {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  return {
    restore() {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    },
  };
}
