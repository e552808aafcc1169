import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { makeCertificate, trustCertificate } from "./certificate.ts";
import type { Clock } from "./clock.ts";
import { startFunctionsHost } from "./host/host.ts";
import type { FunctionsHost, HostOptions } from "./host/host.ts";
import { readLocalSettings } from "./host/host-settings.ts";
import {
  hostNamesSetting,
  readHostNames,
  refuseForeignHost,
  refuseForeignPage,
} from "./host/http/foreign-requests.ts";
import { startStorageEmulator } from "./storage/emulator.ts";
import type { StorageEmulator, StorageEmulatorOptions } from "./storage/emulator.ts";
import type { SubscriptionOptions } from "./storage/events/deliveries.ts";

export type LocalStackOptions = {
  /** The app's folder: host.json, local.settings.json, package.json and the compiled code. */
  appDirectory: string;
  /** The folder for state; null keeps all state in memory. */
  stateDirectory: string | null;
  clock: Clock;
  /** 0 for any free port. */
  functionsPort: number;
  blobPort: number;
  /** Any free port if omitted. */
  filePort?: number;
  log: HostOptions["log"];
  /** Settings of the app that override local.settings.json. */
  settings?: Readonly<Record<string, string>>;
  /** Serve Storage over https, as Azure does, with an identity for the app. */
  secure?: boolean;
  /** Hosts of Azure that reach the emulator's accounts, through a proxy that the caller sets up. */
  hosts?: NonNullable<StorageEmulatorOptions["hosts"]>;
  copies?: StorageEmulatorOptions["copies"];
  /** Deliver BlobCreated events to the app, for this kind of account. If omitted, no event is sent. */
  events?: Pick<SubscriptionOptions, "namespace" | "schema">;
} & Pick<HostOptions, "probe" | "redeliver" | "openEngine">;

/** Everything that Ferry needs of Azure, in one process. */
export type LocalStack = {
  emulator: StorageEmulator;
  host: FunctionsHost;
  close(): Promise<void>;
};

