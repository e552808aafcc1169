import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export type Heard = { headers: IncomingHttpHeaders; body: string };

/** Somebody who wants to know: keeps what is posted, and answers 200 unless told otherwise. */
export type Listener = {
  url: string;
  heard: Heard[];
  /** The status of each answer from now on; null breaks the connection instead. */
  answers: () => number | null;
};

export async function startListener(): Promise<Listener> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const status = listener.answers();
    if (status === null) return void request.socket.destroy();
    listener.heard.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(status, { location: `${listener.url}/elsewhere` }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // listens on TCP
  const listener: Listener = {
    url: `http://127.0.0.1:${port}/hook`,
    heard: [],
    answers: () => 200,
  };
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return listener;
}
