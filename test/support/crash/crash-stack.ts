import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { BlockBlobClient } from "@azure/storage-blob";
import { virtualClock } from "../../../src/local/clock.ts";
import type { VirtualClock } from "../../../src/local/clock.ts";
import { startStorageEmulator } from "../../../src/local/storage/emulator.ts";
import type { StorageEmulator } from "../../../src/local/storage/emulator.ts";
import type { ReceivedRequest } from "../../../src/local/storage/server/storage-server.ts";
import { deathNote } from "./crash-child.ts";
import { HostDied } from "./crash-host.ts";
import type { HostProcess, HostProcesses } from "./crash-host.ts";
import { noon } from "../stack/test-stack.ts";
import { appDirectory } from "../app-directory.ts";

/** When the host dies. */
export type Kill =
  /**
   * At the nth request (of one operation, or of any; with this text in its URL) since the host was started. Either
   * Storage executes it and the response is lost, or the request is lost as well.
   */
  | {
      at: "storage request";
      operation: ReceivedRequest["operation"] | null;
      path?: string;
      nth: number;
      lost: "request" | "answer";
    }
  /** The host kills itself during its work, at the nth commit point (from 0) since it was started. */
  | { at: "commit point"; nth: number }
  /** While no work is running, this long after the host was started. */
  | { at: "rest"; afterMs: number };

/** The emulator in this process and the host in another, with the same virtual time. */
export type CrashWorld = {
  clock: VirtualClock;
  emulator: StorageEmulator;
  stateFile: string;
  /** Starts a host that dies as `kill` specifies. */
  begin(kill: Kill | null): Promise<void>;
  /** Advances both clocks. Throws `HostDied`, like every use of a dead host. */
  advance(ms: number): Promise<void>;
  /** When the host dies at rest (epoch ms), or Infinity; `rest` kills it then. */
  restsAt(): number;
  rest(): Promise<void>;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Waits until the dead process has exited. Returns the commit point at which it killed itself, or null. */
  bury(): Promise<string | null>;
  /** Stops the host gracefully. Returns the commit points that it passed, and the errors that all hosts logged. */
  end(): Promise<{ passages: readonly string[]; errors: readonly string[] }>;
  /** Requests that were lost with the host: Storage never saw them. */
  isLost(request: ReceivedRequest): boolean;
  container(name: string): ReturnType<BlobServiceClient["getContainerClient"]>;
  blob(path: string): BlockBlobClient;
  close(): Promise<void>;
};

export type CallOptions = { body?: unknown; headers?: Record<string, string> };
// oxlint-disable-next-line typescript/no-explicit-any -- tests read bodies of every shape
export type Answer = { status: number; text: string; json: any };

/** `onRequest` is called with every request that Storage has executed. */
export async function openCrashWorld(
  hosts: HostProcesses,
  onRequest: (request: ReceivedRequest) => void,
): Promise<CrashWorld> {
  const clock = virtualClock(noon);
  const directory = mkdtempSync(join(tmpdir(), "ferry-crash-"));
  const stateFile = join(directory, "task-hub.sqlite");
  const emulator = await startStorageEmulator({
    clock,
    blobPort: 0,
    file: ":memory:",
    log: () => {
      const last = emulator.requests.at(-1);
      if (last !== undefined) onRequest(last);
    },
  });
  const account = `${emulator.blobUrl}/${accountName}`;
  const storage = new BlobServiceClient(
    account,
    new StorageSharedKeyCredential(accountName, emulator.accounts[0]?.key ?? ""),
    { retryOptions: { maxTries: 1 } },
  );
  const lost = new Set<string>();
  const errors: string[] = [];
  let host: HostProcess | undefined;
  let url = "";
  let dieAtRest = Infinity;
  let forgetKill = () => {};

  const living = () => {
    if (host === undefined) throw new Error("Cannot use the host because none was started");
    return host;
  };
  const arm = (kill: Kill | null) => {
    dieAtRest = kill?.at === "rest" ? clock.now() + kill.afterMs : Infinity;
    forgetKill();
    if (kill?.at !== "storage request") return;
    let seen = 0;
    forgetKill = emulator.faults.add({
      ...(kill.operation === null ? {} : { operation: kill.operation }),
      match({ id, target }) {
        if (kill.path !== undefined && !target.includes(kill.path)) return false;
        if (++seen !== kill.nth) return false;
        living().kill();
        if (kill.lost === "request") lost.add(id);
        return kill.lost === "request";
      },
      do: "reset connection",
    });
  };

  const world: CrashWorld = {
    clock,
    emulator,
    stateFile,
    async begin(kill) {
      host = await hosts.take();
      arm(kill);
      const begun = await host.ask({
        order: "begin",
        now: clock.now(),
        dieAt: kill?.at === "commit point" ? kill.nth : null,
        appDirectory,
        stateFile,
        environment: settings(emulator, account),
      });
      ({ url } = begun);
    },
    async advance(ms) {
      const target = clock.now() + ms;
      for (;;) {
        const { nextDue } = await living().ask({ order: "advance", to: clock.now() });
        if (clock.now() >= target) return;
        // Storage first: its clock must not be behind that of the host that calls it.
        await clock.advance(Math.min(nextDue ?? target, target) - clock.now());
      }
    },
    restsAt: () => dieAtRest,
    async rest() {
      if (clock.now() < dieAtRest) return;
      living().kill();
      throw new HostDied();
    },
    async call(method, path, { body, headers } = {}) {
      try {
        const answer = await fetch(`${url}${path}`, {
          method,
          headers: { "content-type": "application/json", ...headers },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const text = await answer.text();
        return { status: answer.status, text, json: text === "" ? undefined : JSON.parse(text) };
      } catch (error) {
        await living().ask({ order: "ping" }); // only the host's death may break a connection
        throw error;
      }
    },
    async bury() {
      await living().gone;
      errors.push(...living().errors);
      const note = deathNote(stateFile);
      if (!existsSync(note)) return null;
      const point = readFileSync(note, "utf8");
      rmSync(note);
      return point;
    },
    async end() {
      arm(null);
      const { passages } = await living().ask({ order: "end" });
      hosts.giveBack(living());
      return { passages, errors: [...errors, ...living().errors] };
    },
    isLost: ({ id }) => lost.has(id),
    container: (name) => storage.getContainerClient(name),
    blob(path) {
      const [container = "", ...name] = path.split("/");
      return storage.getContainerClient(container).getBlockBlobClient(name.join("/"));
    },
    async close() {
      await emulator.close();
      clock.dispose();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return world;
}

const accountName = "devstoreaccount1";

/** The app's settings for an emulator at any address. */
function settings(emulator: StorageEmulator, account: string): Record<string, string> {
  const key = emulator.accounts[0]?.key;
  return {
    AzureWebJobsStorage: `DefaultEndpointsProtocol=http;AccountName=${accountName};AccountKey=${key};BlobEndpoint=${account};`,
    COPY_EMULATOR: emulator.blobUrl,
    COPY_ROUTES: "", // local.settings.json has one for npm start
    COPY_ALLOWED: JSON.stringify([{ from: `${account}/`, to: `${account}/` }]),
    COPY_SECRET_KEYS: "",
  };
}
