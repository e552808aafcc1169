import { join } from "node:path";
import { rolldown } from "rolldown";
import type { OutputChunk } from "rolldown";
import { lateEntries, lateModulesPlugin } from "./late-modules.ts";

/** Colors for terminals. `debug` uses this library if it is installed, and only development installs it. */
const absent = ["supports-color"];

/** A file of the package: its name, its code, and the modules in it. */
export type BundledFile = { name: string; code: string; modules: readonly string[] };

/**
 * Bundles the app with its libraries, except for `@azure/functions-core`, which the Functions host supplies. The format
 * is CommonJS because importing `node:http` as an ES module reads all of its exports, which loads the built-in `fetch`
 * (14 MB). Functions and classes keep their names, so that stack traces in the log remain readable.
 */
export async function bundle(root: string): Promise<BundledFile[]> {
  const build = await rolldown({
    cwd: root,
    input: { main: join(root, "src/main.ts"), ...lateEntries },
    platform: "node",
    external: ["@azure/functions-core", ...absent],
    plugins: [lateModulesPlugin()],
    tsconfig: false,
    logLevel: "warn",
  });
  const { output } = await build.generate({
    format: "cjs",
    entryFileNames: "[name].cjs",
    chunkFileNames: "[name]-[hash].cjs",
    minify: {
      compress: true,
      mangle: { keepNames: { function: true, class: true } },
      codegen: { removeWhitespace: true },
    },
    comments: false,
  });
  await build.close();
  return output
    .filter((file): file is OutputChunk => file.type === "chunk")
    .map(({ fileName, code, moduleIds }) => ({
      name: fileName,
      code: asciiOnly(code),
      modules: moduleIds,
    }));
}

/** Escapes other characters, because one outside Latin-1 makes Node store the whole file with two bytes per character. */
function asciiOnly(code: string): string {
  return code.replace(
    /[^\t\n\r -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
