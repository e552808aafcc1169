import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { VisibilityTimeouts } from "../durable/api/engine-api.ts";
import type { QueuesOptions } from "./triggers/queue-trigger.ts";

/** Values of host.json, with the host's own defaults for omitted ones. */
export type HostJson = {
  /** Without leading and trailing slashes; "" means no prefix. */
  routePrefix: string;
  /** As written: can contain `%NAME%`, see `resolveHubName`. */
  hubName: string | undefined;
  maxConcurrentOrchestrators: number;
  maxConcurrentActivities: number;
  visibilityTimeouts: VisibilityTimeouts;
  queues: QueuesOptions;
};

/** Settings of local.settings.json by name, as they are put into the environment. */
export type LocalSettings = Readonly<Record<string, string>>;

/** HttpOptions.cs of the host. */
const defaultRoutePrefix = "api";

/** DurableTaskOptions.cs: ten per processor. */
const defaultConcurrency = 10 * availableParallelism();

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** AzureStorageOptions.cs: the default, and the bounds, of the queues' visibility timeouts. */
const defaultVisibilityTimeoutMs = 5 * minute;
const minVisibilityTimeoutMs = minute;
const maxVisibilityTimeoutMs = hour;

/** DurableTaskOptions.cs uses the site's name if there is one, otherwise this. */
const defaultHubName = "TestHubName";

/** AzureStorageDurabilityProviderFactory.cs: names of tables, queues and containers contain the hub's name. */
const validHubName = /^[A-Za-z][A-Za-z0-9]{2,44}$/;

/** Reads an app's `host.json`. Throws an error that names the file and the invalid value. */
export async function readHostJson(appDirectory: string): Promise<HostJson> {
  const file = join(appDirectory, "host.json");
  const json = await readJson(file);
  if (json === undefined) {
    throw new Error(`Cannot start the host because host.json is missing: "${file}"`);
  }
  if (json["version"] !== "2.0") {
    throw problem(file, `"version" must be "2.0"`, json["version"]);
  }
  const extensions = readObject(file, json, "extensions");
  const http = readObject(file, extensions, "http");
  const durableTask = readObject(file, extensions, "durableTask");
  const storageProvider = readObject(file, durableTask, "storageProvider");
  const queues = readObject(file, extensions, "queues");
  const readTimeout = (key: string) => readVisibilityTimeout(file, storageProvider, key);
  const routePrefix = readText(file, http, "routePrefix") ?? defaultRoutePrefix;
  return {
    routePrefix: routePrefix.replace(/^\/+|\/+$/g, ""),
    hubName: readText(file, durableTask, "hubName"),
    maxConcurrentOrchestrators:
      readCount(file, durableTask, "maxConcurrentOrchestratorFunctions") ?? defaultConcurrency,
    maxConcurrentActivities:
      readCount(file, durableTask, "maxConcurrentActivityFunctions") ?? defaultConcurrency,
    visibilityTimeouts: {
      controlQueueMs: readTimeout("controlQueueVisibilityTimeout"),
      workItemQueueMs: readTimeout("workItemQueueVisibilityTimeout"),
    },
    queues: readQueues(file, queues),
  };
}

/** Reads `local.settings.json`. Without that file there are no settings. Throws for an encrypted file. */
export async function readLocalSettings(appDirectory: string): Promise<LocalSettings> {
  const file = join(appDirectory, "local.settings.json");
  const json = await readJson(file);
  if (json === undefined) return {};
  if (json["IsEncrypted"] === true) {
    throw problem(file, `"IsEncrypted" must be false: run \`func settings decrypt\``, true);
  }
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(readObject(file, json, "Values"))) {
    if (typeof value === "string") settings[name] = value;
    else if (typeof value === "number" || typeof value === "boolean") settings[name] = `${value}`;
    else throw problem(file, `"Values.${name}" must be text`, value);
  }
  for (const [name, value] of Object.entries(readObject(file, json, "ConnectionStrings"))) {
    const text = typeof value === "string" ? value : connectionString(value);
    if (text === undefined) {
      throw problem(file, `"ConnectionStrings.${name}" must be text`, typeof value);
    }
    settings[`ConnectionStrings:${name}`] = text;
  }
  return settings;
}

/**
 * Puts settings into `process.env` by the rules of Core Tools (StartHostAction.cs): a non-empty variable of the
 * environment overrides local.settings.json, and `forced` overrides both. Returns the names of the overridden settings
 * (`shadowed`), and `restore`, which restores the former environment.
 */
