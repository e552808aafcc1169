import { z } from "zod";
import { externalOrigins, isOwnState, parseAllowedPairs } from "../copy/request/access-policy.ts";
import type { AllowedPair, OwnAccount } from "../copy/request/access-policy.ts";
import type { Origins } from "../copy/location/parse-endpoint.ts";
import { nonEmpty } from "./environment.ts";
import type { Environment } from "./environment.ts";
import { notificationTargets } from "./notification-settings.ts";
import type { NotificationTarget } from "../notifications/notifications.ts";
import { parseRoutes } from "../copy/routing/routes.ts";
import type { Route } from "../copy/routing/routes.ts";

/** The app's settings, complete and checked. */
export type Settings = {
  /** The app's own storage account, where the ledger lives. */
  ledger: LedgerAccount;
  /** Which copies may be made beside those of routes; empty means none. */
  allowed: AllowedPair[];
  /** Who is told how copies end, and what the app calls itself then. */
  notices: NotificationTarget[];
  source: string;
  /** What is copied on as soon as it appears. */
  routes: Route[];
  /** The first seals, all open. Empty: requests with a SAS are refused. */
  secretKeys: Buffer[];
  /** The same account by name, so that no copy reaches the app's own state. */
  own: OwnAccount;
  /** App Service authentication stands in front of the app. */
  trustsPrincipals: boolean;
  /** NCRONTAB: when the watchdog walks. */
  watchdogSchedule: string;
  /** How long ended copies and claims are kept; days. */
  retentionDays: number;
  /** The Storage emulator, on a developer's machine only, and the sources outside Storage. */
  origins: Origins;
};

/** A connection string, or a Blob service URL used with the app's identity. */
export type LedgerAccount = { connectionString: string } | { blobServiceUri: string };

/** Reads the environment; the only place that does. Throws `SettingsError`, naming every problem. */
export function readSettings(environment: Environment): Settings {
  const problems: string[] = [];
  const emulator = {
    blob: emulatorOrigin("COPY_EMULATOR", environment, problems),
    file: emulatorOrigin("COPY_EMULATOR_FILES", environment, problems),
  };
  const { pairs, problems: pairProblems } = parseAllowedPairs(
    nonEmpty(environment["COPY_ALLOWED"]) ?? "[]",
    emulator,
  );
  problems.push(...pairProblems.map((problem) => `COPY_ALLOWED ${problem}`));
  const secretKeys = keys(environment["COPY_SECRET_KEYS"], problems);
  const ledger = ledgerAccount(environment, problems);
  const account = ledger === null ? null : ownAccount(ledger, problems);
  const contentShare = nonEmpty(environment["WEBSITE_CONTENTSHARE"]);
  const own = account === null ? null : { ...account, contentShare };
  const origins = { emulator, external: externalOrigins(pairs) };
  const routes = parseRouteSettings(environment["COPY_ROUTES"], { origins, own }, problems);
  const notices = notificationTargets(environment, emulator.blob !== null, problems);
  const watchdogSchedule = schedule(environment["COPY_WATCHDOG"], problems);
  const retentionDays = days(environment["COPY_RETENTION_DAYS"], problems);
  if (problems.length > 0 || ledger === null || own === null) throw new SettingsError(problems);
  const trustsPrincipals = environment["WEBSITE_AUTH_ENABLED"]?.toLowerCase() === "true";
  return {
    ledger,
    own,
    allowed: pairs,
    routes,
    notices,
    source: `https://${nonEmpty(environment["WEBSITE_HOSTNAME"]) ?? "localhost"}/api/copies`,
    secretKeys,
    origins,
    trustsPrincipals,
    watchdogSchedule,
    retentionDays,
  };
}

export class SettingsError extends Error {
  override name = "SettingsError" as const;

  constructor(problems: readonly string[]) {
    super(`Cannot start as settings are wrong: ${problems.join("; ")}`);
  }
}

