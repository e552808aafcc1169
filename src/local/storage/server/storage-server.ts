import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../clock.ts";
import { errorResponse, sendResponse, type RequestDraft } from "./send-response.ts";
import { StorageError } from "../http/rest-errors.ts";
import type { FaultAction } from "./faults.ts";
import { identifyOperation, type OperationName } from "../http/rest-operation.ts";
import { redact, redactHeaders } from "../http/redact.ts";
import {
  parseQuery,
  parseResource,
  readMetadata,
  splitTarget,
  type ServiceName,
  type StorageResponse,
  type StorageRequest,
} from "../http/storage-request.ts";

/** A request as it is remembered: no signature, no body. */
export type ReceivedRequest = {
  id: string;
  /** Epoch ms. */
  at: number;
  service: ServiceName;
  operation: OperationName;
  method: string;
  url: string;
  headers: Record<string, string>;
  bodyLength: number;
  /** Null where the connection broke instead of an answer. */
  status: number | null;
  /** `x-ms-error-code` of the answer. */
  code?: string;
};

export type ServerOptions = {
  service: ServiceName;
  clock: Clock;
  port: number;
  /** Key and certificate, PEM: then it speaks https, and only that. */
  tls?: { key: string; cert: string };
  takeFault: (request: StorageRequest, operation: OperationName) => FaultAction | undefined;
  /** Acts; throws a StorageError where the service would refuse. */
  handle: (request: StorageRequest, operation: OperationName) => Promise<StorageResponse>;
  record: (request: ReceivedRequest) => void;
  log: (line: string) => void;
};

export type StorageServer = { port: number; close(): Promise<void> };

/** Bodies are held in memory; the service's own limits are higher (Put Block: 4,000 MiB). */
const maxBodyBytes = 512 * 1024 * 1024;

/** Listens on the loopback address only: the accounts' keys are public. 0 is any free port. */
export async function startServer(options: ServerOptions): Promise<StorageServer> {
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    exchange(incoming, outgoing, options).catch((error: unknown) => {
      options.log(`Connection lost: ${redact(String(error))}`);
      outgoing.destroy();
    });
  };
  const server =
    options.tls === undefined ? createServer(listener) : createSecureServer(options.tls, listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      const inUse = "code" in error && error.code === "EADDRINUSE";
      const reason = inUse
        ? "it is in use; BLOB_PORT and FILE_PORT name others, 0 takes any free one"
        : error.message;
      reject(
        new Error(`Cannot serve Storage on port ${options.port} as ${reason}`, { cause: error }),
      );
    });
    server.listen(options.port, "127.0.0.1", resolve);
  });
  // A listening TCP server has this kind of address, not a pipe's name.
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

/**
 * One request and its answer. The clock waits while the body arrives and while the request is acted
 * on. It does not wait for a fault's delay, which needs it to move.
 */
async function exchange(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  options: ServerOptions,
): Promise<void> {
  const { clock } = options;
  const body = await clock.track(readBody(incoming));
  const draft = draftRequest(incoming, body ?? Buffer.alloc(0), options.service);
  const { operation, answer } = await respond(draft, {
    incoming,
    isWhole: body !== undefined,
    options,
  });
  recordRequest(draft, { operation, answer, options });
  if (answer === "connection broken") {
    if (options.tls === undefined) incoming.socket.resetAndDestroy();
    else incoming.socket.destroy(); // there is no reset through TLS
    return;
  }
  sendResponse(outgoing, draft, answer, clock);
}

type Responded = { operation: OperationName; answer: StorageResponse | "connection broken" };

async function respond(
  draft: RequestDraft,
  {
    incoming,
    isWhole,
    options,
  }: { incoming: IncomingMessage; isWhole: boolean; options: ServerOptions },
): Promise<Responded> {
  const { clock } = options;
  let operation: OperationName = "UnknownOperation";
  let fault: FaultAction | undefined;
  let answer: StorageResponse;
  try {
    if (!isWhole) throw new StorageError("RequestBodyTooLarge");
    const request = completeRequest(draft, incoming, options);
    operation = identifyOperation(request);
    fault = options.takeFault(request, operation);
    if (fault === "reset connection") return { operation, answer: "connection broken" };
    if (typeof fault === "object" && "answer" in fault) {
      const refusal = { details: {}, headers: {}, message: "", ...fault.answer };
      return { operation, answer: errorResponse(draft, refusal, clock) };
    }
    if (typeof fault === "object") await delay(clock, fault.delayMs);
    answer = await clock.track(options.handle(request, operation));
  } catch (error) {
    answer = errorResponse(draft, asStorageError(error, options), clock);
  }
  return { operation, answer: fault === "lose answer" ? "connection broken" : answer };
}

function recordRequest(
  { id, service, method, target, headers, body }: RequestDraft,
  { operation, answer, options }: Responded & { options: ServerOptions },
): void {
  const isBroken = answer === "connection broken";
  const code = isBroken ? undefined : answer.headers?.["x-ms-error-code"];
  const url = redact(target);
  options.record({
    id,
    at: options.clock.now(),
    service,
    operation,
    method,
    url,
    headers: redactHeaders(headers),
    bodyLength: body.length,
    status: isBroken ? null : answer.status,
    ...(code !== undefined && { code }),
  });
  const outcome = isBroken ? answer : answer.status;
  options.log([method, url, outcome, operation, code ?? "", id].join(" "));
}

/** Undefined when it is longer than the emulator takes. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length; // no encoding was set, so the chunks are bytes
    if (length <= maxBodyBytes) chunks.push(chunk);
  }
  return length <= maxBodyBytes ? Buffer.concat(chunks) : undefined;
}

function draftRequest(incoming: IncomingMessage, body: Buffer, service: ServiceName): RequestDraft {
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
  );
  return {
    id: randomUUID(),
    service,
    method: incoming.method ?? "",
    target: incoming.url ?? "/",
    headers,
    body,
  };
}

function completeRequest(
  draft: RequestDraft,
  incoming: IncomingMessage,
  { tls }: ServerOptions,
): StorageRequest {
  const [path, query] = splitTarget(draft.target);
  return {
    ...draft,
    resource: parseResource(path, draft.service),
    query: new Map(parseQuery(query)),
    metadata: readMetadata(incoming.rawHeaders),
    clientAddress: incoming.socket.remoteAddress ?? "",
    isSecure: tls !== undefined,
  };
}

function delay(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(clock.now() + ms, resolve);
  });
}

function asStorageError(error: unknown, { log }: ServerOptions): StorageError {
  if (error instanceof StorageError) return error;
  log(redact(error instanceof Error ? (error.stack ?? error.message) : String(error)));
  return new StorageError("InternalError");
}
