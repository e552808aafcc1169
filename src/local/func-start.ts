import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { connect } from "node:net";

/*
 * `npm run start:func`: runs the app under Azure Functions Core Tools. Starts Azurite if it is not running. If a
 * prerequisite is missing, prints one line for each and exits with 1.
 */

const azurite = "node_modules/azurite/dist/src/azurite.js";
const ports = { blob: 10_000, queue: 10_001, table: 10_002 };

const version = spawnSync("func", ["--version"], { encoding: "utf8", shell: false });
const inUse = await Promise.all(Object.values(ports).map(isInUse));
const isRunning = inUse.every(Boolean);
const missing = [
  ...(version.error !== undefined
    ? [
        "func is missing: install Azure Functions Core Tools 4 (npm install --global azure-functions-core-tools@4)",
      ]
    : version.stdout.trim().startsWith("4.")
      ? []
      : [`func must have version 4: "${version.stdout.trim()}"`]),
  ...(existsSync(azurite) ? [] : ["Azurite is missing: run npm ci"]),
  ...(inUse.some(Boolean) && !isRunning
    ? [
        `Some of the ports ${Object.values(ports).join(", ")} are in use, but not by Azurite: stop "npm start"`,
      ]
    : []),
];
if (missing.length > 0) {
  for (const line of missing) console.error(line);
  process.exit(1);
}

if (!isRunning) {
  mkdirSync(".local/azurite", { recursive: true });
  const flags = ["--silent", "--skipApiVersionCheck", "--disableTelemetry"];
  const storage = spawn(process.execPath, [azurite, "--location", ".local/azurite", ...flags], {
    stdio: "inherit",
  });
  process.once("exit", () => storage.kill());
}
const host = spawn("func", ["start"], { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => host.kill(signal));
host.once("exit", (code) => process.exit(code ?? 1));

function isInUse(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
