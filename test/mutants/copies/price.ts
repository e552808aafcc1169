import type { Mutant } from "../mutant.ts";

const sendStart = "src/activities/starting/send-start.ts";
const quickCopies = "test/e2e/copies/quick-copies.test.ts";

/* Mistakes that raise the cost of a copy: in connections, pipelines and memory. */

export const priceMutants: readonly Mutant[] = [
  {
    breaks: "a small copy that is pending for a moment needs a timer",
    file: sendStart,
    find: "(plan.source.length ?? Infinity) <= maxQuickBytes",
    replace: "(plan.source.length ?? Infinity) < maxQuickBytes",
    suites: [quickCopies],
  },
  {
    breaks: "the start of a long copy reads a status that cannot be final yet",
    file: sendStart,
    find: "const maxQuickBytes = 4 * 1024 * 1024;",
    replace: "const maxQuickBytes = 4 * 1024 * 1024 + 1;",
    suites: [quickCopies],
  },
  {
    breaks: "a small copy that has failed when its start reads it is read again",
    file: sendStart,
    find: "status !== null && isFinal(status) ? status : isPending ? pending : null",
    replace: "isPending ? pending : status !== null && isFinal(status) ? status : null",
    suites: [quickCopies],
  },
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
