/** Reads the variables that azd passes to a hook. Throws with the names of all that are missing. */
export function readVariables<Name extends string>(
  environment: Record<string, string | undefined>,
  names: readonly Name[],
): Record<Name, string> {
  const missing = names.filter((name) => (environment[name] ?? "") === "");
  if (missing.length > 0) {
    throw new Error(
      `Cannot run the hook because azd did not pass ${missing.join(", ")}: run "azd provision -C infra" first`,
    );
  }
  return Object.fromEntries(names.map((name) => [name, environment[name]])) as Record<Name, string>; // none is missing
}
