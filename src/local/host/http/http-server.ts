import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Clock } from "../../clock.ts";
import type { Logger } from "../../log.ts";

/** A complete request, as the host's routes receive it. */
export type HostRequest = {
  method: string;
  /** Absolute, with the caller's origin. */
  url: URL;
  /** The path as sent, still percent-encoded. */
  path: string;
  /** Names in lower case. Values of repeated headers are joined by ",", as .NET's StringValues does. */
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  /** Whether the body came without a Content-Length. */
  chunked: boolean;
};

/** A header with several values is sent as several header lines. */
export type HostResponse = {
  status: number;
  headers: Readonly<Record<string, string | readonly string[]>>;
  body: string | Uint8Array;
  /** Lowers the level of the request's log line. */
  logLevel?: "debug";
};

export type HttpServer = {
  port: number;
  /** Waits until every pending response is sent, then stops listening and closes the sockets. */
  close(): Promise<void>;
};

export type HttpServerOptions = {
  /** 0 for any free port. */
  port: number;
  clock: Clock;
  logger: Logger;
  respond: (request: HostRequest) => Promise<HostResponse>;
};

/** The host's default, FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: 100 MB. */
const maxBodyBytes = 104_857_600;

/** KestrelServerLimits.cs: the request line and the headers, with their line breaks. Beyond these, 414 and 431. */
const maxRequestLineBytes = 8_192;
const maxHeaderBytes = 32_768;
const maxHeaderCount = 100;

/**
 * Node's limit on request line and headers together. It is far above Kestrel's, so that `readRequest` can distinguish
 * them.
 */
const maxNodeHeaderBytes = 1_048_576;

/** These never have a body (RFC 9110, sections 6.4.1 and 15). */
const statusesWithoutBody = new Set([204, 205, 304]);

/**
 * Serves HTTP on 127.0.0.1 only, because the local host requires keys only if it has some. Each request writes one log
 * line, without its query. If `respond` throws, the response is an empty 500.
 */
