import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { checkPackage } from "./check-package.ts";
import { readVariables } from "./environment.ts";

/* Runs after the package is built and before it is deployed. */

const { FERRY_BACKEND: backend } = readVariables(process.env, ["FERRY_BACKEND"]);
const hostJson = join(import.meta.dirname, "../../dist/package/host.json");
checkPackage(await readFile(hostJson, "utf8"), backend);
