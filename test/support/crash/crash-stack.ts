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

/** When the host is to die. */
export type Kill =
  /**
   * At the nth request of this life that reaches Storage (of one operation, or of any). Storage acts
   * on it and the answer finds nobody, or the request is lost, too.
   */
  | {
      at: "storage request";
      operation: ReceivedRequest["operation"] | null;
      nth: number;
      lost: "request" | "answer";
    }
  /** By its own hand, in the middle of its work: passing the nth commit point of this life, from 0. */
  | { at: "commit point"; nth: number }
  /** While nothing is under way, so long after this life began. */
  | { at: "rest"; afterMs: number };

/** The emulator in this process, the host in another, one virtual time for both. */
export type CrashWorld = {
  clock: VirtualClock;
  emulator: StorageEmulator;
  stateFile: string;
  /** Begins a life of the host, which ends as told. */
  begin(kill: Kill | null): Promise<void>;
  /** Moves both clocks on. Throws `HostDied` as every use of a dead host does. */
  advance(ms: number): Promise<void>;
  /** When the host is to die at rest (epoch ms), or Infinity; and the call that kills it then. */
  restsAt(): number;
  rest(): Promise<void>;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Waits for the dead host to be gone; the commit point at which it killed itself, or null. */
  bury(): Promise<string | null>;
  /** Ends the host gracefully; what it passed in its last life, and what hosts logged as errors. */
  end(): Promise<{ passages: readonly string[]; errors: readonly string[] }>;
  /** Requests that were lost with the host: Storage never saw them. */
  isLost(request: ReceivedRequest): boolean;
  container(name: string): ReturnType<BlobServiceClient["getContainerClient"]>;
  blob(path: string): BlockBlobClient;
  close(): Promise<void>;
};

export type CallOptions = { body?: unknown; headers?: Record<string, string> };
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of every shape
export type Answer = { status: number; text: string; json: any };

/** `onRequest` hears of every request after Storage acted on it. */
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
    if (host === undefined) throw new Error("Cannot use the host as none was begun");
    return host;
  };
  const arm = (kill: Kill | null) => {
    dieAtRest = kill?.at === "rest" ? clock.now() + kill.afterMs : Infinity;
    forgetKill();
    if (kill?.at !== "storage request") return;
    let seen = 0;
    forgetKill = emulator.faults.add({
      ...(kill.operation === null ? {} : { operation: kill.operation }),
      match({ id }) {
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
        appDirectory: process.cwd(),
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
        // Storage first: it must not be behind the host that asks it.
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
        await living().ask({ order: "ping" }); // only death may break a connection
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

/** The app's settings for an emulator that is anywhere. */
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