export async function listen(options: HttpServerOptions): Promise<HttpServer> {
  const { clock, logger } = options;
  const inFlight = new Set<Promise<void>>();
  const nodeOptions = { maxHeaderSize: maxNodeHeaderBytes, requireHostHeader: false };
  const server = createServer(nodeOptions, (incoming, outgoing) => {
    const work = clock.track(serve(options, incoming, outgoing)).finally(() => {
      inFlight.delete(work);
    });
    inFlight.add(work);
  });
  server.on("clientError", (error, socket) => {
    logger("debug", "host", "", `Cannot read a client's request: ${error.message}`);
    const isTooLarge = "code" in error && error.code === "HPE_HEADER_OVERFLOW";
    const status = isTooLarge ? "431 Request Header Fields Too Large" : "400 Bad Request";
    if (!socket.writable) socket.destroy();
    else socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(createListenError(options.port, error)));
    server.listen(options.port, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error(`Cannot read the server's port: ${JSON.stringify(address)}`);
  }
  return {
    port: address.port,
    close: async () => {
      // This comes first, because Node treats a connection as idle once `end` was called, even if its body is unsent.
      while (inFlight.size > 0) await Promise.all(inFlight);
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(
  options: HttpServerOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { clock, logger } = options;
  const startedAt = clock.now();
  const method = incoming.method ?? "GET";
  const [path = "/"] = (incoming.url ?? "/").split("?");
  // A socket that breaks while we respond must not crash the host.
  incoming.on("error", () => {});
  outgoing.on("error", () => {});

  const request = await readRequest(incoming, path);
  if (request === "gone") return;
  let response: HostResponse;
  if (typeof request === "number") {
    response = { status: request, headers: { connection: "close" }, body: "" };
  } else {
    response = await options.respond(request).catch((error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      logger("error", "host", `${method} ${path}`, text);
      return { status: 500, headers: {}, body: "" };
    });
  }
  const sent = await send(method, response, outgoing).catch((error: unknown) => {
    logger("error", "host", `${method} ${path}`, `Cannot send the response: ${String(error)}`);
    outgoing.destroy();
    return false;
  });
  const took = `${clock.now() - startedAt} ms`;
  const level = response.status >= 500 ? "warning" : (response.logLevel ?? "information");
  const suffix = sent ? "" : " (the client received no response)";
  logger(level, "request", `${method} ${path}`, `${response.status} in ${took}${suffix}`);
}

/** A Host header contains a host and optionally a port; anything else returns 400 (RFC 9112, section 3.2). */
const hostAndPort = /^([\w.~%!$&'()*+,;=-]+|\[[\da-f:.]+\])(:\d*)?$/i;

/** Returns the complete request, a status if it is rejected, or "gone" if the client disconnected. */
async function readRequest(
  incoming: IncomingMessage,
  path: string,
): Promise<HostRequest | 400 | 413 | 414 | 431 | 500 | "gone"> {
  const requestLine = `${incoming.method} ${incoming.url} HTTP/${incoming.httpVersion}\r\n`;
  if (requestLine.length > maxRequestLineBytes) return 414;
  const headerCount = incoming.rawHeaders.length / 2;
  if (headerCount > maxHeaderCount || countHeaderBytes(incoming) > maxHeaderBytes) return 431;
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    if (values !== undefined) headers[name] = values.join(",");
  }
  const { host } = headers;
  // Kestrel accepts a request of HTTP/1.0 without Host, and then the Functions host cannot build its URL.
  if (host === undefined) return incoming.httpVersion === "1.0" ? 500 : 400;
  const target = incoming.url ?? "/";
  const absolute = target.startsWith("/") ? `http://${host}${target}` : target;
  if (!hostAndPort.test(host) || !URL.canParse(absolute)) return 400;
  // A target in absolute form can contain user information, which servers must reject (RFC 9110, section 4.2.4).
  const url = new URL(absolute);
  if (url.username !== "" || url.password !== "") return 400;
  if (Number(headers["content-length"] ?? 0) > maxBodyBytes) return 413;

  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of incoming) {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) return 413;
      chunks.push(chunk);
    }
  } catch {
    return "gone";
  }
  return {
    method: incoming.method ?? "GET",
    url,
    path: target.startsWith("/") ? path : url.pathname,
    headers,
    body: Buffer.concat(chunks),
    chunked: headers["content-length"] === undefined,
  };
}

function countHeaderBytes({ rawHeaders }: IncomingMessage): number {
  const perLine = ": ".length + "\r\n".length;
  const text = rawHeaders.reduce((sum, part) => sum + part.length, 0);
  return text + (rawHeaders.length / 2) * perLine;
}

/** Returns false if the client disconnected before the response was sent. */
async function send(
  method: string,
  response: HostResponse,
  outgoing: ServerResponse,
): Promise<boolean> {
  if (outgoing.destroyed) return false; // it emits no more events
  outgoing.statusCode = response.status;
  for (const [name, value] of Object.entries(response.headers)) {
    outgoing.setHeader(name, typeof value === "string" ? value : [...value]);
  }
  const bodyless = method === "HEAD" || statusesWithoutBody.has(response.status);
  const body = Buffer.from(response.body);
  // Like Kestrel: without a stated length, a body is sent in chunks, and HEAD states no length.
  if (!bodyless && !outgoing.hasHeader("content-length")) {
    const isChunked = body.length > 0 && outgoing.req.httpVersion === "1.1";
    if (isChunked) outgoing.setHeader("transfer-encoding", "chunked");
    else outgoing.setHeader("content-length", body.length);
  }
  return new Promise((resolve) => {
    outgoing.once("close", () => resolve(outgoing.writableFinished));
    outgoing.once("finish", () => resolve(true));
    if (bodyless) outgoing.end();
    else outgoing.end(body);
  });
}

function createListenError(port: number, error: Error): Error {
  const code = "code" in error ? error.code : undefined;
  const reason =
    code === "EADDRINUSE"
      ? "it is in use. Set FUNCTIONS_PORT to another port, or to 0 for any free port"
      : error.message;
  return new Error(`Cannot serve functions on port ${port} because ${reason}`, { cause: error });
}
