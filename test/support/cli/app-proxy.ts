import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export type ProxiedCall = { method: string; path: string; body: string };

/** A proxy between `ferry` and the app. */
export type AppProxy = {
  url: string;
  calls: ProxiedCall[];
  /** Holds the next calls of this method until `release`; `held` resolves when there is one. */
  hold(method: string): { held: Promise<void>; release(): void };
};

/**
 * Starts a proxy of the app, which is closed after the test. It removes `Prefer`, as proxies may: the app would hold
 * requests in real time, in which a virtual clock does not move.
 */
export async function startAppProxy(app: string): Promise<AppProxy> {
  const calls: ProxiedCall[] = [];
  const gates = new Map<string, { arrived(): void; opened: Promise<void> }>();
  const server = createServer((request, response) => {
    void (async () => {
      const { method = "", url = "", headers } = request;
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      calls.push({ method, path: url, body: body.toString() });
      const gate = gates.get(method);
      gate?.arrived();
      await gate?.opened;
      const passed = ["content-type", "idempotency-key", "if-none-match", "x-functions-key"];
      const reply = await fetch(`${app}${url}`, {
        method,
        headers: passed.flatMap((name): [string, string][] =>
          typeof headers[name] === "string" ? [[name, headers[name]]] : [],
        ),
        ...(body.length === 0 ? {} : { body }),
      });
      const kept = [...reply.headers].filter(([name]) => !/^(connection|keep-alive)$/.test(name));
      response.writeHead(reply.status, Object.fromEntries(kept));
      response.end(Buffer.from(await reply.arrayBuffer()));
    })().catch(() => response.destroy()); // the app, or `ferry`, has closed the connection
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    hold(method) {
      let arrived = () => {};
      let open = () => {};
      const held = new Promise<void>((resolve) => void (arrived = resolve));
      const opened = new Promise<void>((resolve) => void (open = resolve));
      gates.set(method, { arrived, opened });
      const release = () => {
        gates.delete(method);
        open();
      };
      onTestFinished(release);
      return { held, release };
    },
  };
}
