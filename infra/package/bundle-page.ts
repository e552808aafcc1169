import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rolldown } from "rolldown";

/** A file of the dashboard's page. */
export type PageFile = { name: string; text: string };

/**
 * Bundles the dashboard's page for browsers: its script with its libraries, its styles in the order of their names, its
 * document and its icon.
 */
export async function bundlePage(root: string): Promise<PageFile[]> {
  const source = join(root, "src/dashboard/page");
  const build = await rolldown({
    cwd: root,
    input: join(source, "main.tsx"),
    platform: "browser",
    tsconfig: join(source, "tsconfig.json"),
    logLevel: "warn",
  });
  const { output } = await build.generate({ format: "esm", minify: true, comments: false });
  await build.close();
  const [script, ...others] = output;
  if (others.length > 0) throw new Error("Cannot bundle the page because it has several chunks");
  const styles = (await readdir(join(source, "style"))).toSorted();
  const read = (name: string) => readFile(join(source, name), "utf8");
  const css = await Promise.all(styles.map((name) => read(join("style", name))));
  return [
    { name: "page.html", text: await read("page.html") },
    { name: "icon.svg", text: await read("icon.svg") },
    { name: "page.css", text: withoutComments(css.join("")) },
    { name: "page.js", text: script.code },
  ];
}

function withoutComments(css: string): string {
  return css.replace(/\/\*.*?\*\//gs, "").replace(/\n\s*/g, "\n");
}

/* `npm run build` runs this after `tsc`: writes the page next to the function that serves it. */
if (import.meta.main) {
  const root = join(import.meta.dirname, "../..");
  const folder = join(root, "dist/dashboard");
  await mkdir(folder, { recursive: true });
  for (const { name, text } of await bundlePage(root)) await writeFile(join(folder, name), text);
}
