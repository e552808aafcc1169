import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export type Delivery = { headers: IncomingHttpHeaders; body: string };

/** A notification target: records its deliveries, and responds with 200 by default. */
export type Listener = {
  url: string;
  delivery: Delivery[];
  /** Resolves with the next delivery, in real time. */
  next(): Promise<Delivery>;
  /** Returns the status of each response; null breaks the connection instead. */
  responses: () => number | null;
};

export async function startListener(): Promise<Listener> {
  const waiting: ((delivery: Delivery) => void)[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const status = listener.responses();
    if (status === null) return void request.socket.destroy();
    const delivery = { headers: request.headers, body: Buffer.concat(chunks).toString() };
    listener.delivery.push(delivery);
    for (const resolve of waiting.splice(0)) resolve(delivery);
    response.writeHead(status, { location: `${listener.url}/elsewhere` }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // listens on TCP
  const listener: Listener = {
    url: `http://127.0.0.1:${port}/hook`,
    delivery: [],
    next: () => new Promise((resolve) => waiting.push(resolve)),
    responses: () => 200,
  };
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return listener;
}
