import { once } from "node:events";
import { createServer } from "node:net";
import type { Server } from "node:net";

const range = { from: 20_000, count: 10_000 };

/** Processes with neighbouring ids begin far from each other: the count divided by the golden ratio. */
let next = (process.pid * 6_181) % range.count;

/**
 * Returns ports of the loopback address on which nothing listens, all different. They are for a server that is restarted on
 * the same port: they are below the ports that systems choose for port 0 (Linux: from 32,768, macOS and Windows: from
 * 49,152), so no other server gets one while its own is down.
 */
export async function reservedPorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = range.from + next;
    next = (next + 1) % range.count;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server: Server = createServer();
  try {
    await once(server.listen(port, "127.0.0.1"), "listening");
  } catch {
    return false;
  }
  await new Promise((resolve) => server.close(resolve));
  return true;
}
