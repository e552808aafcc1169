import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import type { OperationName } from "../../../src/local/storage/http/rest-operation.ts";
import type { CopySettings } from "../../../src/local/storage/pending-copies/copy-settings.ts";

/** The orders that the benchmark sends to the processes of the app and of the emulator. */
export type Order =
  /** Replies with the processor time that was used so far, in ms. */
  | { kind: "processor" }
  /** Replies with a `Memory`. */
  | { kind: "memory" }
  | { kind: "start profile" }
  /** Writes the profile to a file that Chrome DevTools can open. */
  | { kind: "stop profile"; file: string }
  /** For the emulator: settings of copies that start from now on. */
  | { kind: "copies"; settings: Partial<CopySettings> }
  /** For the emulator: replies with the number of requests that it has received, of all operations or of one. */
  | { kind: "requests"; operation?: OperationName }
  | { kind: "close" };

export type Message =
  | { kind: "ready"; ready: unknown }
  /** An orchestration has completed. */
  | { kind: "ended"; instanceId: string }
  | { kind: "reply"; value: unknown };

/** After a forced collection, if the process runs with `--expose-gc`. */
export type Memory = { rssBytes: number; heapBytes: number };

export type Orders = {
  close: () => Promise<void>;
  setCopies?: (settings: Partial<CopySettings>) => void;
  requests?: (operation?: OperationName) => number;
};

/** Handles the orders of the parent process until it sends `close`. */
export function serveOrders({ close, setCopies, requests }: Orders): void {
  const inspector = new Session();
  const respond = async (order: Order): Promise<unknown> => {
    switch (order.kind) {
      case "processor": {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1_000;
      }
      case "memory":
        return await readMemory();
      case "start profile":
        inspector.connect();
        await inspector.post("Profiler.enable");
        return await inspector.post("Profiler.start");
      case "stop profile": {
        const { profile } = await inspector.post("Profiler.stop");
        inspector.disconnect();
        return writeFileSync(order.file, JSON.stringify(profile));
      }
      case "copies":
        return setCopies?.(order.settings);
      case "requests":
        return requests?.(order.operation);
      case "close":
        await close();
        return process.disconnect();
    }
  };
  process.once("disconnect", () => process.exit()); // the parent may have died
  process.on("message", (order: Order) => {
    void respond(order).then((value) => send({ kind: "reply", value }));
  });
}

export function send(message: Message): void {
  if (process.connected) process.send?.(message);
}

async function readMemory(): Promise<Memory> {
  globalThis.gc?.();
  // Finalizers run after a collection. The second one frees the objects that they released, such as the timers of
  // time-outs.
  await new Promise(setImmediate);
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { rssBytes: rss, heapBytes: heapUsed };
}
