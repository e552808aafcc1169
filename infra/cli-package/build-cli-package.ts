import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";

export type CliPackage = {
  /** The file that npm installs. */
  tarball: string;
  /** The paths of the modules in it. */
  modules: readonly string[];
};

type PackageJson = { name: string; version: string; license?: string; engines: { node: string } };

/**
 * Builds the command line as a package that npm can install from a file: one script, which contains its libraries, so
 * that the installation downloads nothing. `output`: the folder for the file.
 */
export async function buildCliPackage(root: string, output: string): Promise<CliPackage> {
  const { code, modules } = await bundleCli(root);
  const { version, engines } = await readPackageJson(root);
  const about = {
    name: "ferry-cli",
    version,
    description: "The command line of Ferry: durable copies in Azure Storage",
    private: true, // it is never published
    type: "module",
    bin: { ferry: "dist/cli/main.js" },
    engines,
  };
  const folder = await mkdtemp(join(tmpdir(), "ferry-cli-"));
  try {
    await mkdir(join(folder, "dist/cli"), { recursive: true });
    await writeFile(join(folder, "package.json"), `${JSON.stringify(about, null, 2)}\n`);
    await writeFile(join(folder, "dist/cli/main.js"), code, { mode: 0o755 });
    await writeFile(join(folder, "NOTICES.txt"), await describeLicenses(modules));
    await writeFile(join(folder, "README.md"), await readFile(join(root, "src/cli/README.md")));
    await mkdir(output, { recursive: true });
    execFileSync("npm", ["pack", folder, "--pack-destination", output, "--silent"], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  } finally {
    await rm(folder, { recursive: true });
  }
  return { tarball: join(output, `ferry-cli-${version}.tgz`), modules };
}

/** Bundles the command line, with the libraries that it uses, into one script. */
export async function bundleCli(root: string): Promise<{ code: string; modules: string[] }> {
  const build = await rolldown({
    cwd: root,
    input: join(root, "src/cli/main.ts"),
    platform: "node",
    tsconfig: false,
    logLevel: "warn",
  });
  const { output } = await build.generate({ format: "esm", codeSplitting: false });
  await build.close();
  const [{ code, moduleIds }] = output;
  return { code, modules: moduleIds };
}

/** The libraries of the bundle, with their licenses. */
async function describeLicenses(modules: readonly string[]): Promise<string> {
  const folders = new Set(
    modules.flatMap((path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const notices: string[] = [];
  for (const folder of [...folders].toSorted()) {
    const { name, version, license } = await readPackageJson(folder);
    const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
    const text = file === undefined ? "" : `\n${await readFile(join(folder, file), "utf8")}`;
    notices.push(`${name} ${version}: ${license}\n${text}`);
  }
  return `This package contains these libraries:\n\n${notices.join("\n")}`;
}

async function readPackageJson(folder: string): Promise<PackageJson> {
  // npm requires the fields.
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as PackageJson;
}
