import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPackage } from "../../../infra/package/build-package.ts";
import { count, median, tableText } from "../table.ts";
import type { Table } from "../table.ts";

/*
 * Measures what bundling saves: the load time of the app in a new process, with its files in the page cache and
 * without, and the memory that it adds to Node. "Unbundled" is what `tsc` builds, with node_modules.
 */

const root = join(import.meta.dirname, "../../..");
const child = join(import.meta.dirname, "load-child.cjs");
const rounds = 9;

type Load = { ms: number; rss: number };

export async function measurePackage(): Promise<Table> {
  const output = mkdtempSync(join(tmpdir(), "ferry-package-"));
  try {
    const { directory, zipBytes } = await buildPackage({ root, backend: "storage", output });
    const apps = { unbundled: join(root, "dist/main.js"), package: join(directory, "main.cjs") };
    const files = { unbundled: filesOf(apps.unbundled), package: filesOf(apps.package) };
    const warm = repeat(apps, () => {});
    const node = median(Array.from({ length: rounds }, () => load().rss));
    const isEvicted = evict([child]);
    const cold = isEvicted ? repeat(apps, (name) => evict(files[name])) : null;
    const added = (loads: readonly Load[]) => median(loads.map(({ rss }) => rss)) - node;
    const row = (what: string, [before, after]: readonly [number, number], goal: number) => [
      what,
      count(before),
      count(after),
      (after / before).toFixed(2),
      `at most ${goal.toFixed(2)}`,
    ];
    const times = ({ unbundled, package: bundled }: typeof warm) =>
      [median(unbundled.map(({ ms }) => ms)), median(bundled.map(({ ms }) => ms))] as const;
    return {
      title: "The package compared with the app that is not bundled",
      columns: ["", "unbundled", "package", "ratio", "goal"],
      rows: [
        row("load, files in the page cache (ms)", times(warm), 1 / 3),
        ...(cold === null
          ? []
          : [row("load, files not in the page cache (ms)", times(cold), 1 / 4)]),
        row(
          "memory added to Node (MB)",
          [added(warm.unbundled) / 1e6, added(warm.package) / 1e6],
          1 / 2,
        ),
        ["files loaded", count(files.unbundled.length), count(files.package.length), "", ""],
        ["zip file (MB)", "", count(zipBytes / 1e6), "", "at most 0.80"],
      ],
      notes: [
        `Medians of ${rounds} processes each; the variants alternate. Node alone takes ${count(node / 1e6)} MB.`,
        cold === null
          ? "Not measured: loads without the page cache, because `dd iflag=nocache` is not available."
          : "`dd iflag=nocache` drops the app's files from the page cache before a load; Node's own stay.",
      ],
    };
  } finally {
    rmSync(output, { recursive: true });
  }
}

type Name = "unbundled" | "package";

function repeat(
  apps: Record<Name, string>,
  before: (name: Name) => void,
): Record<Name, readonly Load[]> {
  const loads: Record<Name, Load[]> = { unbundled: [], package: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const name of ["unbundled", "package"] as const) {
      before(name);
      loads[name].push(load(apps[name]));
    }
  }
  return loads;
}

function load(entry?: string): Load {
  return JSON.parse(run(entry === undefined ? [] : [entry])) as Load; // printed by load-child.cjs
}

/** The files that an app loads, with the package.json of each package, which Node reads too. */
function filesOf(entry: string): string[] {
  const urls = JSON.parse(run([entry, "list"])) as string[]; // printed by load-child.cjs
  const files = urls
    .filter((url) => url.startsWith("file:"))
    .map((url) => fileURLToPath(url.split("?")[0] ?? url));
  const manifests = files.flatMap((file) => {
    for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
      const manifest = join(folder, "package.json");
      if (existsSync(manifest)) return [manifest];
    }
    return [];
  });
  return [...new Set([...files, ...manifests])];
}

/** Drops files from the page cache, as `posix_fadvise` does. Returns false if this machine cannot. */
function evict(files: readonly string[]): boolean {
  try {
    for (const file of files) {
      execFileSync("dd", [`if=${file}`, "iflag=nocache", "count=0", "status=none"], {
        stdio: "ignore",
      });
    }
    return true;
  } catch {
    return false;
  }
}

/** With settings that are complete, so that the app registers every function. */
function run(args: readonly string[]): string {
  return execFileSync(process.execPath, [child, ...args], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], AzureWebJobsStorage__accountName: "acme" },
  });
}

if (import.meta.main) console.log(tableText(await measurePackage()));