function emulatorOrigin(
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

/** Keys of AES-256: 32 bytes, base64, one or more with commas between. */
function keys(text: string | undefined, problems: string[]): Buffer[] {
  const parts = (nonEmpty(text) ?? "").split(",").filter((part) => part.trim() !== "");
  const buffers = parts.map((part) => Buffer.from(part.trim(), "base64"));
  const wrong = buffers.findIndex((key) => key.length !== 32);
  if (wrong >= 0) {
    problems.push(
      `COPY_SECRET_KEYS must hold keys of 32 bytes as base64, with commas between; number ${wrong + 1} is another (make one with: openssl rand -base64 32)`,
    );
  }
  return buffers;
}

function parseRouteSettings(
  text: string | undefined,
  { origins, own }: { origins: Origins; own: OwnAccount | null },
  problems: string[],
): Route[] {
  const parsed = parseRoutes(nonEmpty(text) ?? "[]", origins);
  problems.push(...parsed.problems.map((problem) => `COPY_ROUTES ${problem}`));
  for (const { name, sample } of parsed.routes) {
    if (own === null || ![sample.source, sample.destination].some((end) => isOwnState(own, end))) {
      continue;
    }
    problems.push(
      `COPY_ROUTES has the route "${name}" where this app and its host keep their state`,
    );
  }
  return parsed.routes;
}

/** Every five minutes. The Functions host checks the rest of what a schedule must be. */
function schedule(text: string | undefined, problems: string[]): string {
  const value = nonEmpty(text) ?? "0 */5 * * * *";
  if (/^\S+( +\S+){5}$/.test(value)) return value;
  problems.push(
    'COPY_WATCHDOG must be an NCRONTAB schedule of six fields, such as "0 */5 * * * *"',
  );
  return value;
}

/** A claim is kept at least 72 hours, and a copy outlives its claim: else its key would start it anew. */
const minRetentionDays = 3;
const maxRetentionDays = 3_650;

function days(text: string | undefined, problems: string[]): number {
  const value = nonEmpty(text) ?? "30";
  const number = /^\d{1,5}$/.test(value) ? Number(value) : NaN;
  if (number >= minRetentionDays && number <= maxRetentionDays) return number;
  problems.push(
    `COPY_RETENTION_DAYS must be a whole number of days from ${minRetentionDays} to ${maxRetentionDays}`,
  );
  return number;
}

/** The names that the Functions host itself knows for its storage account. */
function ledgerAccount(environment: Environment, problems: string[]): LedgerAccount | null {
  const connectionString = nonEmpty(environment["AzureWebJobsStorage"]);
  if (connectionString !== null) return { connectionString };
  const blobServiceUri = nonEmpty(environment["AzureWebJobsStorage__blobServiceUri"]);
  if (blobServiceUri !== null) return { blobServiceUri };
  const account = nonEmpty(environment["AzureWebJobsStorage__accountName"]);
  if (account !== null) return { blobServiceUri: `https://${account}.blob.core.windows.net` };
  problems.push(
    "AzureWebJobsStorage (or AzureWebJobsStorage__blobServiceUri, or AzureWebJobsStorage__accountName) must name the app's storage account",
  );
  return null;
}

type Account = Omit<OwnAccount, "contentShare">;

/** The account that the ledger's connection names ("Configure Azure Storage connection strings"). */
function ownAccount(ledger: LedgerAccount, problems: string[]): Account | null {
  if ("blobServiceUri" in ledger) return accountOfUrl(ledger.blobServiceUri, problems);
  const { connectionString } = ledger;
  const part = (name: string) =>
    new RegExp(`(?:^|;)\\s*${name}=([^;]*)`, "i").exec(connectionString)?.[1] ?? null;
  if (/^UseDevelopmentStorage=true/i.test(connectionString)) {
    return { account: "devstoreaccount1" };
  }
  const account = part("AccountName");
  return account === null ? accountOfUrl(part("BlobEndpoint") ?? "", problems) : { account };
}

function accountOfUrl(url: string, problems: string[]): Account | null {
  const parsed = z.url({ protocol: /^https?$/ }).safeParse(url);
  const account = parsed.success ? accountAt(new URL(url)) : undefined;
  if (account !== undefined && account !== "") return { account };
  problems.push("AzureWebJobsStorage must name an account, or the URL of its Blob service");
  return null;
}

/** An emulator's URL has its account in the path. */
function accountAt({ hostname, pathname }: URL): string | undefined {
  const isEmulated = /^(localhost|[\d.]+)$/.test(hostname);
  return isEmulated ? pathname.split("/")[1] : hostname.split(".")[0];
}
