import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { boundaries } from "../lint/boundaries.js";

/*
 * Goal: prove that lint rejects every import that the layering forbids. Method: copy the sources, add one file for each
 * violation, run lint once, and check the diagnostics of each file.
 */

type Violation = { folder: string; line: string; message: RegExp };

/** For each row of the table, a line that violates it. `folder` is a folder of `src/`, or a file in it. */
const imports: Record<string, string> = {
  copy: '"node:fs"',
  "copy/location": '"../request/copy-options.ts"',
  "copy/request": '"../decisions/plan.ts"',
  "copy/contract": '"../decisions/plan.ts"',
  "copy/routing": '"../contract/outcome.ts"',
  "copy/decisions": '"../polling/poll-policy.ts"',
  "copy/polling": '"../decisions/plan.ts"',
  "jobs/contract": '"../../storage/copy-client.ts"',
  jobs: '"node:fs"',
  "jobs/request": '"../decisions/states.ts"',
  "jobs/decisions": '"../../ledger/ledger.ts"',
  "names.ts": '"./app.ts"',
  orchestrations: '"../activities/start.ts"',
  telemetry: '"../storage/pipeline.ts"',
  "telemetry/log-lines.ts": '"node:async_hooks"',
  "telemetry/copy-lines.ts": '"node:crypto"',
  secrets: '"../storage/credentials.ts"',
  storage: '"../triggers/http/health.ts"',
  "storage/jobs": '"../../ledger/ledger.ts"',
  ledger: '"../activities/start.ts"',
  "ledger/jobs": '"../ledger.ts"',
  "ledger/destinations": '"../blob-ledger.ts"',
  activities: '"../storage/blob-copy-client.ts"',
  "activities/starting": '"../start.ts"',
  "activities/support": '"../start.ts"',
  "activities/jobs": '"../start.ts"',
  "activities/jobs/support": '"../poll-page.ts"',
  notifications: '"../ledger/ledger.ts"',
  instances: '"../http/problem.ts"',
  cli: '"../http/problem.ts"',
  client: '"../copy/json.ts"',
  http: '"../storage/copy-client.ts"',
  "http/openapi": '"../problem.ts"',
  triggers: '"../copy/time.ts"',
  "triggers/http/jobs": '"../../../storage/copy-client.ts"',
  "triggers/http": '"../../storage/copy-client.ts"',
  "triggers/events": '"../http/health.ts"',
  "triggers/timers": '"../../http/problem.ts"',
  dashboard: '"../http/problem.ts"',
  "dashboard/page": '"../../http/problem.ts"',
  "dashboard/page/text": '"../state/rows.ts"',
  "dashboard/page/state": '"../api/session.ts"',
  "dashboard/page/api": '"../view/name.tsx"',
  settings: '"../ledger/ledger.ts"',
  "app.ts": '"./settings/settings.ts"',
  "main.ts": '"./local/clock.ts"',
  local: '"../copy/location/endpoint.ts"',
  "local/durable": '"../host/host.ts"',
  "local/durable/api": '"../engine.ts"',
  "local/durable/history": '"../hub/task-hub.ts"',
  "local/durable/hub": '"../turn/take-turn.ts"',
  "local/durable/turn": '"../hub/task-hub.ts"',
  "local/durable/management": '"../engine.ts"',
  "local/host": '"../durable/dispatcher.ts"',
  "local/host/worker": '"../http/http-server.ts"',
  "local/host/http": '"../triggers/triggers.ts"',
  "local/host/triggers": '"../host.ts"',
  "local/storage": '"../durable/api/engine-api.ts"',
  "local/storage/http": '"../leases/lease-rules.ts"',
  "local/storage/server": '"../store/store.ts"',
  "local/storage/leases": '"../store/store.ts"',
  "local/storage/store": '"../auth/caller.ts"',
  "local/storage/auth": '"../calls/operation-call.ts"',
  "local/storage/events": '"../auth/caller.ts"',
  "local/storage/pending-copies": '"../calls/operation-call.ts"',
  "local/storage/calls": '"../blobs/blobs.ts"',
  "local/storage/blobs": '"../copies/blob-copies.ts"',
  "local/storage/files": '"../copies/file-copies.ts"',
  "local/storage/copies": '"../operation-dispatch.ts"',
};

const escaped = (text: string) => new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));

