import { join } from "node:path";
import type { Api, ParityCall } from "../parity/calls.ts";
import { maskedResponse } from "../parity/mask.ts";
import type { MaskedResponse } from "../parity/mask.ts";
import { startChild } from "./processes/child.ts";
import { startExtensionStack } from "./extension-stack.ts";
import { extensionFolder, root, runFolder } from "./processes/paths.ts";
import { sendRequest } from "./stack.ts";

export type ParityEngine = Api & { close(): Promise<void> };

/** The small app of parity/app on the real extension. */
export function startRealParityEngine(hubStorage: string): Promise<ParityEngine> {
  const appDirectory = join(extensionFolder, "parity/app");
  return startExtensionStack({ name: "parity", hubStorage, appDirectory, events: false });
}

/** The same app on the local engine in real time, with the sources of `project`. */
export async function startLocalParityEngine(project = root): Promise<ParityEngine> {
  const support = join(project, "test/extension/support/processes");
  const child = startChild(
    process.execPath,
    ["--import", join(support, "end-with-stdin.ts"), join(support, "local-parity-host.ts")],
    { environment: {}, logFile: join(runFolder("parity-local"), "local.log") },
  );
  const [, url = ""] = await child.until(/^ready (\S+)/m);
  return {
    manage: (method, path, options) =>
      sendRequest(method, `${url}/runtime/webhooks/durabletask/${path}`, options),
    async until(what, read, withinMs = 20_000) {
      for (const began = performance.now(); ;) {
        const found = await read();
        if (found !== null) return found;
        if (performance.now() - began > withinMs) {
          throw new Error(`Not within ${withinMs} ms: ${what}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    close: () => child.kill(),
  };
}

/** Prepares a call, makes it, and returns a comparable response. */
export async function ask(api: Api, call: ParityCall): Promise<MaskedResponse> {
  const { given, method, path, options } = call;
  await given?.(api);
  return maskedResponse(await api.manage(method, path, options));
}
