import { once } from "node:events";
import { request as httpRequest } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";

export type RawRequest = {
  method?: string;
  path: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Buffer;
};

export type RawResponse = { status: number; headers: IncomingHttpHeaders; text: string };

/** Sends a request with any headers, also those that fetch sets itself. Without a Host, sends the server's address. */
export function send(port: number, request: RawRequest): Promise<RawResponse> {
  const { method = "GET", path, headers = {}, body } = request;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: "127.0.0.1", port, method, path, headers, agent: false });
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text });
      });
    });
    outgoing.end(body);
  });
}

/** Sends the unchanged text and returns the whole response; the request must make the server close the connection. */
export async function exchange(
  port: number,
  request: string,
): Promise<{ head: string; body: string }> {
  const socket = connect(port, "127.0.0.1");
  socket.write(request);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  await once(socket, "close");
  const [head = "", ...body] = Buffer.concat(chunks).toString().split("\r\n\r\n");
  return { head, body: body.join("\r\n\r\n") };
}
