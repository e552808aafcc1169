import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";

const root = join(import.meta.dirname, "../..");

/** The inputs of a package, apart from node_modules. */
const parts = ["src", "infra", "host.json", "package.json", "package-lock.json", "tsconfig.json"];

/** Development dependencies that build the package. */
const builders = ["node_modules/rolldown", "node_modules/fflate"];

/**
 * Builds the package of an earlier commit into `folder`, so that a test can upgrade from it while copies run. Uses
 * node_modules as installed, and fetches the commit if the clone is shallow. Throws if the commit needs other versions of the packages.
 */
export function rebuildPackage(commit: string, folder: string): void {
  const copy = mkdtempSync(join(tmpdir(), "ferry-rebuild-"));
  try {
    fetchIfMissing(commit);
    const archive = execFileSync("git", ["archive", commit, ...parts], {
      cwd: root,
      maxBuffer: 256 * 1024 * 1024,
    });
    execFileSync("tar", ["-x", "-C", copy], { input: archive });
    const changed = changedPackages(copy);
    if (changed.length > 0) {
      throw new Error(
        `Cannot build the package of ${commit} with the installed packages because it needs other versions: ${changed.join(", ")}. Check the commit out, and run npm ci and npm run package`,
      );
    }
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    execFileSync(process.execPath, ["infra/package/main.ts"], { cwd: copy });
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(dirname(folder), { recursive: true });
    execFileSync("cp", ["-R", join(copy, "dist/package"), folder]);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** A shallow clone has no earlier commit. */
function fetchIfMissing(commit: string): void {
  const git = (...options: string[]) => spawnSync("git", options, { cwd: root, encoding: "utf8" });
  if (git("cat-file", "-e", `${commit}^{commit}`).status === 0) return;
  const { status, stderr } = git("fetch", "--quiet", "--depth=1", "origin", commit);
  if (status !== 0) throw new Error(`Cannot fetch the commit ${commit} from origin: ${stderr}`);
}

/** The production and build dependencies that differ between two checkouts. */
function changedPackages(other: string): string[] {
  const before = usedPackages(other);
  const after = usedPackages(root);
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => !isDeepStrictEqual(before[name], after[name]),
  );
}

function usedPackages(project: string): Record<string, string> {
  const lock = JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version?: string; dev?: boolean; devOptional?: boolean }>;
  }; // the format of npm 7 and later
  return Object.fromEntries(
    Object.entries(lock.packages).flatMap(([name, { version, dev, devOptional }]) => {
      const isUsed =
        name !== "" && ((dev !== true && devOptional !== true) || builders.includes(name));
      return isUsed && version !== undefined ? [[name, version]] : [];
    }),
  );
}

if (import.meta.main) {
  const [commit, folder] = process.argv.slice(2);
  if (commit === undefined || folder === undefined) {
    console.error("Usage: node test/package/rebuild.ts <commit> <folder>");
    process.exit(1);
  }
  rebuildPackage(commit, resolve(folder));
  console.log(`Built the package of ${commit} in ${folder}`);
}
