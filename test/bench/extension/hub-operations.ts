import { once } from "node:events";
import { Agent, createServer, request as send } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The kinds of requests to a task hub. A batch of table entities is one write. */
export const operationKinds = [
  "queue put",
  "queue get",
  "queue delete",
  "table write",
  "table read",
  "blob",
  /** A queue read that returned no message. */
  "polling",
  /** Upkeep of leases and partitions. */
  "upkeep",
] as const;
export type OperationKind = (typeof operationKinds)[number];

/** `at` is epoch ms, when the response was complete. */
export type HubOperation = { kind: OperationKind; at: number };

/** A task hub's requests on their way to Azurite. */
export type HubCounter = {
  /** The connection string of the counting proxies. */
  connection: string;
  operations: HubOperation[];
  close(): void;
};

/** Puts a proxy before each of the three endpoints of a connection string. */
export async function openHubCounter(connection: string): Promise<HubCounter> {
  const operations: HubOperation[] = [];
  const agent = new Agent({ keepAlive: true });
  const servers: Server[] = [];
  let counted = connection;
  for (const service of ["Blob", "Queue", "Table"] as const) {
    const endpoint = new RegExp(`${service}Endpoint=http://127\\.0\\.0\\.1:(\\d+)`).exec(
      connection,
    );
    if (endpoint === null) throw new Error(`Cannot count because there is no ${service}Endpoint`);
    const [text, port = ""] = endpoint;
    const server = createServer((request, response) =>
      forward(request, response, { agent, port: Number(port) }, (body) => {
        operations.push({
          kind: classifyOperation(service, request, body),
          at: Date.now(),
        });
      }),
    ).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port: ownPort } = server.address() as AddressInfo; // listens on TCP
    counted = counted.replace(text, `${service}Endpoint=http://127.0.0.1:${ownPort}`);
    servers.push(server);
  }
  return {
    connection: counted,
    operations,
    close() {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      agent.destroy();
    },
  };
}

function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { agent, port }: { agent: Agent; port: number },
  completed: (body: string) => void,
): void {
  const { method, url: path, headers } = request;
  const onward = send({ host: "127.0.0.1", port, method, path, headers, agent }, (received) => {
    response.writeHead(received.statusCode ?? 502, received.headers);
    const chunks: Buffer[] = [];
    received.on("data", (chunk: Buffer) => chunks.push(chunk));
    received.on("end", () => completed(Buffer.concat(chunks).toString()));
    received.pipe(response);
  });
  onward.on("error", () => response.destroy());
  request.pipe(onward);
}

function classifyOperation(
  service: "Blob" | "Queue" | "Table",
  { method, url = "" }: IncomingMessage,
  body: string,
): OperationKind {
  if (service === "Blob") return /lease/i.test(url) ? "upkeep" : "blob";
  if (service === "Table") {
    if (/Partitions\b/.test(url)) return "upkeep"; // the hub's name may have the word in lower case
    return method === "GET" ? "table read" : "table write";
  }
  if (!/\/messages/.test(url)) return "upkeep";
  if (method === "GET") return body.includes("<QueueMessage>") ? "queue get" : "polling";
  // Hiding a message for longer is a PUT, and costs the same as a put.
  return method === "DELETE" ? "queue delete" : "queue put";
}
