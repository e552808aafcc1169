import { randomBytes } from "node:crypto";
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
  refuseForeignReader,
} from "./host/http/foreign-requests.ts";
import { openLogger } from "./log.ts";
import { startStorageEmulator } from "./storage/emulator.ts";
import type { StorageEmulator, StorageEmulatorOptions } from "./storage/emulator.ts";
import type { SubscriptionOptions } from "./storage/events/deliveries.ts";
import { explainStateError, type StateError } from "./state/state-error.ts";
import { openStateFolder, type StateFolder } from "./state/state-folder.ts";

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
  /** Azure host names that reach the emulator's accounts, through a proxy that the caller sets up. */
  hosts?: NonNullable<StorageEmulatorOptions["hosts"]>;
  copies?: StorageEmulatorOptions["copies"];
  /** Deliver BlobCreated events to the app, for this kind of account. If omitted, no event is sent. */
  events?: Pick<SubscriptionOptions, "namespace" | "schema">;
  /**
   * Called once, after the log line, when a file of the state can no longer be read or written. The stack then responds
   * with 503 and should be closed.
   */
  onStateLost?: () => void;
} & Pick<HostOptions, "probe" | "redeliver" | "openEngine">;

/** Everything that Ferry needs from Azure, in one process. */
export type LocalStack = {
  emulator: StorageEmulator;
  host: FunctionsHost;
  close(): Promise<void>;
};

/**
 * Starts the Storage emulator, then the app on the Functions host, with settings that point at the emulator. Rejects,
 * after closing everything it had started, if a part cannot start; with a `StateError` if that is because of the state.
 */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const { appDirectory, stateDirectory, clock, hosts = {} } = options;
  const settings = { ...(await readLocalSettings(appDirectory)), ...options.settings };
  const hasOwnKeys = isSet("COPY_SECRET_KEYS") || (settings["COPY_SECRET_KEYS"] ?? "") !== "";
  const state =
    stateDirectory === null
      ? inMemory()
      : openStateFolder(stateDirectory, { name: "COPY_SECRET_KEYS", isSet: hasOwnKeys });
  const cleanups: (() => unknown)[] = [state.release];
  let lost: StateError | null = null;
  const log: HostOptions["log"] = (entry) => {
    // After that, running work fails in many places, and those errors add no information.
    if (lost === null) options.log(entry);
  };
  const logger = openLogger(clock, log);
  const onStateError = (file: string) => (error: unknown) => {
    if (lost !== null) return;
    lost = explainStateError(error, file);
    if (lost === null) return;
    const { message } = lost;
    options.log({ at: clock.now(), level: "critical", kind: "host", subject: "", message });
    options.onStateLost?.();
  };
  const close = async () => {
    for (const cleanUp of cleanups.splice(0)) await cleanUp();
  };
  try {
    const tls =
      options.secure === true ? await makeCertificate(clock.now(), Object.keys(hosts)) : null;
    if (tls !== null) cleanups.unshift(trustCertificate(tls));
    const ownNames = readHostNames(isSet(hostNamesSetting) ? process.env : settings);
    const names = new Set([...ownNames, ...Object.keys(hosts)]);
    const emulator = await startStorageEmulator({
      clock,
      ...(tls === null ? {} : { tls }),
      hosts,
      blobPort: options.blobPort,
      ...(options.filePort === undefined ? {} : { filePort: options.filePort }),
      file: state.storageFile,
      onStoreError: onStateError(state.storageFile),
      ...(options.copies === undefined ? {} : { copies: options.copies }),
      // The accounts' keys are published, so a web page could also sign requests.
      refuse: ({ method, target, headers }) =>
        refuseForeignHost({ ...absoluteUrl(target), headers }, names) ??
        (method === "GET" || method === "HEAD"
          ? refuseForeignReader(headers, names)
          : refuseForeignPage(headers, names)),
      log: (line) => logger("debug", "request", "storage", line),
    });
    cleanups.unshift(emulator.close);
    const host = await startFunctionsHost({
      appDirectory,
      clock,
      port: options.functionsPort,
      stateFile: state.hubFile,
      onStateError: onStateError(state.hubFile),
      environment: {
        ...buildEmulatorSettings(settings, emulator),
        ...buildIdentitySettings(emulator),
        ...(hasOwnKeys ? {} : { COPY_SECRET_KEYS: state.secretKey ?? freshKey() }),
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
    throw lost ?? error;
  }
}

/** The URL of a request's target in absolute form (RFC 9112, section 3.2.2). */
function absoluteUrl(target: string): { url?: URL } {
  return !target.startsWith("/") && URL.canParse(target) ? { url: new URL(target) } : {};
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

/** The state of a stack without a folder. */
function inMemory(): StateFolder {
  return { storageFile: ":memory:", hubFile: ":memory:", secretKey: null, release: () => {} };
}

/** Returns a new sealing key: 32 bytes, base64. */
function freshKey(): string {
  return randomBytes(32).toString("base64");
}

function isSet(name: string): boolean {
  return (process.env[name] ?? "") !== "";
}
