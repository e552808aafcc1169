import type { Plugin } from "rolldown";

type LateModule = {
  /** The file that imports the module. */
  importer: RegExp;
  /** Why most invocations do not need the module. */
  reason: string;
};

const durableFunctions = /[\\/]node_modules[\\/]durable-functions[\\/]lib[\\/]/;
const proxyPolicy = /[\\/]@typespec[\\/]ts-http-runtime[\\/].*[\\/]proxyPolicy\.js$/;

/**
 * Modules that are loaded together with their importer, but that most invocations do not call: together they take
 * longer to load than the rest of the app. In the package each is a separate file, which is loaded by the first call
 * into it.
 */
const lateModules: Readonly<Record<string, LateModule>> = {
  axios: {
    importer: durableFunctions,
    reason: "only the durable client sends requests: to start, find or wake a copy",
  },
  validator: { importer: durableFunctions, reason: "checks the URLs of the durable client" },
  "lodash/cloneDeep": {
    importer: durableFunctions,
    reason: "copies the URLs of the durable client",
  },
  moment: { importer: durableFunctions, reason: "only orchestrations create timers" },
  "http-proxy-agent": { importer: proxyPolicy, reason: "a function app has no proxy" },
  "https-proxy-agent": { importer: proxyPolicy, reason: "a function app has no proxy" },
};

const fileOf = (name: string) => `late-${name.replaceAll("/", "-")}`;
const names = Object.keys(lateModules);

/** An entry of the bundle for each late module, by the name of its file. */
export const lateEntries: Readonly<Record<string, string>> = Object.fromEntries(
  names.map((name) => [fileOf(name), `late:${name}`]),
);

/** Loads each late module where it is used, instead of where it is imported. */
export function lateModulesPlugin(): Plugin {
  const missing = new Set(names);
  return {
    name: "late-modules",
    resolveId(id) {
      if (id.startsWith("late:")) return `\0${id}`;
      return id.startsWith("./late-") ? { id, external: true } : null;
    },
    load(id) {
      const [, name] = /^\0late:(.+)$/.exec(id) ?? [];
      return name === undefined ? null : `module.exports = require("${name}");`;
    },
    transform(code, id) {
      let text = code;
      if (checksums.test(id)) text = loadChecksums(text);
      if (models.test(id)) text = createModelsLate(text);
      for (const [name, { importer }] of Object.entries(lateModules)) {
        const changed = importer.test(id) ? loadLate(text, name) : null;
        if (changed === null) continue;
        missing.delete(name);
        text = changed;
      }
      return text === code ? null : text;
    },
    buildEnd(error) {
      if (error !== undefined || missing.size === 0) return;
      throw new Error(
        `Cannot load ${[...missing].join(", ")} late because no importer has the expected form`,
      );
    },
  };
}

/** The SDKs compute checksums of uploads and downloads with WebAssembly. Ferry sends no content. */
const checksums = /[\\/]storage-common[\\/].*[\\/]StorageCRC64Calculator\.js$/;

/** Imports the checksums' WebAssembly when it is first used: its function returns a promise anyway. */
function loadChecksums(code: string): string {
  const text = code.replace(
    'import NativeCRC64 from "./crc64.js";',
    'const NativeCRC64 = async () => (await import("./crc64.js")).default();',
  );
  if (text !== code) return text;
  throw new Error(
    "Cannot load the checksums late because the import does not have the expected form",
  );
}

/** The Blob SDK describes each model and the headers of each response as an object. A call needs two or three of them. */
const models = /[\\/]@azure[\\/]storage-blob[\\/].*[\\/]models[\\/]mappers\.js$/;

/** Creates the properties of a model when they are first read. */
function createModelsLate(code: string): string {
  const text = code.replace(
    /^ {8}modelProperties: \{$([^]*?)^ {8}\},$/gm,
    (_, properties: string) =>
      `        get modelProperties() { return createdOnce(this, {${properties}        }); },`,
  );
  if (text === code || /^ {8}modelProperties: /m.test(text)) {
    throw new Error(
      "Cannot create the SDK's models late because they do not have the expected form",
    );
  }
  return `${createdOnce}\n${text}`;
}

const createdOnce = `function createdOnce(type, modelProperties) {
  Object.defineProperty(type, "modelProperties", { value: modelProperties });
  return modelProperties;
}`;

/** Replaces the import of a module by calls of `require` where it is used; null if the code does not import it. */
function loadLate(code: string, name: string): string | null {
  const required = new RegExp(`^const (?<variable>\\w+) = require\\("${name}"\\);$`, "m");
  const imported = new RegExp(`^import \\{ (?<variable>\\w+) \\} from "${name}";$`, "m");
  const statement = [required, imported].find((each) => each.test(code));
  const variable = statement?.exec(code)?.groups?.["variable"];
  if (statement === undefined || variable === undefined) return null;
  const module = `require("./${fileOf(name)}.cjs")`;
  return code
    .replace(statement, "")
    .replace(
      new RegExp(`(?<![\\w.$])${variable}(?=[.(])`, "g"),
      statement === required ? module : `(${module}.${variable})`,
    );
}