export function applyEnvironment(
  settings: LocalSettings,
  forced: Readonly<Record<string, string>>,
): { shadowed: string[]; restore: () => void } {
  const before = new Map<string, string | undefined>();
  const set = (name: string, value: string) => {
    if (!before.has(name)) before.set(name, process.env[name]);
    process.env[name] = value;
  };
  const shadowed: string[] = [];
  for (const [name, value] of Object.entries(settings)) {
    if (name in forced) continue;
    const present = process.env[name];
    if (present === undefined || present === "") set(name, value);
    else if (present !== value) shadowed.push(name);
  }
  for (const [name, value] of Object.entries(forced)) set(name, value);
  const restore = () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  return { shadowed, restore };
}

/** Returns the task hub's name with `%NAME%` replaced by that setting. Throws if the setting or the name is invalid. */
export function resolveHubName(
  hubName: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const written = hubName ?? environment["WEBSITE_SITE_NAME"] ?? defaultHubName;
  const resolved = written.replace(/%([^%]+)%/g, (_, name: string) => {
    const value = environment[name];
    if (value === undefined || value === "") {
      throw new Error(
        `Cannot name the task hub because the setting "${name}" in host.json's hubName is not set: ` +
          `"${written}"`,
      );
    }
    return value;
  });
  if (!validHubName.test(resolved)) {
    throw new Error(
      `Cannot name the task hub because its name must be a letter followed by 2 to 44 letters or digits: ` +
        `"${resolved}"`,
    );
  }
  return resolved;
}

type Json = Readonly<Record<string, unknown>>;

async function readJson(file: string): Promise<Json | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new Error(`Cannot read settings file: "${file}"`, { cause: error });
  }
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, "")); // Visual Studio writes a byte order mark
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot read settings file because it is not JSON (${reason}): "${file}"`, {
      cause: error,
    });
  }
  if (!isObject(json)) throw problem(file, "its content must be an object", json);
  return json;
}

function readObject(file: string, json: Json, key: string): Json {
  const value = json[key];
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw problem(file, `"${key}" must be an object`, value);
  return value;
}

function readText(file: string, json: Json, key: string): string | undefined {
  const value = json[key];
  if (value === undefined || typeof value === "string") return value;
  throw problem(file, `"${key}" must be text`, value);
}

function readCount(file: string, json: Json, key: string): number | undefined {
  const value = json[key];
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value > 0) return value;
  throw problem(file, `"${key}" must be a whole number above 0`, value);
}

/** Reads a TimeSpan such as "00:05:00", in ms. The extension does not start outside of its bounds. */
function readVisibilityTimeout(file: string, json: Json, key: string): number {
  const text = readText(file, json, key);
  if (text === undefined) return defaultVisibilityTimeoutMs;
  const ms = parseTimeSpan(text);
  if (ms !== null && ms >= minVisibilityTimeoutMs && ms <= maxVisibilityTimeoutMs) return ms;
  throw problem(file, `"${key}" must be a time from 00:01:00 to 01:00:00`, text);
}

/** Returns ms; null if the text is not a time. */
function parseTimeSpan(text: string): number | null {
  const parts = /^(\d\d?):([0-5]\d):([0-5]\d)$/.exec(text);
  if (parts === null) return null;
  const [hours, minutes, seconds] = parts.slice(1).map(Number);
  return (hours ?? 0) * hour + (minutes ?? 0) * minute + (seconds ?? 0) * second;
}

/** QueuesOptions.cs: the defaults and bounds of the Queues extension. */
function readQueues(file: string, json: Json): QueuesOptions {
  const readTime = (key: string, otherwise: number) => {
    const text = readText(file, json, key);
    const ms = text === undefined ? otherwise : parseTimeSpan(text);
    if (ms !== null) return ms;
    throw problem(file, `"${key}" must be a time such as 00:00:30`, text);
  };
  const batchSize = readCount(file, json, "batchSize") ?? 16;
  if (batchSize > 32) throw problem(file, `"batchSize" must be at most 32`, batchSize);
  const encoding = readText(file, json, "messageEncoding")?.toLowerCase() ?? "base64";
  if (encoding !== "base64" && encoding !== "none") {
    throw problem(file, `"messageEncoding" must be "base64" or "none"`, encoding);
  }
  return {
    batchSize,
    newBatchThreshold:
      readCount(file, json, "newBatchThreshold") ??
      Math.floor(batchSize / 2) * availableParallelism(),
    maxDequeueCount: readCount(file, json, "maxDequeueCount") ?? 5,
    visibilityTimeoutMs: readTime("visibilityTimeout", 0),
    maxPollingIntervalMs: readTime("maxPollingInterval", minute),
    messageEncoding: encoding,
  };
}

/** Entity Framework's longer form: `{ "ConnectionString": …, "ProviderName": … }`. */
function connectionString(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const text = value["ConnectionString"];
  return typeof text === "string" ? text : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function problem(file: string, reason: string, value: unknown): Error {
  return new Error(`Cannot use "${file}" because ${reason}: ${JSON.stringify(value) ?? "missing"}`);
}
