import { z } from "zod";
import {
  externalOrigins,
  parseAllowedPairs,
  wholeExternalOrigins,
} from "../copy/request/access-policy.ts";
import type { AllowedPair } from "../copy/request/access-policy.ts";
import { quotedName } from "../copy/location/characters.ts";
import type { Origins } from "../copy/location/parse-endpoint.ts";
import { isOwnState, ownStateProblem } from "../copy/request/own-state.ts";
import type { OwnState } from "../copy/request/own-state.ts";
import { nonEmpty } from "./environment.ts";
import type { Environment } from "./environment.ts";
import { defaultMaxLockDays, defaultRetentionDays, defaultWatchdog } from "./settings-table.ts";
import { parseLedgerAccount, parseOwnAccount } from "./own-account.ts";
import type { LedgerAccount } from "./own-account.ts";
import { maxFirstStartMs } from "../copy/contract/request-rules.ts";
import { day } from "../copy/durations.ts";
import { parseEventQueue } from "./event-queue.ts";
import type { EventQueue } from "./event-queue.ts";
import { parseNamedState } from "./named-state.ts";
import { parseNotificationTargets } from "./notification-settings.ts";
import type { NotificationTarget } from "../notifications/notifications.ts";
import { parseRoutes } from "../copy/routing/routes.ts";
import type { Route } from "../copy/routing/routes.ts";

/** The app's settings, complete and checked. */
export type Settings = {
  /** The app's own storage account, which contains the ledger. */
  ledger: LedgerAccount;
  /** The copies that callers may start, in addition to those of routes; empty allows none. */
  allowed: AllowedPair[];
  /** The targets of completion notifications. */
  notificationTargets: NotificationTarget[];
  /** The app, as `source` of its notifications. */
  source: string;
  /** The rules that copy new blobs. */
  routes: Route[];
  /** The first key seals; every key can open. If empty, requests with a SAS are rejected. */
  secretKeys: Buffer[];
  /** Where the app and its host keep their state, so that no copy reads or writes it. */
  own: OwnState;
  /** Whether App Service authentication is enabled in front of the app, and who may read and abort every copy. */
  principals: { areTrusted: boolean; operators: string[] };
  /** The maximum number of days that an immutability policy may last. */
  maxLockDays: number;
  /** How callers authenticate: function keys, or sign-in with Microsoft Entra in front of the app. */
  auth: Auth;
  /** When the watchdog runs (NCRONTAB). */
  watchdogSchedule: string;
  /** The number of days for which claims, and copies that have ended, are kept. */
  retentionDays: number;
  /** The queue from which events are read; null if there is none. */
  eventQueue: EventQueue | null;
  /** The Storage emulator, on a developer's machine only, and the allowed sources outside Storage. */
  origins: Origins;
};

export type Auth = "keys" | "entra";

/**
 * Reads every setting from `environment`, which `main.ts` passes as `process.env`. Throws `SettingsError`, which lists
 * every problem.
 */
export function readSettings(environment: Environment): Settings {
  const problems: string[] = [];
  const emulator = {
    blob: parseEmulatorOrigin("COPY_EMULATOR", environment, problems),
    file: parseEmulatorOrigin("COPY_EMULATOR_FILES", environment, problems),
  };
  const { pairs, problems: pairProblems } = parseAllowedPairs(
    nonEmpty(environment["COPY_ALLOWED"]) ?? "[]",
    emulator,
  );
  problems.push(...pairProblems.map((problem) => `COPY_ALLOWED ${problem}`));
  const secretKeys = parseSecretKeys(environment["COPY_SECRET_KEYS"], problems);
  const ledger = parseLedgerAccount(environment, problems);
  const account = ledger === null ? null : parseOwnAccount(ledger, problems);
  // Names of shares are lower case.
  const contentShare = nonEmpty(environment["WEBSITE_CONTENTSHARE"])?.toLowerCase() ?? null;
  const named = parseNamedState(environment, emulator);
  const own: OwnState | null = account === null ? null : { account, contentShare, named };
  if (own !== null) problems.push(...ownPairProblems(pairs, own, emulator));
  const origins = {
    emulator,
    external: externalOrigins(pairs),
    wholeExternal: wholeExternalOrigins(pairs),
  };
  const routes = parseRouteSettings(environment["COPY_ROUTES"], { origins, own }, problems);
  const isLocal = emulator.blob !== null;
  const notificationTargets = parseNotificationTargets(environment, isLocal, problems);
  const watchdogSchedule = parseSchedule(environment["COPY_WATCHDOG"], problems);
  const retentionDays = parseRetentionDays(environment["COPY_RETENTION_DAYS"], problems);
  const maxLockDays = parseMaxLockDays(environment["COPY_MAX_LOCK_DAYS"], problems);
  const areTrusted = environment["WEBSITE_AUTH_ENABLED"]?.toLowerCase() === "true";
  const operators = parseOperators(environment["COPY_OPERATORS"], problems);
  const eventQueue = parseEventQueue(environment, problems);
  const auth = parseAuth(environment["COPY_AUTH"], areTrusted, problems);
  if (problems.length > 0 || ledger === null || own === null) throw new SettingsError(problems);
  return {
    ledger,
    own,
    allowed: pairs,
    routes,
    notificationTargets,
    source: `https://${nonEmpty(environment["WEBSITE_HOSTNAME"]) ?? "localhost"}/api/copies`,
    secretKeys,
    origins,
    principals: { areTrusted, operators },
    maxLockDays,
    auth,
    watchdogSchedule,
    retentionDays,
    eventQueue,
  };
}