const violations: Violation[] = [
  ...Object.entries(imports).map(([folder, path]) => ({
    folder,
    line: `import ${path};`,
    message: escaped(boundaries[folder]?.reason ?? "no row of this name"),
  })),
  {
    folder: "copy/contract",
    line: 'export type { Decision } from "../decisions/plan.ts";',
    message: /contract\/ imports only/,
  },
  {
    folder: "copy/request",
    line: 'export const plan = await import("../decisions/plan.ts");',
    message: /request\/ imports only/,
  },
  {
    folder: "orchestrations",
    line: 'import { app } from "durable-functions";\nexport { app };',
    message: /types of durable-functions/,
  },
  { folder: "activities", line: 'import "durable-functions";', message: /works over interfaces/ },
  { folder: "local/storage", line: 'import "@azure/storage-blob";', message: /shares no code/ },
  { folder: "local/storage", line: 'import "../log.ts";', message: /shares no code/ },
  { folder: "local/storage/blobs", line: 'import "fast-xml-parser";', message: /imports only/ },
  ...["orchestrations", "triggers/http", "ledger", "notifications"].map((folder) => ({
    folder,
    line: `import { revealSas } from "${folder.includes("/") ? "../.." : ".."}/copy/location/sas.ts";\nexport { revealSas };`,
    message: /A SAS is revealed in/,
  })),
  ...["copy/decisions", "orchestrations", "local/host"].flatMap((folder) =>
    ["Date.now()", "new Date()"].map((clock) => ({
      folder,
      line: `export const at = ${clock};`,
      message: /Time is an argument/,
    })),
  ),
  ...["copy/polling", "orchestrations"].flatMap((folder) => [
    {
      folder,
      line: "export const id = crypto.randomUUID();",
      message: /reads nothing from outside/,
    },
    { folder, line: "export const home = process.env;", message: /reads nothing from outside/ },
    { folder, line: "export const odds = Math.random();", message: /randomness is an argument/ },
  ]),
];

/** Two files that import only each other's types. */
const cycle = {
  "src/copy/location/cycle-a.ts":
    'import type { B } from "./cycle-b.ts";\nexport type A = { b: B };',
  "src/copy/location/cycle-b.ts":
    'import type { A } from "./cycle-a.ts";\nexport type B = { a: A };',
};

const fileOf = ({ folder }: Violation, index: number) =>
  folder.endsWith(".ts") ? `src/${folder}` : `src/${folder}/violation-${index}.ts`;

/** Lint's diagnostics by file, with all violations present. */
let said: Map<string, string>;
let onEnd = () => {};

beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), "ferry-boundaries-"));
  onEnd = () => rmSync(folder, { recursive: true, force: true });
  for (const path of ["src", "test/lint", "package.json", ".oxlintrc.json", "tsconfig.json"]) {
    cpSync(path, join(folder, path), { recursive: true });
  }
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  const written = violations.map((each, index): [string, string] => [
    fileOf(each, index),
    each.line,
  ]);
  for (const [file, text] of [...written, ...Object.entries(cycle)]) {
    writeFileSync(join(folder, file), `${text}\n`);
  }
  said = new Map();
  for (const { filename, message, help, code } of lint(folder)) {
    said.set(filename, `${said.get(filename) ?? ""}${code} ${message} ${help ?? ""}\n`);
  }
});
afterAll(() => onEnd());

test.each(violations.map((each, index) => ({ ...each, file: fileOf(each, index) })))(
  "$folder rejects: $line",
  ({ file, message }) => {
    expect(said.get(file)).toMatch(message);
  },
);

test("every row of the table is violated here", () => {
  expect(Object.keys(imports).toSorted()).toEqual(Object.keys(boundaries).toSorted());
});

test("a cycle that only `import type` closes is rejected", () => {
  for (const file of Object.keys(cycle)) expect(said.get(file)).toMatch(/no-cycle/);
});

test("no other file crosses a boundary or closes a cycle", () => {
  const made = new Set([...violations.map(fileOf), ...Object.keys(cycle)]);
  expect([...said.keys()].filter((file) => !made.has(file))).toEqual([]);
});

type Diagnostic = { filename: string; message: string; code: string; help?: string };

/** Boundaries need no type information. Lint exits with 1 because it finds the violations. */
function lint(folder: string): Diagnostic[] {
  const { stdout } = spawnSync("node_modules/.bin/oxlint", ["-f", "json", "src"], {
    cwd: folder,
    encoding: "utf8",
  });
  return JSON.parse(stdout).diagnostics;
}
