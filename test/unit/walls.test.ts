import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
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

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ferry-walls-"));
  for (const path of ["src", "test/lint", "package.json", ".oxlintrc.json", "tsconfig.json"]) {
    cpSync(path, join(folder, path), { recursive: true });
  }
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Lints one file; without type information, which no wall needs. */
function lint(file: string): string {
  const config = ["-c", ".oxlintrc.json", "--disable-nested-config"];
  try {
    return execFileSync("node_modules/.bin/oxlint", [...config, file], {
      cwd: folder,
      encoding: "utf8",
    });
  } catch (error) {
    if (error instanceof Error && "stdout" in error) return String(error.stdout);
    throw error;
  }
}

test.each(breaches)("$room refuses: $line", ({ room, line, says }) => {
  // app.ts and main.ts have walls of their own; every other file at the top has none.
  const file = room === "." ? "src/app.ts" : `src/${room}/breach.ts`;
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), `${line}\n`);
  expect(lint(file)).toMatch(says);
});

test("the rooms as they stand break no wall", () => {
  expect(lint("src/copy/plan.ts")).toMatch(/0 errors/);
});
