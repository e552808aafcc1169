import type { Mutant } from "../mutant.ts";

const refusals = "test/contract/storage/jobs/job-storage-refusals.test.ts";
const identity = "test/contract/storage/jobs/job-storage-identity.test.ts";
const authorization = "test/contract/storage/jobs/source-authorization.test.ts";
const suite = "test/contract/storage/jobs/job-storage-emulator.test.ts";
const fromUrl = "test/contract/emulator/copies/copy-from-url.test.ts";
const promises = "test/contract/storage/suite-emulator.test.ts";

export const jobStorageMutants: readonly Mutant[] = [
  {
    breaks: "a job's start overwrites a blob that was created after the plan",
    file: "src/storage/jobs/job-starts.ts",
    find: 'if (destination.kind === "absent") return { ifNoneMatch: "*" };',
    replace: 'if (destination.kind === "absent") return {};',
    suites: [suite],
  },
  {
    breaks: "a job's start overwrites content that was written after the plan",
    file: "src/storage/jobs/job-starts.ts",
    find: "{ ifMatch: quoted(destination.etag) } : {};",
    replace: "{} : {};",
    suites: [suite],
  },
  {
    breaks: "a job's start copies different content than was planned",
    file: "src/storage/jobs/job-starts.ts",
    find: "ifMatch: quoted(conditions.sourceEtag),",
    replace: "",
    suites: [suite],
  },
  {
    breaks: "a job removes a blob that another writer wrote",
    file: "src/storage/jobs/create-job-storage.ts",
    find: "const conditions = { ifMatch: quoted(order.etag) };",
    replace: "const conditions = {};",
    suites: [suite],
  },
  {
    breaks: "a job believes that a start with a lost response did nothing",
    file: "src/storage/jobs/outcomes.ts",
    find: "mayHaveStarted: !isDefiniteRefusal(response) && !isUnverified(response)",
    replace: "mayHaveStarted: isDefiniteRefusal(response) && isUnverified(response)",
    suites: [refusals],
  },
  {
    breaks: "a busy source account does not slow a job down",
    file: "src/storage/jobs/outcomes.ts",
    find: 'sourceCode === "ServerBusy"',
    replace: 'sourceCode === "InternalError"',
    suites: [refusals],
  },
  {
    breaks: "a source's 412 is not recognized as a changed source",
    file: "src/copy/decisions/storage-errors.ts",
    find: '[start, 412, unverified, "source-changed", "the source changed"],',
    replace: "",
    suites: [refusals],
  },
  {
    breaks: "a listing returns the SAS of a copy's source",
    file: "src/storage/jobs/listed-blob.ts",
    find: "{ ...copy, source: withoutSecrets(copy.source) }",
    replace: "{ ...copy, source: withoutSecrets(copy.source) && copy.source }",
    suites: [suite],
  },
  {
    breaks: "a SAS of a job's destination counts as access to its source",
    file: "src/storage/jobs/source-authorization.ts",
    find: 'access.kind === "identity" && origin',
    replace: 'access.kind !== "anonymous" && origin',
    suites: [identity],
  },
  {
    breaks: "a job sends the app's token to a host outside Storage",
    file: "src/storage/jobs/source-authorization.ts",
    find: "credentialOf(destination);",
    replace: "blobOf(destination);",
    suites: [authorization],
  },
  {
    breaks: "a job gets a delegation key for each hour",
    file: "src/storage/jobs/source-authorization.ts",
    find: "parseTime(known) - now >= minSasMs",
    replace: "parseTime(known) - now >= 2 * minSasMs",
    suites: [identity],
  },
  {
    breaks: "copies that start at the same time each get a token",
    file: "src/storage/jobs/source-authorization.ts",
    find: "    tokens.set(credential, next);\n",
    replace: "    void next.then(() => tokens.set(credential, next));\n",
    suites: [authorization],
  },
  {
    breaks: "the emulator's Copy Blob From URL reads a source with the access to its destination",
    file: "src/local/storage/copies/copy-source.ts",
    find: '    reading.by === "destination" &&\n',
    replace: "",
    suites: [promises],
  },
  {
    breaks: "the emulator's Copy Blob From URL copies more than 256 MiB",
    file: "src/local/storage/copies/copy-from-url.ts",
    find: "object.length > maxSourceBytes",
    replace: "object.length > 2 * maxSourceBytes",
    suites: [promises],
  },
  {
    breaks: "the emulator's Copy Blob From URL copies tags that the SAS does not permit reading",
    file: "src/local/storage/copies/copy-source.ts",
    find: 'if (reading.by === "url" && reading.withTags) {',
    replace: 'if (reading.by === "url" && reading.withTags && !hasSas) {',
    suites: [fromUrl],
  },
];
