import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export type Heard = { headers: IncomingHttpHeaders; body: string };

/** Somebody who wants to know: keeps what is posted, and answers 200 unless told otherwise. */
export type Listener = {
  url: string;
  heard: Heard[];
  /** What comes next, in real time. */
  next(): Promise<Heard>;
  /** The status of each answer from now on; null breaks the connection instead. */
  responses: () => number | null;
};

export async function startListener(): Promise<Listener> {
  const waiting: ((heard: Heard) => void)[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const status = listener.responses();
    if (status === null) return void request.socket.destroy();
    const heard = { headers: request.headers, body: Buffer.concat(chunks).toString() };
    listener.heard.push(heard);
    for (const resolve of waiting.splice(0)) resolve(heard);
    response.writeHead(status, { location: `${listener.url}/elsewhere` }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // listens on TCP
  const listener: Listener = {
    url: `http://127.0.0.1:${port}/hook`,
    heard: [],
    next: () => new Promise((resolve) => waiting.push(resolve)),
    responses: () => 200,
  };
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return listener;
}
