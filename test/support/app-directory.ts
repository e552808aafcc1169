import { resolve } from "node:path";

/**
 * The folder of the app that the suites run: the project, with the output of `tsc`, or the folder in APP_DIRECTORY,
 * such as an unpacked package (test/package/run.ts).
 */
export const appDirectory = resolve(process.env["APP_DIRECTORY"] ?? process.cwd());
