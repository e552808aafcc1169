import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { root } from "../extension/support/processes/paths.ts";

const hook = z.strictObject({ run: z.string(), shell: z.literal("sh").optional() });

/** The keys of azure.yaml that Ferry uses, with the values that it needs. azd's own schema ignores unknown keys. */
const azureYaml = z.strictObject({
  name: z.literal("ferry"),
  metadata: z.strictObject({ template: z.string() }),
  requiredVersions: z.strictObject({ azd: z.string().regex(/^>= \d+\.\d+\.\d+$/) }),
  infra: z.strictObject({
    provider: z.literal("bicep"),
    path: z.literal("."),
    module: z.literal("main"),
  }),
  services: z.strictObject({
    ferry: z.strictObject({
      project: z.literal(".."),
      language: z.literal("js"),
      host: z.literal("function"),
      dist: z.literal("dist/package"),
      remoteBuild: z.literal(false),
      hooks: z.strictObject({ prepackage: hook }),
    }),
  }),
  hooks: z.strictObject({ postprovision: hook, predeploy: hook, postdeploy: hook }),
});

/**
 * Checks the other files that azd reads: azure.yaml, its parameters and its hooks. Returns one sentence per problem.
 */
export async function projectProblems(directory: string): Promise<string[]> {
  return [
    ...yamlProblems(directory),
    ...parameterProblems(directory),
    ...templateProblems(directory),
  ];
}

function yamlProblems(directory: string): string[] {
  const parsed = azureYaml.safeParse(parse(readFileSync(join(directory, "azure.yaml"), "utf8")));
  if (!parsed.success) {
    return parsed.error.issues.map(
      ({ path, message }) => `azure.yaml: ${path.join(".")}: ${message}`,
    );
  }
  const scripts = Object.values(parsed.data.hooks).map(({ run }) => run);
  const app = readFileSync(join(directory, "modules/app.bicep"), "utf8");
  const service = /'azd-service-name': '(\w+)'/.exec(app)?.[1] ?? "";
  return [
    ...scripts
      .filter((script) => !existsSync(join(directory, script)))
      .map((script) => `azure.yaml: the hook ${script} does not exist`),
    ...(service in parsed.data.services
      ? []
      : [`azure.yaml has no service "${service}", the tag azd-service-name of the app`]),
  ];
}

/** main.parameters.json fills parameters of main.bicep from the variables of an azd environment. */
function parameterProblems(directory: string): string[] {
  const text = readFileSync(join(directory, "main.parameters.json"), "utf8");
  const { parameters } = JSON.parse(text) as { parameters: Record<string, { value: unknown }> };
  const declared = [
    ...readFileSync(join(directory, "main.bicep"), "utf8").matchAll(/^param (\w+)/gm),
  ].map(([, name]) => name ?? "");
  const readme = readFileSync(join(root, "infra/README.md"), "utf8");
  const variables = [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name ?? "");
  return [
    ...Object.keys(parameters)
      .filter((name) => !declared.includes(name))
      .map((name) => `main.parameters.json has ${name}, which main.bicep does not declare`),
    ...declared
      .filter((name) => !(name in parameters))
      .map((name) => `main.parameters.json does not set ${name} of main.bicep`),
    ...variables
      .filter((name) => !readme.includes(`\`${name}\``))
      .map((name) => `infra/README.md does not describe ${name} of main.parameters.json`),
  ];
}

/** Problems that no snapshot shows. */
function templateProblems(directory: string): string[] {
  const registered = readFileSync(join(root, "src/app.ts"), "utf8");
  return globSync("**/*.bicep", { cwd: directory }).flatMap((file) => {
    const text = readFileSync(join(directory, file), "utf8");
    const functions = [...text.matchAll(/\/functions\/(\w+)/g)].map(([, name]) => name ?? "");
    return [
      ...(/\blist[A-Z]\w*\(/.test(text) ? [`${basename(file)} reads keys`] : []),
      ...(/\bbr(\/\w+)?:/.test(text)
        ? [`${basename(file)} uses a module that cannot be checked offline`]
        : []),
      ...functions
        .filter((name) => !registered.includes(`"${name}"`))
        .map(
          (name) => `${basename(file)} names the function ${name}, which the app does not register`,
        ),
    ];
  });
}
