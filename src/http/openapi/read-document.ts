import { readFile } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/**
 * Returns the text of `openapi.json`, which is next to this file, and in the deployed package next to the bundle. Each
 * call reads the file, because few callers ask for it, and a document in memory would cost every start 3 MB.
 */
export function readDocument(): Promise<string> {
  return promisify(readFile)(join(import.meta.dirname, "openapi.json"), "utf8");
}
