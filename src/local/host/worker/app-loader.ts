import { glob, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname, join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { collectApp, type CoreLog, type FunctionsApp } from "./functions-core.ts";

/** Counts starts in this process: a new query string makes the module loader evaluate an ES module again. */
let starts = 0;

/**
 * Loads an app as the Node.js worker does (startApp.ts): `main` of its package.json is a glob of entry files below
 * `appDirectory`, each of which registers functions when it is evaluated.
 *
 * A second start in the same process evaluates the entries again, but not the ES modules that they import. An entry
 * must therefore register its functions itself, or call code that does. Throws
 * `Worker was unable to load entry point "<file>": <message>` for the first entry that fails.
 */
export async function loadApp(appDirectory: string, log: CoreLog): Promise<FunctionsApp> {
  const app = await readPackage(appDirectory);
  const entries = await entryFiles(appDirectory, app.main);
  const start = ++starts;
  forgetCommonModules(appDirectory);
  return collectApp(async () => {
    for (const entry of entries) {
      try {
        await evaluate(join(appDirectory, entry), app.type, start);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`Worker was unable to load entry point "${entry}": ${reason}`, {
          cause: error,
        });
      }
    }
  }, log);
}

type AppPackage = { main: string; type: "module" | "commonjs" };

async function readPackage(appDirectory: string): Promise<AppPackage> {
  const file = join(appDirectory, "package.json");
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new Error(`Cannot load the app because its package.json cannot be read: "${file}"`, {
      cause: error,
    });
  }
  const json: unknown = JSON.parse(text);
  const main = field(json, "main");
  if (typeof main !== "string" || main === "") {
    throw new Error(`Cannot load the app because "main" is missing in its package.json: "${file}"`);
  }
  return { main, type: field(json, "type") === "module" ? "module" : "commonjs" };
}

function field(json: unknown, name: string): unknown {
  if (typeof json !== "object" || json === null) return undefined;
  return Object.entries(json).find(([key]) => key === name)?.[1];
}

async function entryFiles(appDirectory: string, main: string): Promise<string[]> {
  const found: string[] = [];
  for await (const file of glob(main, { cwd: appDirectory })) found.push(file);
  if (found.length === 0) {
    throw new Error(
      `Cannot load the app because no file matches "main" in its package.json: "${main}"`,
    );
  }
  return found.toSorted();
}

async function evaluate(file: string, type: AppPackage["type"], start: number): Promise<void> {
  const extension = extname(file);
  if (extension === ".mjs" || (extension !== ".cjs" && type === "module")) {
    await import(/* @vite-ignore */ `${pathToFileURL(file).href}?start=${start}`);
  } else {
    createRequire(file)(file);
  }
}

/** Makes each start evaluate the app's own CommonJS modules again; modules in node_modules stay loaded. */
function forgetCommonModules(appDirectory: string): void {
  const { cache } = createRequire(join(appDirectory, "package.json"));
  for (const file of Object.keys(cache)) {
    const path = relative(appDirectory, file);
    if (!path.startsWith("..") && !path.split(sep).includes("node_modules")) delete cache[file];
  }
}
