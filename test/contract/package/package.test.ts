import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { unzipSync } from "fflate";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { buildPackage } from "../../../infra/package/build-package.ts";
import type { BuiltPackage } from "../../../infra/package/build-package.ts";
import { parseBackend } from "../../../infra/package/host-json.ts";
import type { Backend } from "../../../infra/package/host-json.ts";
import { loadApp } from "../../../src/local/host/worker/app-loader.ts";

/* Goal: the package contains exactly what Azure needs, and registers the same functions as the app that `tsc` builds. */

const root = process.cwd();
const folders: string[] = [];
let built: BuiltPackage;

beforeAll(async () => {
  built = await build("storage");
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function build(backend: Backend): Promise<BuiltPackage> {
  const output = mkdtempSync(join(tmpdir(), "ferry-package-"));
  folders.push(output);
  return buildPackage({ root, backend, output });
}

const filesOf = (directory: string) =>
  Object.fromEntries(
    readdirSync(directory).map((name) => [name, readFileSync(join(directory, name))]),
  );
const digests = (files: Record<string, Uint8Array>) =>
  Object.fromEntries(
    Object.entries(files).map(([name, content]) => [
      name,
      createHash("sha256").update(content).digest("hex"),
    ]),
  );

test("the package has host.json, package.json, the API's document, bundled code and the page, and no other file", () => {
  const names = readdirSync(built.directory).toSorted();
  const bundled = built.bundled.map(({ name }) => name);
  const page = ["icon.svg", "page.css", "page.html", "page.js"];
  expect(built.page.toSorted()).toEqual(page);
  expect(names).toEqual(
    [...bundled, ...page, "host.json", "openapi.json", "package.json"].toSorted(),
  );
  for (const name of bundled) expect(name).toMatch(/^[\w.-]+\.cjs$/);
  expect(JSON.parse(readFileSync(join(built.directory, "package.json"), "utf8"))).toEqual({
    name: "ferry",
    version: expect.any(String),
    type: "commonjs",
    main: "main.cjs",
    engines: { node: ">=20" },
  });
});

test("the package has no module of the local stack and no development dependency", () => {
  const modules = built.bundled.flatMap(({ modules }) => modules);
  const own = modules
    .map((module) => module.replaceAll("\\", "/"))
    .filter((module) => module.startsWith(`${root}/src/`));
  expect(own).toContain(`${root}/src/main.ts`);
  expect(own.filter((module) => module.startsWith(`${root}/src/local/`))).toEqual([]);
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
  const installed = modules.flatMap(
    (module) =>
      /(?<=\/)node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(module)?.[0] ?? [],
  );
  expect(installed.length).toBeGreaterThan(100);
  const ofDevelopment = new Set(installed.filter((path) => packages[path]?.dev !== undefined));
  expect([...ofDevelopment]).toEqual([]);
});

test("the code requires only its own files, Node's modules, and modules that the Functions host supplies", () => {
  const own = new Set(built.bundled.map(({ name }) => `./${name}`));
  const required = built.bundled.flatMap(({ code }) =>
    [...code.matchAll(/\brequire\((["'`])([^"'`]+)\1\)/g)].map(([, , name]) => name ?? ""),
  );
  const outside = required.filter(
    (name) => !own.has(name) && !builtinModules.includes(name.replace(/^node:/, "")),
  );
  // `debug` tries to load supports-color, and continues without it.
  expect([...new Set(outside)].toSorted()).toEqual(["@azure/functions-core", "supports-color"]);
});

test("the zip file has the same files as the folder, at its top level", () => {
  const zipped = unzipSync(readFileSync(built.zip));
  expect(digests(zipped)).toEqual(digests(filesOf(built.directory)));
});

test("the same sources make the same zip file", async () => {
  const again = await build("storage");
  expect(digests({ zip: readFileSync(again.zip) })).toEqual(
    digests({ zip: readFileSync(built.zip) }),
  );
});

test("the document of the API is a file: the code has no copy of it", () => {
  const text = readFileSync(join(built.directory, "openapi.json"), "utf8");
  expect(JSON.parse(text)).toEqual(
    JSON.parse(readFileSync("src/http/openapi/openapi.json", "utf8")),
  );
  const copies = built.bundled
    .flatMap(({ modules }) => modules)
    .filter((id) => id.endsWith("openapi.json"));
  expect(copies).toEqual([]);
});

test("the models of the Blob SDK are created when they are first read", () => {
  const { code = "" } = built.bundled.find(({ name }) => name === "main.cjs") ?? {};
  expect(code.match(/\bget modelProperties\(\)/g)?.length).toBeGreaterThan(100);
  expect(code).not.toMatch(/\bmodelProperties:\{/);
});

test("at start, the package loads no module of Node that only the unbundled app needs", () => {
  const loaded = (entry: string) => {
    const args = ["test/bench/package/load-child.cjs", entry, "node"];
    const env = { PATH: process.env["PATH"], AzureWebJobsStorage__accountName: "acme" };
    const text = execFileSync(process.execPath, args, { encoding: "utf8", env });
    return JSON.parse(text) as string[]; // printed by load-child.cjs
  };
  const unneeded = ["internal/deps/undici/undici", "internal/fs/promises", "http2"].map(
    (name) => `NativeModule ${name}`,
  );
  expect(loaded(join(root, "dist/main.js"))).toEqual(expect.arrayContaining(unneeded));
  const early = loaded(join(built.directory, "main.cjs"));
  expect(early).toContain("NativeModule https");
  expect(early.filter((name) => unneeded.includes(name))).toEqual([]);
});

test("the zip file is at most 0.8 MB", () => {
  expect(built.zipBytes).toBe(readFileSync(built.zip).length);
  expect(built.zipBytes).toBeLessThanOrEqual(800_000);
});

test("code that most calls do not need is loaded late: the first file contains no module of these packages", () => {
  const early = new Set<string>();
  const add = (name: string) => {
    const file = built.bundled.find((each) => each.name === name);
    if (file === undefined || early.has(name)) return;
    early.add(name);
    // Only statements at the beginning of a file load other files together with it.
    const [start = ""] = /^(?:[^;]*?require\([^;]*;)*/.exec(file.code) ?? [];
    for (const [, other] of start.matchAll(/require\("\.\/([^"]+)"\)/g)) add(other ?? "");
  };
  add("main.cjs");
  const modules = built.bundled
    .filter(({ name }) => early.has(name))
    .flatMap((each) => each.modules);
  const late = [
    "@azure/identity",
    "@azure/msal-node",
    "@azure/storage-file-share",
    "apache-arrow",
    "axios",
    "validator",
    "moment",
    "mime-db",
    "https-proxy-agent",
  ];
  for (const name of late) {
    expect(
      modules.some((module) => module.includes(`/node_modules/${name}/`)),
      name,
    ).toBe(false);
    const all = built.bundled.flatMap((each) => each.modules);
    expect(
      all.some((module) => module.includes(`/node_modules/${name}/`)),
      name,
    ).toBe(true);
  }
  const locales = modules.filter((module) => module.includes("/zod/v4/locales/"));
  expect(locales.map((module) => basename(module))).toEqual(["en.js"]);
});

test.each(["keys", "entra"])(
  "with COPY_AUTH=%s the package registers the same functions as the unbundled app",
  async (auth) => {
    vi.stubEnv("AzureWebJobsStorage__accountName", "acme");
    vi.stubEnv("WEBSITE_AUTH_ENABLED", "true");
    vi.stubEnv("COPY_AUTH", auth);
    const registered = async (directory: string) => {
      const { functions } = await loadApp(directory, () => {});
      return [...functions.values()].map(({ metadata }) => metadata);
    };
    const bundled = await registered(built.directory);
    expect(bundled).toEqual(await registered(root));
    expect(bundled).toHaveLength(26);
    const levels = new Map(
      bundled.map(({ name, bindings }) => [
        name,
        Object.values(bindings).find(({ type }) => type === "httpTrigger")?.["authLevel"],
      ]),
    );
    const level = auth === "keys" ? "function" : "anonymous";
    for (const name of [
      "copies",
      "copy",
      "copyAbort",
      "copyRetry",
      "copyTimeline",
      "jobs",
      "job",
      "jobAbort",
    ]) {
      expect(levels.get(name)).toBe(level);
    }
    for (const name of ["health", "openapi", "dashboard"])
      expect(levels.get(name)).toBe("anonymous");
  },
);

test("a package for Durable Task Scheduler differs only in the storage provider of host.json", async () => {
  const scheduler = filesOf((await build("scheduler")).directory);
  const { "host.json": its, ...others } = scheduler;
  const { "host.json": own, ...expected } = filesOf(built.directory);
  expect(digests(others)).toEqual(digests(expected));
  const provider = {
    type: "azureManaged",
    connectionStringName: "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
  };
  const changed = JSON.parse(String(own));
  changed.extensions.durableTask.storageProvider = provider;
  expect(JSON.parse(String(its))).toEqual(changed);
  expect(String(own)).toBe(readFileSync("host.json", "utf8"));
});

test.each([
  [undefined, "storage"],
  ["", "storage"],
  ["storage", "storage"],
  ["scheduler", "scheduler"],
])("FERRY_BACKEND=%s builds for %s", (text, backend) => {
  expect(parseBackend(text)).toBe(backend);
});

test("another FERRY_BACKEND is rejected", () => {
  expect(() => parseBackend("mssql")).toThrow(
    'Cannot build the package because FERRY_BACKEND must be "storage" or "scheduler": "mssql"',
  );
});

test("publishing the project's folder uploads only the files that run: .funcignore excludes the rest", () => {
  const patterns = readFileSync(".funcignore", "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const isIgnored = (name: string) =>
    patterns.some((pattern) =>
      pattern === ".*" ? name.startsWith(".") : pattern.replace(/\/$/, "") === name,
    );
  const uploaded = readdirSync(".").filter((name) => !isIgnored(name));
  const expected = ["dist", "host.json", "node_modules", "package-lock.json", "package.json"];
  expect(uploaded.toSorted()).toEqual(expected.filter((name) => existsSync(name)));
  for (const path of ["dist/local", "dist/package", "dist/ferry.zip"]) {
    expect(isIgnored(path)).toBe(true);
  }
});
