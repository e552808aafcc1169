import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { BlockBlobClient } from "@azure/storage-blob";
import type { StorageEmulator } from "../../../src/local/storage/emulator.ts";
import type { CopySettings } from "../../../src/local/storage/pending-copies/copy-settings.ts";

export const account = "devstoreaccount1";
export const ledgerContainer = "ferry-ledger";

// oxlint-disable-next-line typescript/no-explicit-any -- tests read bodies of every shape
export type Json = any;
export type Response = { status: number; headers: Headers; text: string; json: Json };
export type CallOptions = { body?: unknown; headers?: Record<string, string> };

/** The differences between the real extension in real time and the local engine in virtual time. */
export type Engine = {
  readonly name: "extension" | "local";
  readonly emulator: StorageEmulator;
  /** Where the app listens, without a slash at the end. */
  url(): string;
  /** Lets `ms` pass. */
  wait(ms: number): Promise<void>;
  /** The app's time (epoch ms). */
  now(): number;
  /** Moves the app and Storage `ms` ahead. The extension's own clock stays: its timers do not become due. */
  skipAhead(ms: number): Promise<void>;
};

/** The app on an engine, as callers and operators see it. */
export type Stack = Engine & {
  call(method: string, path: string, options?: CallOptions): Promise<Response>;
  /** Starts a copy; expects 202. */
  start(body: unknown, headers?: Record<string, string>): Promise<Json>;
  get(id: string): Promise<Json>;
  /** Requests an abort, again while the hub or the ledger is too slow (503), as callers do. */
  abort(id: string): Promise<Response>;
  /** Lets time pass until `read` returns something; `what` is for the error after `withinMs`. */
  until<T>(what: string, read: () => Promise<T | null>, withinMs?: number): Promise<T>;
  /** Lets time pass until the copy has ended, and returns it as the API shows it. */
  untilEnded(id: string, withinMs?: number): Promise<Json>;
  /** Lets time pass until the copy has this status. */
  untilStatus(id: string, status: string, withinMs?: number): Promise<Json>;
  /** A request to the management API of Durable, below `/runtime/webhooks/durabletask/`. */
  manage(method: string, path: string, options?: CallOptions): Promise<Response>;
  /** Runs a function with a timer trigger now, and waits until it has logged its end. */
  runFunction(name: string): Promise<void>;
  blob(path: string): BlockBlobClient;
  /** Uploads a source with its container. */
  upload(path: string, content: Buffer): Promise<BlockBlobClient>;
  /** Settings of copies onto one container; others use the emulator's default. */
  speeds: Map<string, Partial<CopySettings>>;
  /** The destination of each copy that Storage has started: path of a URL. */
  begunAt: string[];
};

/** Sends a request; a body that is not a text is sent as JSON. */
export async function sendRequest(
  method: string,
  url: string,
  { body, headers }: CallOptions = {},
): Promise<Response> {
  const response = await fetch(url, {
    method,
    redirect: "manual",
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("content-type") ?? "") && text !== "";
  const { status, headers: received } = response;
  return { status, headers: received, text, json: isJson ? JSON.parse(text) : undefined };
}

const pollMs = 300;
const maxWaitMs = 60_000;

/** The parts that are the same on both engines. */
export function openStack<E extends Engine>(engine: E): E & Stack {
  const { emulator } = engine;
  const key = emulator.accounts.find(({ name }) => name === account)?.key ?? "";
  const service = new BlobServiceClient(
    `${emulator.blobUrl}/${account}`,
    new StorageSharedKeyCredential(account, key),
    // An idle connection may be closed just when it is used again.
    { retryOptions: { maxTries: 3, retryDelayInMs: 100 } },
  );
  const speeds: Stack["speeds"] = new Map();
  emulator.copies.forDestination = (container) => speeds.get(container);
  const begunAt: string[] = [];
  noteStarts(emulator, begunAt);

  const stack: E & Stack = {
    ...engine,
    speeds,
    begunAt,
    call: (method, path, options) => sendRequest(method, `${engine.url()}/api${path}`, options),
    async start(body, headers = {}) {
      const response = await stack.call("POST", "/copies", { body, headers });
      if (response.status !== 202) {
        throw new Error(`POST /copies returned ${response.status}: ${response.text}`);
      }
      return response.json;
    },
    get: async (id) => (await stack.call("GET", `/copies/${id}`)).json,
    abort: (id) =>
      stack.until(`the abort of ${id} is answered`, async () => {
        const response = await stack.call("POST", `/copies/${id}/abort`);
        return response.status === 503 ? null : response;
      }),
    async until(what, read, withinMs = maxWaitMs) {
      for (let waited = 0; ; waited += pollMs) {
        const found = await read();
        if (found !== null) return found;
        if (waited >= withinMs) throw new Error(`Not within ${withinMs} ms: ${what}`);
        await engine.wait(pollMs);
      }
    },
    async untilEnded(id, withinMs) {
      let last: Json;
      const read = async () => {
        last = await stack.get(id);
        return typeof last?.completedAt === "string" ? last : null;
      };
      return await stack.until(`copy ${id} has ended`, read, withinMs).catch((error: unknown) => {
        throw new Error(`${String(error)}: ${JSON.stringify(last)}`, { cause: error });
      });
    },
    untilStatus: (id, status, withinMs) =>
      stack.until(
        `copy ${id} is ${status}`,
        async () => {
          const copy = await stack.get(id);
          return copy?.status === status ? copy : null;
        },
        withinMs,
      ),
    manage: (method, path, options) =>
      sendRequest(method, `${engine.url()}/runtime/webhooks/durabletask/${path}`, options),
    async runFunction(name) {
      const url = `${engine.url()}/admin/functions/${name}`;
      const response = await sendRequest("POST", url, { body: { input: "" } });
      if (response.status !== 202) throw new Error(`${url} returned ${response.status}`);
      // It runs in the background, with only a few blobs here.
      await engine.wait(1_000);
    },
    blob(path) {
      const [container = "", ...name] = path.split("/");
      return service.getContainerClient(container).getBlockBlobClient(name.join("/"));
    },
    async upload(path, content) {
      await service.getContainerClient(path.split("/")[0] ?? "").createIfNotExists();
      const blob = stack.blob(path);
      await blob.uploadData(content);
      return blob;
    },
  };
  return stack;
}

/** The emulator keeps only its last 1,000 requests, so starts are recorded as they arrive. */
function noteStarts({ requests }: StorageEmulator, begunAt: string[]): void {
  const noted = requests as StorageEmulator["requests"][number][];
  const push = noted.push.bind(noted);
  noted.push = (...entries) => {
    for (const { operation, status, url } of entries) {
      if (/^CopyBlob(FromUrl)?$/.test(operation ?? "") && status === 202) {
        begunAt.push(new URL(url, "http://storage").pathname);
      }
    }
    return push(...entries);
  };
}
