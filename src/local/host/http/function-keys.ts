import { randomBytes } from "node:crypto";
import type { HostRequest, HostResponse } from "./http-server.ts";

/** The host's keys, by name where there can be several. */
export type FunctionKeys = {
  /** Opens everything. */
  master: string;
  /** Host keys. They open functions with authLevel "function", and nothing else. */
  host: Readonly<Record<string, string>>;
  /** System keys. Each opens the webhook of one extension, and nothing else. */
  system: Readonly<Record<(typeof systemKeyNames)[number], string>>;
};

/**
 * The target that a key opens and a request needs: functions with this `authLevel`, or the webhook of the extension
 * whose system key has this name. "admin" is the master key's, and opens everything.
 */
export type KeyLevel = "anonymous" | "function" | "admin" | `${string}_extension`;

/** "insufficient": a key of this host that does not open the target; "unknown": another key, or none. */
export type KeyCheck = (
  request: HostRequest,
  required: KeyLevel,
) => "accepted" | "insufficient" | "unknown";

/** The app setting that turns keys on: `name=value` pairs, separated by ";". */
const setting = "FUNCTIONS_KEYS";

/** DefaultScriptWebHookProvider.cs: the names of the extensions' system keys. */
const eventGridKeyName = "eventgrid_extension";
const durableTaskKeyName = "durabletask_extension";
const systemKeyNames = [eventGridKeyName, durableTaskKeyName] as const;

/**
 * Reads the keys from the setting FUNCTIONS_KEYS; undefined without it. Like the host, creates a random key for Event
 * Grid if there is none. `durableTaskKey` returns the key that the durable engine puts into its URLs. Throws an error
 * that names the fault, but no key.
 */
export function readFunctionKeys(
  environment: Readonly<Record<string, string | undefined>>,
  durableTaskKey: () => string,
): FunctionKeys | undefined {
  const parts = (environment[setting] ?? "").split(";").filter((part) => part.trim() !== "");
  if (parts.length === 0) return undefined;
  const named = new Map<string, string>();
  for (const part of parts) {
    const [, name, value] = /^\s*([^=\s]+)=(\S+)\s*$/.exec(part) ?? [];
    if (name === undefined || value === undefined) throw problem("every part must be name=value");
    if (name === durableTaskKeyName) {
      throw problem(`the durable engine sets the key "${durableTaskKeyName}"`);
    }
    named.set(name, value);
  }
  const master = named.get("master");
  if (master === undefined || !named.has("default")) {
    throw problem(`the keys "master" and "default" are needed`);
  }
  const eventGridKey = named.get(eventGridKeyName) ?? randomBytes(32).toString("base64url");
  for (const name of ["master", eventGridKeyName]) named.delete(name);
  return {
    master,
    host: Object.fromEntries(named),
    system: { [eventGridKeyName]: eventGridKey, [durableTaskKeyName]: durableTaskKey() },
  };
}

/**
 * Returns the check of a request's key (AuthenticationLevelHandler.cs): the header `x-functions-key`, or without it the
 * query's `code`. Without keys, every request is accepted, as by Core Tools without `--enableAuth`.
 */
export function createKeyCheck(keys: FunctionKeys | undefined): KeyCheck {
  if (keys === undefined) return () => "accepted";
  const levels = new Map<string, KeyLevel>();
  for (const key of Object.values(keys.host)) levels.set(key, "function");
  for (const name of systemKeyNames) levels.set(keys.system[name], name);
  levels.set(keys.master, "admin");
  return (request, required) => {
    if (required === "anonymous") return "accepted";
    const key = request.headers["x-functions-key"] ?? findQuery(request, "code") ?? "";
    const level = key === "" ? undefined : levels.get(key);
    if (level === undefined) return "unknown";
    return level === "admin" || level === required ? "accepted" : "insufficient";
  };
}

/**
 * Returns the response of webhooks and admin routes to a key that does not open them; undefined for an accepted key.
 * Functions respond with a plain 401 to both (FunctionInvocationMiddleware.cs).
 */
export function refuseKey(check: ReturnType<KeyCheck>): HostResponse | undefined {
  switch (check) {
    case "accepted":
      return undefined;
    case "insufficient":
      return { status: 403, headers: {}, body: "" };
    case "unknown":
      return { status: 401, headers: { "www-authenticate": "Bearer" }, body: "" };
  }
}

/** Query keys are case-insensitive in ASP.NET. */
function findQuery(request: HostRequest, name: string): string | undefined {
  return [...request.url.searchParams].find(([key]) => key.toLowerCase() === name)?.[1];
}

function problem(reason: string): Error {
  return new Error(
    `Cannot use the setting ${setting} because ${reason}. ` +
      `It must look like "master=…;default=…;${eventGridKeyName}=…"`,
  );
}
