import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** A web server outside Storage, on this machine; it is closed after the test. */
export type ExternalServer = {
  /** Scheme, host and port. */
  origin: string;
  /** Each request as "GET /film.mp4?key=1". */
  requests: string[];
};

/** Serves these paths, and 404 for all others. */
export async function startExternalServer(
  content: Readonly<Record<string, Buffer>>,
): Promise<ExternalServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const bytes = content[(request.url ?? "").split("?")[0] ?? ""];
    if (bytes === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      "content-type": "video/mp4",
      "content-length": bytes.length,
      etag: '"v1"',
      "last-modified": "Thu, 19 Nov 2026 12:00:00 GMT",
    });
    response.end(request.method === "HEAD" ? undefined : bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // listens on TCP
  return { origin: `http://127.0.0.1:${port}`, requests };
}
