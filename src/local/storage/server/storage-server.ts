import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../clock.ts";
import {
  errorResponse,
  inertHeaders,
  requireSendable,
  sendResponse,
  type RequestDraft,
} from "./send-response.ts";
import { StorageError } from "../http/rest-errors.ts";
import { ownPath, type VirtualHosts } from "../http/virtual-hosts.ts";
import type { FaultAction } from "./faults.ts";
import { identifyOperation, type OperationName } from "../http/rest-operation.ts";
import { redact, redactHeaders } from "../http/redact.ts";
import {
  parseQuery,
  parseResource,
  readMetadata,
  splitTarget,
  withRootContainer,
  type ServiceName,
  type StorageResponse,
  type StorageRequest,
} from "../http/storage-request.ts";

/** One recorded request, without signatures and without its body. */
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
  /** Null if the connection was broken instead of responding. */
  status: number | null;
  /** `x-ms-error-code` of the response. */
  code?: string;
};

export type ServerOptions = {
  service: ServiceName;
  clock: Clock;
  port: number;
  /** Key and certificate in PEM. If present, the server accepts https only. */
  tls?: { key: string; cert: string };
  hosts: VirtualHosts;
  /** Returns the response to a request that must not reach Storage; undefined for others. */
  refuse: (
    request: Pick<RequestDraft, "method" | "target" | "headers">,
  ) => RefusedRequest | undefined;
  takeFault: (request: StorageRequest, operation: OperationName) => FaultAction | undefined;
  /** Executes the operation, or throws the StorageError that becomes the response. */
  handle: (request: StorageRequest, operation: OperationName) => Promise<StorageResponse>;
  record: (request: ReceivedRequest) => void;
  log: (line: string) => void;
};

/** The status and, as plain text, the body of a response that is not Storage's. */
export type RefusedRequest = { status: number; reason: string };

export type StorageServer = { port: number; close(): Promise<void> };

/** Bodies are kept in memory. The service's own limits are higher (Put Block: 4,000 MiB). */
const maxBodyBytes = 512 * 1024 * 1024;

/** Listens on the loopback address only, because the accounts' keys are public. Port 0 is any free port. */
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
        ? "it is in use; set BLOB_PORT and FILE_PORT to other ports, or to 0 for any free port"
        : error.message;
      reject(
        new Error(`Cannot serve Storage on port ${options.port} because ${reason}`, {
          cause: error,
        }),
      );
    });
    server.listen(options.port, "127.0.0.1", resolve);
  });
  // Only a server on a pipe has a different kind of address.
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
 * Handles one request and its response. The clock waits while the body arrives and while the operation
 * runs, but not during a fault's delay, which ends only when the clock advances.
 */
async function exchange(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  options: ServerOptions,
): Promise<void> {
  const { clock } = options;
  const body = await clock.track(readBody(incoming));
  const draft = draftRequest(incoming, body ?? Buffer.alloc(0), options.service);
  const refused = options.refuse(draft);
  if (refused !== undefined) {
    const { status, reason } = refused;
    options.log([draft.method, redact(draft.target), status, reason].join(" "));
    const headers = { ...inertHeaders, "Content-Type": "text/plain; charset=utf-8" };
    outgoing.writeHead(status, headers).end(reason);
    return;
  }
  const { operation, response } = await respond(draft, {
    incoming,
    isWhole: body !== undefined,
    options,
  });
  recordRequest(draft, { operation, response, options });
  if (response === "connection broken") {
    if (options.tls === undefined) incoming.socket.resetAndDestroy();
    else incoming.socket.destroy(); // TLS sockets cannot be reset
    return;
  }
  sendResponse(outgoing, draft, response, clock);
}

type Responded = { operation: OperationName; response: StorageResponse | "connection broken" };

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
  let response: StorageResponse;
  try {
    if (!isWhole) throw new StorageError("RequestBodyTooLarge");
    const request = completeRequest(draft, incoming, options);
    operation = identifyOperation(request);
    fault = options.takeFault(request, operation);
    if (fault === "reset connection") return { operation, response: "connection broken" };
    if (typeof fault === "object" && "response" in fault) {
      const error = { details: {}, headers: {}, message: "", ...fault.response };
      return { operation, response: errorResponse(draft, error, clock) };
    }
    if (typeof fault === "object" && "after" in fault) await fault.after;
    else if (typeof fault === "object") await delay(clock, fault.delayMs);
    response = await clock.track(options.handle(request, operation));
    requireSendable(response);
  } catch (error) {
    response = errorResponse(draft, asStorageError(error, options), clock);
  }
  return { operation, response: fault === "lose response" ? "connection broken" : response };
}

function recordRequest(
  { id, service, method, target, headers, body }: RequestDraft,
  { operation, response, options }: Responded & { options: ServerOptions },
): void {
  const isBroken = response === "connection broken";
  const code = isBroken ? undefined : response.headers?.["x-ms-error-code"];
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
    status: isBroken ? null : response.status,
    ...(code !== undefined && { code }),
  });
  const outcome = isBroken ? response : response.status;
  options.log([method, url, outcome, operation, code ?? "", id].join(" "));
}

/** Undefined if the body is longer than `maxBodyBytes`. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length; // chunks are bytes because no encoding was set
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
  { tls, hosts }: ServerOptions,
): StorageRequest {
  const [path, queryText] = splitTarget(draft.target);
  const { service } = draft;
  const query = new Map(parseQuery(queryText));
  return {
    ...draft,
    resource: withRootContainer(
      parseResource(ownPath(hosts, incoming.headers.host ?? "", path), service),
      { service, query },
    ),
    query,
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