/** Thrown when the app's settings are missing or wrong; its message lists every problem. */
export class SettingsError extends Error {
  override name = "SettingsError" as const;

  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Cannot start because settings are wrong: ${problems.join("; ")}`);
    this.problems = problems;
  }
}

function parseEmulatorOrigin(
  name: "COPY_EMULATOR" | "COPY_EMULATOR_FILES",
  environment: Environment,
  problems: string[],
): string | null {
  const value = nonEmpty(environment[name]);
  if (value === null) return null;
  const parsed = z.url({ protocol: /^https?$/ }).safeParse(value);
  if (parsed.success) return new URL(value).origin;
  problems.push(`${name} must be a URL such as http://127.0.0.1:10000`);
  return null;
}

/** Reads AES-256 keys: each 32 bytes in base64, separated by commas. */
function parseSecretKeys(text: string | undefined, problems: string[]): Buffer[] {
  const parts = parseList(text);
  const buffers = parts.map((part) => Buffer.from(part, "base64"));
  // Node skips characters that are not base64, so a damaged key would become a different key.
  const wrong = buffers.findIndex(
    (key, index) => key.length !== 32 || key.toString("base64") !== parts[index],
  );
  const zero = buffers.findIndex((key) => key.every((byte) => byte === 0));
  if (wrong < 0 && zero >= 0) {
    problems.push(
      `COPY_SECRET_KEYS must contain random keys; key ${zero + 1} has only zeros (create a key with: openssl rand -base64 32)`,
    );
  }
  if (wrong >= 0) {
    problems.push(
      `COPY_SECRET_KEYS must be a comma-separated list of 32-byte keys in base64; key ${wrong + 1} is not one (create a key with: openssl rand -base64 32)`,
    );
  }
  return buffers;
}

function ownPairProblems(
  pairs: readonly AllowedPair[],
  own: OwnState,
  emulator: Origins["emulator"],
): string[] {
  return pairs.flatMap((pair, index) =>
    (["from", "to"] as const).flatMap((side) => {
      const problem = ownStateProblem(own, pair[side], emulator);
      return problem === null ? [] : [`COPY_ALLOWED [${index}].${side} ${problem}`];
    }),
  );
}

function parseRouteSettings(
  text: string | undefined,
  { origins, own }: { origins: Origins; own: OwnState | null },
  problems: string[],
): Route[] {
  const parsed = parseRoutes(nonEmpty(text) ?? "[]", origins);
  // One by one, because a call takes a limited number of arguments and a long setting can have more problems.
  for (const problem of parsed.problems) problems.push(`COPY_ROUTES ${problem}`);
  for (const { name, sample } of parsed.routes) {
    const endpoints = [sample.source, sample.destination];
    if (own === null || !endpoints.some((endpoint) => isOwnState(own, endpoint))) continue;
    problems.push(
      `COPY_ROUTES has the route "${name}", which reads or writes where this app and its host keep their state`,
    );
  }
  return parsed.routes;
}

/** Without keys, the platform's sign-in is the only check of a caller, so the app does not start without it. */
function parseAuth(text: string | undefined, hasSignIn: boolean, problems: string[]): Auth {
  const value = nonEmpty(text)?.toLowerCase() ?? "keys";
  if (value === "keys") return "keys";
  if (value !== "entra") {
    const quoted = quotedName(value);
    problems.push(`COPY_AUTH must be "keys" or "entra"${quoted === null ? "" : `: ${quoted}`}`);
  } else if (!hasSignIn) {
    problems.push(
      'COPY_AUTH is "entra", but App Service authentication is off: WEBSITE_AUTH_ENABLED is not "true". Turn it on, or set COPY_AUTH to "keys"',
    );
  }
  return "entra";
}

/** Reads an NCRONTAB schedule; every five minutes by default. The Functions host checks its fields. */
function parseSchedule(text: string | undefined, problems: string[]): string {
  const value = nonEmpty(text) ?? defaultWatchdog;
  if (/^\S+( +\S+){5}$/.test(value)) return value;
  problems.push(
    'COPY_WATCHDOG must be an NCRONTAB schedule of six fields, such as "0 */5 * * * *"',
  );
  return value;
}

/**
 * A copy is kept longer than its claim; otherwise a request with its key could restart it. It is also kept for as long
 * as its id can still start it.
 */
const minRetentionDays = maxFirstStartMs / day;
const maxRetentionDays = 3_650;

function parseRetentionDays(text: string | undefined, problems: string[]): number {
  const value = nonEmpty(text) ?? defaultRetentionDays;
  const number = /^\d{1,5}$/.test(value) ? Number(value) : NaN;
  if (number >= minRetentionDays && number <= maxRetentionDays) return number;
  problems.push(
    `COPY_RETENTION_DAYS must be a whole number of days from ${minRetentionDays} to ${maxRetentionDays}`,
  );
  return number;
}

/** A hundred years, with their leap days. */
const maxMaxLockDays = 36_525;

function parseMaxLockDays(text: string | undefined, problems: string[]): number {
  const value = nonEmpty(text) ?? defaultMaxLockDays;
  const number = /^\d{1,5}$/.test(value) ? Number(value) : NaN;
  if (number >= 1 && number <= maxMaxLockDays) return number;
  problems.push(`COPY_MAX_LOCK_DAYS must be a whole number of days from 1 to ${maxMaxLockDays}`);
  return number;
}

/** A principal without its identity provider could be that of another provider with the same id. */
function parseOperators(text: string | undefined, problems: string[]): string[] {
  const operators = parseList(text);
  const wrong = operators.findIndex((operator) => !/^[^\s/]+\/\S+$/.test(operator));
  if (wrong >= 0) {
    problems.push(
      `COPY_OPERATORS must be a comma-separated list of <identity provider>/<id>, such as aad/7c0f4d2e-…; operator ${wrong + 1} is not one`,
    );
  }
  return operators;
}

function parseList(text: string | undefined): string[] {
  return (nonEmpty(text) ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
