/** The message of ThrowIfFunctionDoesNotExist in DurableTaskExtension.cs. */
export function missingFunctionText(name: string, kind: "orchestrator" | "activity"): string {
  const article = kind === "activity" ? "an activity" : "an orchestrator";
  return `The function '${name}' doesn't exist, is disabled, or is not ${article} function`;
}

/** Finds a function name case-insensitively, like FunctionName.cs. */
export function findName(names: readonly string[], name: string): string | undefined {
  return names.find((known) => known.toLowerCase() === name.toLowerCase());
}
