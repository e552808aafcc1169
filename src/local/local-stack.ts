import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { makeCertificate, trustCertificate } from "./certificate.ts";
import type { Clock } from "./clock.ts";
import { startFunctionsHost } from "./host/host.ts";
import type { FunctionsHost, HostOptions } from "./host/host.ts";
import { readLocalSettings } from "./host/host-settings.ts";
import { startStorageEmulator } from "./storage/emulator.ts";
import type { StorageEmulator, StorageEmulatorOptions } from "./storage/emulator.ts";
import type { SubscriptionOptions } from "./storage/events/deliveries.ts";

export type LocalWorldOptions = {
  /** The app's folder: host.json, local.settings.json, package.json, and what was built. */
  appDirectory: string;
  /** Where state is kept; null forgets everything at the end. */
  stateDirectory: string | null;
  clock: Clock;
  /** 0 for any free port. */
  functionsPort: number;
  blobPort: number;
  /** Any free port when absent. */
  filePort?: number;
  log: HostOptions["log"];
  /** Settings of the app that win over local.settings.json. */
  settings?: Readonly<Record<string, string>>;
  /** Storage over https, as in Azure, with an identity that the app gets tokens of. */
  secure?: boolean;
  copies?: StorageEmulatorOptions["copies"];
  /** Tells the app of new blobs, in this kind of account. Without it no event is sent. */
  events?: Pick<SubscriptionOptions, "namespace" | "schema">;
} & Pick<HostOptions, "probe" | "redeliver">;

/** The whole of Azure that Ferry needs, in one process. */
export type LocalWorld = {
  emulator: StorageEmulator;
  host: FunctionsHost;
  close(): Promise<void>;
};

/** Starts the Storage emulator, then the app on the Functions host, with the app's settings pointing at it. */
export async function startLocalWorld(options: LocalWorldOptions): Promise<LocalWorld> {
  const { appDirectory, stateDirectory, clock, log } = options;
  const unlock = stateDirectory === null ? () => {} : lockState(stateDirectory);
  const stateFile = (name: string) =>
    stateDirectory === null ? ":memory:" : join(stateDirectory, name);
  const ends: (() => unknown)[] = [unlock];
  const close = async () => {
    for (const end of ends.splice(0)) await end();
  };
  try {
    const tls = options.secure === true ? makeCertificate() : null;
    if (tls !== null) ends.unshift(trustCertificate(tls));
    const emulator = await startStorageEmulator({
      clock,
      ...(tls === null ? {} : { tls }),
      blobPort: options.blobPort,
      ...(options.filePort === undefined ? {} : { filePort: options.filePort }),
      file: stateFile("storage.sqlite"),
      ...(options.copies === undefined ? {} : { copies: options.copies }),
      log: (line) =>
        log({
          at: clock.now(),
          level: "debug",
          kind: "request",
          subject: "storage",
          message: line,
        }),
    });
    ends.unshift(emulator.close);
    const settings = { ...(await readLocalSettings(appDirectory)), ...options.settings };
    const hasSecretKey = isSet("COPY_SECRET_KEYS") || (settings["COPY_SECRET_KEYS"] ?? "") !== "";
    const host = await startFunctionsHost({
      appDirectory,
      clock,
      port: options.functionsPort,
      stateFile: stateFile("task-hub.sqlite"),
      environment: {
        ...emulatorSettings(settings, emulator),
        ...identitySettings(emulator),
        ...(hasSecretKey ? {} : { COPY_SECRET_KEYS: secretKey(stateDirectory) }),
      },
      log,
      ...(options.probe === undefined ? {} : { probe: options.probe }),
      ...(options.redeliver === undefined ? {} : { redeliver: options.redeliver }),
    });
    ends.unshift(host.close);
    const { events } = options;
    if (events !== undefined) await subscribe(emulator, host, events);
    return { emulator, host, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What a deployment does in Azure: an event subscription for each function with an Event Grid trigger. */
async function subscribe(
  emulator: StorageEmulator,
  host: FunctionsHost,
  events: NonNullable<LocalWorldOptions["events"]>,
): Promise<void> {
  for (const { name, type } of host.functions) {
    if (type !== "eventGridTrigger") continue;
    const url = `${host.url}/runtime/webhooks/EventGrid?functionName=${name}`;
    await emulator.events.subscribe({ name, url, ...events });
  }
}

/**
 * Takes the folder for this process alone: two hosts on one task hub would run each other's work. The
 * lock is SQLite's own, so the death of a process, however sudden, gives it back.
 */
function lockState(directory: string): () => void {
  let lock: DatabaseSync | null = null;
  try {
    mkdirSync(directory, { recursive: true });
    lock = new DatabaseSync(join(directory, "lock"));
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;");
    return () => lock?.close();
  } catch (error) {
    lock?.close();
    const text = error instanceof Error ? error.message : String(error);
    const reason = /locked/.test(text) ? "another Ferry runs on it" : text;
    throw new Error(`Cannot keep state in "${directory}" as ${reason}`, { cause: error });
  }
}

/** The emulator's addresses by convention, for blobs and for files; local.settings.json has them. */
const usualEmulator = /http:\/\/127\.0\.0\.1:(10000|10003)(?!\d)/g;

/** Settings that name the emulator at its usual addresses, rewritten to where it really listens. */
function emulatorSettings(
  values: Readonly<Record<string, string>>,
  { blobUrl, fileUrl }: Pick<StorageEmulator, "blobUrl" | "fileUrl">,
): Record<string, string> {
  const rewritten = Object.entries(values)
    .filter(([name]) => !isSet(name))
    .map(([name, value]): [string, string] => [
      name,
      value === "UseDevelopmentStorage=true"
        ? developmentStorage(blobUrl)
        : rewrittenUrls(value, { blobUrl, fileUrl }),
    ]);
  return Object.fromEntries(rewritten);
}

/** Where the app finds its identity, as App Service tells it. */
function identitySettings({ identity }: StorageEmulator): Record<string, string> {
  return identity === null
    ? {}
    : { IDENTITY_ENDPOINT: identity.url, IDENTITY_HEADER: identity.header };
}

/** In one pass: where one service really listens may be where the other usually does. */
function rewrittenUrls(
  text: string,
  { blobUrl, fileUrl }: Pick<StorageEmulator, "blobUrl" | "fileUrl">,
): string {
  return text.replace(usualEmulator, (_, port: string) => (port === "10000" ? blobUrl : fileUrl));
}

/** What `UseDevelopmentStorage=true` stands for, at another address. The key is published. */
function developmentStorage(blobUrl: string): string {
  const key =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
  return `DefaultEndpointsProtocol=${new URL(blobUrl).protocol.slice(0, -1)};AccountName=devstoreaccount1;AccountKey=${key};BlobEndpoint=${blobUrl}/devstoreaccount1;`;
}

/** A key of this machine, made once and kept with the state that it seals. */
function secretKey(stateDirectory: string | null): string {
  const fresh = randomBytes(32).toString("base64");
  if (stateDirectory === null) return fresh;
  const file = join(stateDirectory, "copy-secret-key");
  try {
    writeFileSync(file, fresh, { flag: "wx", mode: 0o600 });
    return fresh;
  } catch {
    const kept = readFileSync(file, "utf8").trim();
    if (Buffer.from(kept, "base64").length === 32) return kept;
    throw new Error(
      `Cannot use the key in "${file}" as it is damaged; delete ".local" to begin anew`,
    );
  }
}

function isSet(name: string): boolean {
  return (process.env[name] ?? "") !== "";
}
