import { join } from "node:path";
import { lint, predict } from "./bicep.ts";
import { projectProblems } from "./azd-project.ts";
import type { Resource } from "./bicep.ts";
import type { Deployment } from "./deployments.ts";
import { policyProblems } from "./policies.ts";
import { alertProblems } from "./alerts/alert-policies.ts";
import { workbookProblems } from "./alerts/workbook-policies.ts";
import { queryProblems } from "./queries/query-problems.ts";
import { settingsProblems } from "./app-settings.ts";
import { grantProblems } from "./granted-pairs.ts";

/**
 * Checks the templates of `directory`, and returns one sentence per problem. `only`: the deployments to predict; a seeded
 * fault needs only the one that it affects.
 */
export async function infraProblems(
  directory: string,
  only: readonly Deployment[],
): Promise<string[]> {
  const problems = [...(await projectProblems(directory)), ...queryProblems(directory)];
  for (const name of only) {
    const predicted = await predictOrFail(join(directory, "snapshots", `${name}.bicepparam`));
    problems.push(
      ...(typeof predicted === "string"
        ? [predicted]
        : deploymentProblems(name, predicted, directory)),
    );
  }
  return problems;
}

/** One sentence per problem of a deployment that was predicted from the templates in `directory`. */
export function deploymentProblems(
  name: Deployment,
  predicted: readonly Resource[],
  directory: string,
): string[] {
  return [
    ...policyProblems(predicted),
    ...alertProblems(predicted, directory),
    ...workbookProblems(predicted, directory),
    ...settingsProblems(predicted, name === "routes"),
    ...grantProblems(predicted),
  ];
}

/** The lines that the linter prints about `main.bicep` and `events.bicep`, and with them about every module they use. */
export async function lintProblems(directory: string): Promise<string[]> {
  const results = [];
  for (const file of ["main.bicep", "events.bicep"])
    results.push(...(await lint(join(directory, file))));
  return results;
}

async function predictOrFail(parameters: string): Promise<Resource[] | string> {
  try {
    return (await predict(parameters)).predictedResources;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
