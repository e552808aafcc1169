import { join } from "node:path";
import { startFunctionsHost } from "../../../src/local/host/host.ts";
import { systemClock } from "../../../src/local/clock.ts";
import type { Api } from "../parity/calls.ts";
import { startExtensionStack } from "./extension-stack.ts";
import { extensionFolder } from "./paths.ts";
import type { CallOptions } from "./stack.ts";

export type ParityEngine = Api & { logs(): string; close(): Promise<void> };

const appDirectory = join(extensionFolder, "parity/app");

/** The small app on the real extension. */
export function startRealParityEngine(hubStorage: string): Promise<ParityEngine> {
  return startExtensionStack({ name: "parity", hubStorage, appDirectory, events: false });
}

/** The same app on the local engine, in real time as well. */
export async function startLocalParityEngine(): Promise<ParityEngine> {
  const lines: string[] = [];
  const host = await startFunctionsHost({
    appDirectory,
    clock: systemClock(),
    port: 0,
    stateFile: ":memory:",
    environment: {},
    log: ({ level, subject, message }) => lines.push(`${level} ${subject} ${message}`),
  });
  return {
    async manage(method, path, { body, headers }: CallOptions = {}) {
      const response = await fetch(`${host.url}/runtime/webhooks/durabletask/${path}`, {
        method,
        redirect: "manual",
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined
          ? {}
          : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = /json/.test(response.headers.get("content-type") ?? "") && text !== "";
      const { status, headers: received } = response;
      return { status, headers: received, text, json: isJson ? JSON.parse(text) : undefined };
    },
    async until(what, read, withinMs = 20_000) {
      for (const began = performance.now(); ;) {
        const found = await read();
        if (found !== null) return found;
        if (performance.now() - began > withinMs)
          throw new Error(`Not within ${withinMs} ms: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    logs: () => lines.join("\n"),
    close: () => host.close(),
  };
}
