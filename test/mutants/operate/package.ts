import type { Mutant } from "../mutant.ts";

const settings = "test/unit/settings/settings.test.ts";
const packaged = "test/contract/package/package.test.ts";

/** Mistakes in the deployment: the package, its host.json, and who may call the API. */
export const packageMutants: readonly Mutant[] = [
  {
    breaks: "the API is open to every caller when COPY_AUTH is entra and sign-in is off",
    file: "src/settings/settings.ts",
    find: "else if (!hasSignIn) {",
    replace: 'else if (!hasSignIn && value !== "entra") {',
    suites: [settings],
  },
  {
    breaks: "the API is open to every caller when COPY_AUTH is keys",
    file: "src/app.ts",
    find: 'authLevel: needsSignIn ? "anonymous" : "function",',
    replace: 'authLevel: needsSignIn ? "function" : "anonymous",',
    suites: [packaged],
  },
  {
    breaks: "a package for Durable Task Scheduler keeps its task hub in Azure Storage",
    file: "infra/package/host-json.ts",
    find: "durableTask: { ...durableTask, storageProvider: schedulerProvider }",
    replace: "durableTask: { storageProvider: schedulerProvider, ...durableTask }",
    suites: [packaged],
  },
  {
    breaks: "two builds of the same sources differ",
    file: "infra/package/build-package.ts",
    find: "mtime: fixedTime",
    replace: "mtime: fixedTime.getTime() + (performance.now() % 100) * 86_400_000",
    suites: [packaged],
  },
  {
    breaks: "the package depends on a library that only development installs",
    file: "infra/package/bundle.ts",
    find: 'external: ["@azure/functions-core", ...absent],',
    replace: 'external: ["@azure/functions-core"],',
    suites: [packaged],
  },
  {
    breaks: "the app loads the identity library when it starts",
    file: "src/storage/app-identity.ts",
    find: 'import type { TokenCredential } from "@azure/identity";',
    replace: 'import type { TokenCredential } from "@azure/identity";\nimport "@azure/identity";',
    suites: [packaged],
  },
  {
    breaks: "an app may load two copies of @azure/functions",
    file: "src/local/host/worker/functions-core.ts",
    find: "if (loading?.libraryVersion !== undefined) {",
    replace: 'if (loading?.libraryVersion === "") {',
    suites: ["test/contract/host/start.test.ts"],
  },
];
