import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { systemClock } from "../../src/local/clock.ts";
import type {
  DurableEngine,
  DurableOptions,
  InvocationResult,
  ManagementRequest,
  ManagementResponse,
} from "../../src/local/durable/api/engine-api.ts";
import { startFunctionsHost } from "../../src/local/host/host.ts";
import { setClockAhead } from "./support/processes/shifted-date.ts";

/*
 * Hosts a compiled app on the local Functions host, with the real Durable extension as its engine. The extension's
 * process (durable-host/) asks here for the names of the functions, posts each call of one, and sends the durable
 * client binding. Settings, all in the environment:
 *
 *   APP_DIRECTORY   the app's folder: host.json, package.json, and the build output
 *   BRIDGE_PORT     where the extension's process finds this one
 *   FUNCTIONS_PORT  where the app's HTTP functions are
 *   BINDING_FILE    keeps the binding, so that this process can be killed and started again alone
 *   RECORD_FOLDER   where to keep the last trigger of each orchestration, for record.ts; nowhere when absent
 *   CLOCK_AHEAD_MS  how far this process's clock is ahead; 0 when absent; POST /clock changes it
 */

const log = (line: string) => void process.stdout.write(`${line}\n`);
setClockAhead(Number(process.env["CLOCK_AHEAD_MS"] ?? "0"));

const clock = systemClock();
const host = await startFunctionsHost({
  appDirectory: setting("APP_DIRECTORY"),
  clock,
  port: Number(setting("FUNCTIONS_PORT")),
  stateFile: ":memory:",
  environment: {},
  openEngine: openExtensionEngine,
  log: ({ level, kind, subject, message }) =>
    level === "debug" ? undefined : log(`${level} ${kind} ${subject} ${message}`),
});
log(`ready ${host.url}`);
process.once("SIGTERM", () => void host.close().then(() => process.exit(0)));

/** An engine of two methods: the extension does the work, and calls the functions through the bridge's port. */
async function openExtensionEngine({ functions }: DurableOptions): Promise<DurableEngine> {
  const bindingFile = setting("BINDING_FILE");
  let binding = existsSync(bindingFile) ? readFileSync(bindingFile, "utf8") : "";
  let bound = () => {};
  const isBound = new Promise<void>((resolve) => (bound = resolve));
  const respond: Respond = async (path, body) => {
    const [route = "", name = "", instanceId = ""] = path.split("/").slice(1);
    switch (route) {
      case "functions": {
        const names = {
          orchestrators: functions.orchestrators(),
          activities: functions.activities(),
        };
        return { status: 200, body: JSON.stringify(names) };
      }
      case "binding":
        binding = body;
        writeFileSync(bindingFile, body);
        bound();
        return { status: 200, body: "" };
      case "unbind":
        binding = withoutListener(binding);
        return { status: 200, body: "" };
      case "clock":
        setClockAhead(Number(body));
        return { status: 200, body: "" };
      case "orchestrators":
        keepTrigger(body);
        return responseOf(await functions.invokeOrchestrator(name, body));
      case "activities": {
        // The extension has already converted the input to a string; as a JSON string it arrives unchanged.
        const input = body === "" ? null : JSON.stringify(body);
        const call = { instanceId: decodeURIComponent(instanceId), input };
        return responseOf(await functions.invokeActivity(name, call));
      }
      default:
        return { status: 404, body: "" };
    }
  };
  const server = createServer((request, response) => void serve(request, response, respond));
  server.listen(Number(setting("BRIDGE_PORT")), "127.0.0.1");
  await once(server, "listening");
  log("listening");
  if (binding === "") await isBound;
  return {
    handle: (request) => forward(request, binding),
    clientBinding: () => binding,
    start: () => {},
    stop: async () => void server.close(),
  };
}

/**
 * The binding with an address where nothing listens. Once the extension's process is killed, the extension of
 * another task hub may take its port, and the app must not reach that one.
 */
function withoutListener(binding: string): string {
  return binding.replace(/"rpcBaseUrl":"[^"]*"/, '"rpcBaseUrl":"http://127.0.0.1:1/durabletask/"');
}

/** The trigger's text contains the instance's history up to the events of this turn. */
function keepTrigger(trigger: string): void {
  const folder = process.env["RECORD_FOLDER"];
  if (folder === undefined) return;
  const { instanceId } = JSON.parse(trigger) as { instanceId: string }; // as the extension writes it
  writeFileSync(join(folder, `${encodeURIComponent(instanceId)}.json`), trigger);
}

type Respond = (path: string, body: string) => Promise<{ status: number; body: string }>;

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  respond: Respond,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const { status, body } = await respond(request.url ?? "", Buffer.concat(chunks).toString()).catch(
    (error: unknown) => responseOf({ ok: false, message: String(error), stack: "" }),
  );
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body);
}

function responseOf(result: InvocationResult): { status: number; body: string } {
  if (result.ok) return { status: 200, body: result.json ?? "" };
  return { status: 500, body: JSON.stringify({ message: result.message, stack: result.stack }) };
}

/** Forwards a management request to the extension's own listener. */
async function forward(request: ManagementRequest, binding: string): Promise<ManagementResponse> {
  const { rpcBaseUrl } = JSON.parse(binding) as { rpcBaseUrl: string }; // as the extension writes it
  const headers = ["content-type", "x-ms-continuation-token"].flatMap((name) => {
    const value = request.headers[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const response = await fetch(`${rpcBaseUrl}${request.path}${request.url.search}`, {
    method: request.method,
    headers: Object.fromEntries(headers),
    redirect: "manual",
    ...(request.body === "" ? {} : { body: request.body }),
  });
  // The body arrives decoded and complete.
  const kept = [...response.headers].filter(
    ([name]) => !["transfer-encoding", "content-encoding", "connection", "date"].includes(name),
  );
  return {
    status: response.status,
    headers: Object.fromEntries(kept),
    body: await response.text(),
  };
}

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`Cannot start the bridge because ${name} is not set`);
  return value;
}