/**
 * Starts the Storage emulator, then the app on the Functions host, with settings that point at the emulator. Rejects,
 * after closing everything it had started, if a part cannot start.
 */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const { appDirectory, stateDirectory, clock, log, hosts = {} } = options;
  const unlock = stateDirectory === null ? () => {} : lockState(stateDirectory);
  const stateFile = (name: string) =>
    stateDirectory === null ? ":memory:" : join(stateDirectory, name);
  const cleanups: (() => unknown)[] = [unlock];
  const close = async () => {
    for (const cleanUp of cleanups.splice(0)) await cleanUp();
  };
  try {
    const tls =
      options.secure === true ? await makeCertificate(clock.now(), Object.keys(hosts)) : null;
    if (tls !== null) cleanups.unshift(trustCertificate(tls));
    const settings = { ...(await readLocalSettings(appDirectory)), ...options.settings };
    const ownNames = readHostNames(isSet(hostNamesSetting) ? process.env : settings);
    const names = new Set([...ownNames, ...Object.keys(hosts)]);
    const emulator = await startStorageEmulator({
      clock,
      ...(tls === null ? {} : { tls }),
      hosts,
      blobPort: options.blobPort,
      ...(options.filePort === undefined ? {} : { filePort: options.filePort }),
      file: stateFile("storage.sqlite"),
      ...(options.copies === undefined ? {} : { copies: options.copies }),
      // The accounts' keys are published, so that a web page could sign requests, too. A page of another origin can
      // send no other writes, and what it embeds by GET it cannot read.
      refuse: ({ method, headers }) =>
        refuseForeignHost({ headers }, names) ??
        (method === "GET" || method === "HEAD" ? undefined : refuseForeignPage(headers, names)),
      log: (line) =>
        log({
          at: clock.now(),
          level: "debug",
          kind: "request",
          subject: "storage",
          message: line,
        }),
    });
    cleanups.unshift(emulator.close);
    const hasSecretKey = isSet("COPY_SECRET_KEYS") || (settings["COPY_SECRET_KEYS"] ?? "") !== "";
    const host = await startFunctionsHost({
      appDirectory,
      clock,
      port: options.functionsPort,
      stateFile: stateFile("task-hub.sqlite"),
      environment: {
        ...buildEmulatorSettings(settings, emulator),
        ...buildIdentitySettings(emulator),
        ...(hasSecretKey ? {} : { COPY_SECRET_KEYS: loadSecretKey(stateDirectory) }),
      },
      log,
      ...(options.probe === undefined ? {} : { probe: options.probe }),
      ...(options.redeliver === undefined ? {} : { redeliver: options.redeliver }),
      openEngine: options.openEngine,
    });
    cleanups.unshift(host.close);
    const { events } = options;
    if (events !== undefined) await subscribe(emulator, host, events);
    return { emulator, host, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Creates an event subscription for each function with an Event Grid trigger, as a deployment does in Azure. */
async function subscribe(
  emulator: StorageEmulator,
  host: FunctionsHost,
  events: NonNullable<LocalStackOptions["events"]>,
): Promise<void> {
  for (const { name, type } of host.functions) {
    if (type !== "eventGridTrigger") continue;
    await emulator.events.subscribe({ name, url: host.eventGridUrl(name), ...events });
  }
}

/** Only the owner may list, read or write a folder with this mode. */
const ownerOnly = 0o700;

/**
 * Reserves the folder for this process, because two hosts on one task hub would run each other's work. Returns a
 * function that releases it. The lock is SQLite's own, so it is also released when the process is killed.
 */
function lockState(directory: string): () => void {
  let lock: DatabaseSync | null = null;
  try {
    mkdirSync(directory, { recursive: true, mode: ownerOnly });
    // The folder contains keys and all content. It may be older than this rule.
    if ((statSync(directory).mode & 0o077) !== 0) chmodSync(directory, ownerOnly);
    lock = new DatabaseSync(join(directory, "lock"));
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;");
    return () => lock?.close();
  } catch (error) {
    lock?.close();
    const text = error instanceof Error ? error.message : String(error);
    const reason = /locked/.test(text) ? "another Ferry process uses it" : text;
    throw new Error(`Cannot keep state in "${directory}" because ${reason}`, { cause: error });
  }
}

/** The emulator's default addresses for blobs and for files, as local.settings.json contains them. */
const defaultEmulatorUrls = /http:\/\/127\.0\.0\.1:(10000|10003)(?!\d)/g;

/** Returns the settings with the emulator's default addresses replaced by its actual ones. */
function buildEmulatorSettings(
  values: Readonly<Record<string, string>>,
  { blobUrl, fileUrl }: Pick<StorageEmulator, "blobUrl" | "fileUrl">,
): Record<string, string> {
  const rewritten = Object.entries(values)
    .filter(([name]) => !isSet(name))
    .map(([name, value]): [string, string] => [
      name,
      value === "UseDevelopmentStorage=true"
        ? buildConnectionString(blobUrl)
        : rewriteUrls(value, { blobUrl, fileUrl }),
    ]);
  return Object.fromEntries(rewritten);
}

/** The settings from which the app learns its identity's endpoint, as on App Service. */
function buildIdentitySettings({ identity }: StorageEmulator): Record<string, string> {
  return identity === null
    ? {}
    : { IDENTITY_ENDPOINT: identity.url, IDENTITY_HEADER: identity.header };
}

/** Replaces in one pass, because one service's actual address can be the other's default. */
function rewriteUrls(
  text: string,
  { blobUrl, fileUrl }: Pick<StorageEmulator, "blobUrl" | "fileUrl">,
): string {
  return text.replace(defaultEmulatorUrls, (_, port: string) =>
    port === "10000" ? blobUrl : fileUrl,
  );
}

/**
 * Returns the connection string that `UseDevelopmentStorage=true` stands for, at another address. The key is the
 * emulator's published one; storage/auth/accounts.ts has it too, because the emulator is a separate unit.
 */
function buildConnectionString(blobUrl: string): string {
  const key =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
  return `DefaultEndpointsProtocol=${new URL(blobUrl).protocol.slice(0, -1)};AccountName=devstoreaccount1;AccountKey=${key};BlobEndpoint=${blobUrl}/devstoreaccount1;`;
}

/**
 * Returns this machine's sealing key (32 bytes, base64). Creates it on first use and stores it with the state that it
 * seals.
 */
function loadSecretKey(stateDirectory: string | null): string {
  const fresh = randomBytes(32).toString("base64");
  if (stateDirectory === null) return fresh;
  const file = join(stateDirectory, "copy-secret-key");
  try {
    writeFileSync(file, fresh, { flag: "wx", mode: 0o600 });
    return fresh;
  } catch {
    const stored = readFileSync(file, "utf8").trim();
    if (Buffer.from(stored, "base64").length === 32) return stored;
    throw new Error(
      `Cannot use the key in "${file}" because it is damaged. Delete ".local" to start over`,
    );
  }
}

function isSet(name: string): boolean {
  return (process.env[name] ?? "") !== "";
}
