import type { Mutant } from "../mutant.ts";

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
];
