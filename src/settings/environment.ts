import type { SettingName } from "./settings-table.ts";

/** The environment of the process. Only `settings.ts` and the functions that it calls read it. */
export type Environment = Readonly<Partial<Record<SettingName, string | undefined>>>;

/** The trimmed value of a setting; null when it is unset or blank. */
export function nonEmpty(text: string | undefined): string | null {
  return text === undefined || text.trim() === "" ? null : text.trim();
}

/**
 * Returns true if the app runs under Core Tools or the local host, which set this variable (host-level documentation).
 */
export function isDeveloperMachine(environment: Environment): boolean {
  return environment["AZURE_FUNCTIONS_ENVIRONMENT"] === "Development";
}
