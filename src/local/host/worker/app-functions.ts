import type { Binding, FunctionMetadata, FunctionsApp } from "./functions-core.ts";

/** A registered function and its trigger binding. */
export type AppFunction = { name: string; trigger: Binding; metadata: FunctionMetadata };

const triggers = [
  "httpTrigger",
  "eventGridTrigger",
  "timerTrigger",
  "queueTrigger",
  "orchestrationTrigger",
  "activityTrigger",
];
const inputs = ["durableClient", "orchestrationClient"];
const outputs = ["http"];

/**
 * Returns the app's functions with their triggers, except those that a setting disables. Throws one error that names
 * every function that uses unimplemented features, because otherwise such a function would silently never run.
 */
export function appFunctions(
  app: FunctionsApp,
  environment: Readonly<Record<string, string | undefined>>,
): AppFunction[] {
  const problems: string[] = [];
  const functions: AppFunction[] = [];
  for (const { metadata } of app.functions.values()) {
    const bindings = Object.values(metadata.bindings);
    const trigger = bindings.find(({ type }) => /trigger$/i.test(type));
    if (isDisabled(metadata.name, environment)) continue;
    const unknown = bindings.filter((binding) => !isKnown(binding)).map(({ type }) => type);
    if (metadata.retryOptions !== undefined) unknown.push("retry policy");
    if (trigger === undefined) problems.push(`"${metadata.name}" has no trigger`);
    else if (unknown.length > 0) {
      problems.push(`"${metadata.name}" uses ${unknown.join(", ")}, which is not implemented`);
    } else functions.push({ name: metadata.name, trigger, metadata });
  }
  if (problems.length > 0) {
    throw new Error(
      `Cannot start the app because not all its functions can run: ${problems.join("; ")}`,
    );
  }
  return functions;
}

/** Returns the functions with a trigger of `type`, case-insensitive. */
export function withTrigger(functions: readonly AppFunction[], type: string): AppFunction[] {
  return functions.filter(({ trigger }) => trigger.type.toLowerCase() === type.toLowerCase());
}

/** "How to disable functions": `AzureWebJobs.<name>.Disabled`, with underscores on Linux. */
function isDisabled(name: string, environment: Readonly<Record<string, string | undefined>>) {
  const setting =
    environment[`AzureWebJobs.${name}.Disabled`] ?? environment[`AzureWebJobs_${name}_Disabled`];
  return /^(true|1)$/i.test(setting ?? "");
}

function isKnown({ type, direction }: Binding): boolean {
  const known = direction === "in" ? [...triggers, ...inputs] : outputs;
  return known.some((name) => name.toLowerCase() === type.toLowerCase());
}
