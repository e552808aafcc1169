import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zipSync } from "fflate";
import type { Zippable } from "fflate";
import { bundle } from "./bundle.ts";
import type { BundledFile } from "./bundle.ts";
import { bundlePage } from "./bundle-page.ts";
import { hostJsonFor } from "./host-json.ts";
import type { Backend } from "./host-json.ts";

export type PackageOptions = {
  /** The project's folder. */
  root: string;
  backend: Backend;
  /** The folder for `package/` and `ferry.zip`. */
  output: string;
};

export type BuiltPackage = {
  directory: string;
  zip: string;
  zipBytes: number;
  /** The files of the bundle, with the modules in each. */
  bundled: readonly BundledFile[];
  /** The files of the dashboard's page. */
  page: readonly string[];
};

/** The package has no other fields: the Functions host reads `main` and `type`, and people read the rest. */
type PackageJson = { name: string; version: string; engines: { node: string } };

/** The first moment that a zip file can record, so that equal content makes equal files. */
const fixedTime = new Date(1980, 0, 1);

/**
 * Builds the deployment package: the same files as a folder, for azd, and as a zip file. Replaces an earlier package.
 */
export async function buildPackage({
  root,
  backend,
  output,
}: PackageOptions): Promise<BuiltPackage> {
  const bundled = await bundle(root);
  const page = await bundlePage(root);
  const read = (name: string) => readFile(join(root, name), "utf8");
  const { name, version, engines } = JSON.parse(await read("package.json")) as PackageJson; // this project's own
  const about = { name, version, type: "commonjs", main: "main.cjs", engines };
  const files = new Map([
    ["host.json", hostJsonFor(backend, await read("host.json"))],
    ["package.json", `${JSON.stringify(about, null, 2)}\n`],
    ["openapi.json", JSON.stringify(JSON.parse(await read("src/http/openapi/openapi.json")))],
    ...bundled.map(({ name, code }): [string, string] => [name, code]),
    ...page.map(({ name, text }): [string, string] => [name, text]),
  ]);

  const directory = join(output, "package");
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  for (const [file, text] of files) await writeFile(join(directory, file), text);
  const zip = join(output, "ferry.zip");
  const content = zipped(files);
  await writeFile(zip, content);
  return { directory, zip, zipBytes: content.length, bundled, page: page.map(({ name }) => name) };
}

function zipped(files: ReadonlyMap<string, string>): Uint8Array {
  const sorted = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const content: Zippable = Object.fromEntries(
    sorted.map(([file, text]) => [file, new TextEncoder().encode(text)]),
  );
  return zipSync(content, { level: 9, mtime: fixedTime });
}
