import type { Mutant } from "../mutant.ts";

const places = "test/unit/jobs/places.test.ts";
const damaged = "test/e2e/jobs/damaged-blobs.test.ts";
const select = "test/unit/jobs/select.test.ts";
const planObjects = "test/unit/jobs/plan-objects.test.ts";
const selection = "test/contract/jobs/selection.test.ts";
const globs = "test/unit/copy/routing/glob.test.ts";
const strangeSettings = "test/unit/settings/strange-settings.test.ts";
const access = "test/unit/jobs/job-access.test.ts";

/** Guards of a job's request: its places and its globs. */
export const jobRequestMutants: readonly Mutant[] = [
  {
    breaks: "a pair for a folder named x lets a job read and write the folder around it",
    file: "src/copy/routing/copy-access.ts",
    find: "isFolder(source) && isFolder(destination) ? findPairs(policy, folders) : noFolder",
    replace:
      "isFolder(source) && isFolder(destination) ? findPairs(policy, { source: inside(source), destination: inside(destination) }) : noFolder",
    suites: [access],
  },
  {
    breaks: "a pair for a folder named x lets a report be written to the folder around it",
    file: "src/jobs/request/job-access.ts",
    find: "destination: folderOf(report) };",
    replace: "destination: blobIn(report, `${report.prefix}x`) };",
    suites: [access],
  },
  {
    breaks: "a job may write into the source of a route whose names begin with a slash",
    file: "src/jobs/request/job-access.ts",
    find: '.replace(/\\/+/g, "/").replace(/^\\//, "")',
    replace: '.replace(/\\/+/g, "/")',
    suites: [access],
  },
  {
    breaks: "one small request can have globs that occupy the process for minutes",
    file: "src/jobs/request/job-request.ts",
    find: "if (globSize > maxGlobSize) {",
    replace: "if (globSize > 1_000 * maxGlobSize) {",
    suites: [select],
  },
  {
    breaks: "a glob's alternatives are written out, however long they are",
    file: "src/copy/routing/glob.ts",
    find: "return size <= maxGlobSize\n",
    replace: "return size <= 1_000 * maxGlobSize\n",
    suites: [globs],
  },
  {
    breaks: "a selection occupies the process until it is done",
    file: "src/jobs/request/select.ts",
    find: "if (steps > maxStepsAtOnce) {",
    replace: "if (steps > 1_000 * maxStepsAtOnce) {",
    suites: [select],
  },
  {
    breaks: "a selection continues when the time of its run is over",
    file: "src/activities/jobs/plan-page.ts",
    find: "return deps.now() < until;",
    replace: "return deps.now() > 0;",
    suites: [selection],
  },
  {
    breaks: "the planning of a page's objects continues when its time is over",
    file: "src/activities/jobs/plan-page.ts",
    find: "if (objects === null) return goOn;",
    replace: "if (objects === null) return await planPage(run, start);",
    suites: [selection],
  },
  {
    breaks: "a page whose listings take the whole time of a run is never planned",
    file: "src/activities/jobs/plan-page.ts",
    find: "latest(run.until, plusMs(deps.now(), maxPlanningMs))",
    replace: "latest(run.until, plusMs(run.until, -maxPlanningMs))",
    suites: [selection],
  },
  {
    breaks: "the process does no other work while the objects of a page are planned",
    file: "src/jobs/decisions/plan-objects.ts",
    find: "if (steps > maxStepsAtOnce) {",
    replace: "if (steps > 1_000 * maxStepsAtOnce) {",
    suites: [planObjects],
  },
  {
    breaks: "a job that is aborted lists its source to the end of the page",
    file: "src/activities/jobs/plan-page.ts",
    find: 'return record?.wanted === "run" &&',
    replace: "return record !== null &&",
    suites: [selection],
  },
  {
    breaks: "a SAS that is pasted as a glob is stored and returned",
    file: "src/copy/routing/glob.ts",
    find: "if (hasSignature(text)) return",
    replace: 'if (hasSignature(text) && text === "") return',
    suites: [globs],
  },
  {
    breaks: "a URL that is pasted as a glob is stored and returned",
    file: "src/copy/routing/glob.ts",
    find: 'if (text.includes("://")) return',
    replace: 'if (text.startsWith("://")) return',
    suites: [globs],
  },
  {
    breaks: "the start of a route ends in the middle of a character, and the app does not start",
    file: "src/copy/routing/glob.ts",
    find: '.slice(0, length).replace(/\\p{Surrogate}$/u, "")',
    replace: ".slice(0, length)",
    suites: [globs],
  },
  {
    breaks: "a glob with half of a character is accepted",
    file: "src/copy/routing/glob.ts",
    find: "if (damaged !== null) return rejected(damaged);",
    replace: 'if (damaged !== null && text === "") return rejected(damaged);',
    suites: [select],
  },
  {
    breaks:
      "half of a character in the prefix or the suffix of a route stops the app without a problem",
    file: "src/copy/routing/routes.ts",
    find: 'return problem === null ? text : "";',
    replace: "return text;",
    suites: [strangeSettings],
  },
  {
    breaks: "a route's name that is not a text stops the app without a problem",
    file: "src/copy/routing/routes.ts",
    find: '    .filter((name) => typeof name === "string");',
    replace: "    .map(String);",
    suites: [strangeSettings],
  },
  {
    breaks: "a long list of routes with many problems stops the app without a problem",
    file: "src/settings/settings.ts",
    find: "for (const problem of parsed.problems) problems.push(`COPY_ROUTES ${problem}`);",
    replace: "problems.push(...parsed.problems.map((problem) => `COPY_ROUTES ${problem}`));",
    suites: [strangeSettings],
  },
  {
    breaks: "a state of a glob does not pass from one word of states to the next",
    file: "src/copy/routing/glob-matcher.ts",
    find: "skippedFolders = (outside >>> 31) | (outside >>> 30);",
    replace: "skippedFolders = outside >>> 31;",
    suites: [globs],
  },
  {
    breaks: "a raw blank at the end of a job's place becomes part of a folder's name",
    file: "src/jobs/request/places.ts",
    find: 'query === "" ? characterProblems(text) : []',
    replace: 'text === "" ? characterProblems(text) : []',
    suites: [places],
  },
  {
    breaks: "an encoded slash at the end of a job's place names another folder",
    file: "src/jobs/request/places.ts",
    find: "const endsWithSlash = /(?:\\/|%2f)$/i;",
    replace: "const endsWithSlash = /\\/$/;",
    suites: [places],
  },
  {
    breaks: "a request may name a blob in $root that Storage cannot have",
    file: "src/copy/location/storage-names.ts",
    find: 'return container === "$root" && path.includes("/")',
    replace: 'return container === "$root" && path === "/"',
    suites: [places],
  },
  {
    breaks: "a job into $root calls Storage for names that it cannot have",
    file: "src/copy/location/parse-endpoint.ts",
    find: "[...blobNameProblems(path), ...rootNameProblems(endpoint.container, path)]",
    replace: "[...blobNameProblems(path)]",
    suites: [places],
  },
  {
    breaks: "a report is written to a folder in $root",
    file: "src/jobs/request/job-request.ts",
    find: 'report.place.container.container === "$root"',
    replace: 'report.place.container.container === "$roots"',
    suites: [places],
  },
  {
    breaks: "a damaged list of active jobs stops the watchdog",
    file: "src/triggers/timers/watch-jobs.ts",
    find: "if (!(error instanceof LedgerError)) throw error;\n    context.error(`Cannot check the jobs",
    replace:
      "if (!(error instanceof LedgerError) || error.name !== undefined) throw error;\n    context.error(`Cannot check the jobs",
    suites: [damaged],
  },
  {
    breaks: "a stored blob with another shape is used",
    file: "src/ledger/conditional-blobs.ts",
    find: "if (json === undefined || isShape?.(json) === false) {",
    replace: "if (json === undefined) {",
    suites: [damaged],
  },
  {
    breaks: "a job that a simultaneous request has created is started and answered again",
    file: "src/triggers/http/jobs/start-job.ts",
    find: "if (existing !== null) return await respondAgain(existing);",
    replace: "if (existing === null) return await respondAgain(record);",
    suites: ["test/e2e/jobs/orders.test.ts"],
  },
  {
    breaks: "the start of a job fails if its orchestration has already ended",
    file: "src/instances/start-job-instance.ts",
    find: 'if ((await readJobExecution(client, instanceId)) !== "missing") return;',
    replace: 'if ((await readJobExecution(client, instanceId)) === "running") return;',
    suites: ["test/contract/instances/start-job-instance.test.ts"],
  },
];
