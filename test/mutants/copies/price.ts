import type { Mutant } from "../mutant.ts";

/* Mistakes that raise the cost of a copy: in connections, pipelines and memory. */

export const priceMutants: readonly Mutant[] = [
  {
    breaks: "each call of the SDK builds a new pipeline",
    file: "src/storage/pipeline.ts",
    find: "pipelines.set(endpoint.account, calls);",
    replace: "",
    suites: ["test/contract/storage/kept-pipelines.test.ts"],
  },
  {
    breaks: "the pipeline of every account is kept forever",
    file: "src/storage/pipeline.ts",
    find: "pipelines.size > maxAccounts &&",
    replace: "pipelines.size > 10 * maxAccounts &&",
    suites: ["test/contract/storage/kept-pipelines.test.ts"],
  },
  {
    breaks: "each call to the emulator has a new credential",
    file: "src/storage/credentials.ts",
    find: "keys.set(account, key);",
    replace: "",
    suites: ["test/contract/storage/kept-pipelines.test.ts"],
  },
  {
    breaks: "an error of HEAD closes the client's connection",
    file: "src/local/storage/server/send-response.ts",
    find: 'method === "HEAD" && !outgoing.hasHeader("Content-Length")',
    replace: "false",
    suites: ["test/contract/emulator/clients/recorded.test.ts"],
  },
  {
    breaks: "the histories of completed instances stay in memory",
    file: "src/local/durable/hub/hub-instances.ts",
    find: "if (isFinal(status)) cache",
    replace: 'if (isFinal(status) && name === "") cache',
    suites: ["test/unit/local/durable-task-hub.test.ts"],
  },
];
