import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

/** One forbidden line for each wall, and what lint must say of it. */
const breaches: { room: string; line: string; says: RegExp }[] = [
  { room: "copy", line: 'import "node:fs";', says: /copy\/ is pure/ },
  {
    room: "copy",
    line: 'import type { Ledger } from "../ledger/ledger.ts";',
    says: /copy\/ is pure/,
  },
  { room: "copy", line: "export const at = Date.now();", says: /Time is an argument/ },
  { room: "copy", line: "export const at = new Date();", says: /Time is an argument/ },
  {
    room: "copy",
    line: "export const id = crypto.randomUUID();",
    says: /reads nothing from outside/,
  },
  {
    room: "orchestrations",
    line: 'import { app } from "durable-functions";',
    says: /only its types/,
  },
  {
    room: "orchestrations",
    line: 'import { startCopy } from "../activities/start-copy.ts";',
    says: /is replayed/,
  },
  {
    room: "orchestrations",
    line: "export const odds = Math.random();",
    says: /randomness is an argument/,
  },
  {
    room: "orchestrations",
    line: "export const home = process.env;",
    says: /reads nothing from outside/,
  },
  {
    room: "orchestrations",
    line: 'import { revealSas } from "../copy/sas.ts";',
    says: /revealed in storage/,
  },
  { room: "secrets", line: 'import "../storage/credentials.ts";', says: /secrets\/ imports/ },
  { room: "storage", line: 'import "../triggers/health.ts";', says: /storage\/ imports/ },
  { room: "ledger", line: 'import "../activities/deps.ts";', says: /ledger\/ imports/ },
  {
    room: "activities",
    line: 'import "../storage/blob-copy-client.ts";',
    says: /works over interfaces/,
  },
  { room: "activities", line: 'import "durable-functions";', says: /works over interfaces/ },
  { room: "notices", line: 'import "../ledger/ledger.ts";', says: /notices\/ imports/ },
  { room: "http", line: 'import "../storage/copy-client.ts";', says: /http\/ imports/ },
  { room: "triggers", line: 'import "../storage/copy-client.ts";', says: /triggers\/ imports/ },
  {
    room: "triggers",
    line: 'import { revealSas } from "../copy/sas.ts";',
    says: /revealed in storage/,
  },
  { room: ".", line: 'import "./local/clock.ts";', says: /never deployed|arguments/ },
  { room: "local", line: 'import "../copy/endpoint.ts";', says: /no product code/ },
  { room: "local/host", line: 'import "../../copy/endpoint.ts";', says: /no product code/ },
  { room: "local/host", line: "export const at = Date.now();", says: /Time is an argument/ },
  { room: "local/storage", line: 'import "../durable/door.ts";', says: /shares no code/ },
  { room: "local/storage", line: 'import "@azure/storage-blob";', says: /shares no code/ },
];

/** What lint says, by file, when every breach has been made at once. */
let said: Map<string, string>;

const fileOf = (room: string, index: number) =>
  room === "." ? "src/app.ts" : `src/${room}/breach-${index}.ts`;

beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), "ferry-walls-"));
  onEnd = () => rmSync(folder, { recursive: true, force: true });
  for (const path of ["src", "test/lint", "package.json", ".oxlintrc.json", "tsconfig.json"]) {
    cpSync(path, join(folder, path), { recursive: true });
  }
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  for (const [index, { room, line }] of breaches.entries()) {
    writeFileSync(join(folder, fileOf(room, index)), `${line}\n`);
  }
  said = new Map();
  for (const { filename, message, help } of lint(folder)) {
    said.set(filename, `${said.get(filename) ?? ""}${message} ${help ?? ""}\n`);
  }
});
let onEnd = () => {};
afterAll(() => onEnd());

test.each(breaches.map((breach, index) => ({ ...breach, file: fileOf(breach.room, index) })))(
  "$room refuses: $line",
  ({ file, says }) => {
    expect(said.get(file)).toMatch(says);
  },
);

test("no file that stands in its room breaks a wall", () => {
  const made = new Set(breaches.map(({ room }, index) => fileOf(room, index)));
  expect([...said.keys()].filter((file) => !made.has(file))).toEqual([]);
});

type Diagnostic = { filename: string; message: string; help?: string };

/** Walls need no type information. Lint exits with 1 because it finds what it is to find. */
function lint(folder: string): Diagnostic[] {
  const { stdout } = spawnSync("node_modules/.bin/oxlint", ["-f", "json", "src"], {
    cwd: folder,
    encoding: "utf8",
  });
  return JSON.parse(stdout).diagnostics;
}
