import { createServer } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A web proxy that routes every connection to the emulator, so an unchanged client reaches it under Azure's hosts. */
export type StorageProxy = {
  /** The variables by which the Storage SDKs find the proxy. */
  environment: Record<string, string>;
  /** The emulator's port, once it is known. */
  port: number;
  /** Each connection as "host:port". */
  connections: string[];
};

/** Starts the proxy, which is closed after the test. */
export async function startStorageProxy(): Promise<StorageProxy> {
  const connections: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on("connect", (request, client: Socket) => {
    connections.push(request.url ?? "");
    const emulator = connect(proxy.port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      emulator.pipe(client).pipe(emulator);
    });
    for (const socket of [client, emulator]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // listens on TCP
  const proxy: StorageProxy = {
    environment: { HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: "127.0.0.1,localhost" },
    port: 0,
    connections,
  };
  return proxy;
}
