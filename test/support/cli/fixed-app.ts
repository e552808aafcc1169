import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** Starts a server in place of the app, which is closed after the test; returns its URL. */
export async function startFixedApp(
  respond: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(respond);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Responds with JSON. */
export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** A copy as the API returns it. */
export function copyBody(more: object = {}) {
  const id = "01a1fb9f-20ed-74d5-ab99-256a8184e096";
  const self = `/api/copies/${id}`;
  const at = "2026-11-20T12:00:00.000Z";
  return {
    id,
    status: "succeeded",
    retryOf: null,
    source: "https://acct1.blob.core.windows.net/inbox/film.mp4",
    destination: "https://acct2.blob.core.windows.net/archive/film.mp4",
    copyId: null,
    copyStatus: null,
    abortRequested: false,
    progress: null,
    statusReads: 1,
    nextReadAt: null,
    warning: null,
    createdAt: at,
    startedAt: at,
    completedAt: at,
    copyCompletedAt: at,
    lastUpdatedAt: at,
    error: null,
    reason: null,
    residue: [],
    links: { self, abort: `${self}/abort`, retry: `${self}/retry`, timeline: `${self}/timeline` },
    ...more,
  };
}
