import { join, relative } from "node:path";
import { buildPackage } from "./build-package.ts";
import { parseBackend } from "./host-json.ts";

/* `npm run package`: builds dist/package and dist/ferry.zip. FERRY_BACKEND chooses the task hub of its host.json. */

const root = join(import.meta.dirname, "../..");
const backend = parseBackend(process.env["FERRY_BACKEND"]);
const built = await buildPackage({ root, backend, output: join(root, "dist") });
const kilobytes = Math.ceil(built.zipBytes / 1_000);
console.log(
  `Built ${relative(root, built.directory)} and ${relative(root, built.zip)} (${kilobytes} kB) for the task hub "${backend}"`,
);
