import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * The folder of Node's compile cache (node:module, `NODE_COMPILE_CACHE`). With it, a process needs less than half of
 * the time to load its libraries.
 */
export const compileCache = join(tmpdir(), "ferry-compile-cache");
