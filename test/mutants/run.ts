import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, stripVTControlCharacters } from "node:util";
import { mutants } from "./mutants.ts";
import type { Mutant } from "./mutant.ts";
import { campaigns } from "../support/campaigns.ts";

/*
 * Makes each mistake of `mutants.ts` in a copy of the project, never in the checkout, builds it, and runs the suites
 * that must detect it, as `npm test` runs them, and then the campaigns at small size. It counts the mutants that `npm
 * test` alone kills. `--suite all` runs everything at the full size of `npm run test:all`. Other words after the script's
 * name select mutants whose description contains one of them. Exits with 1 when a mutant survives, or when the suites
 * fail without one.
 */

const root = new URL("../..", import.meta.url).pathname;
const parts = [
  "src",
  "test",
  "infra",
  ".funcignore",
  "package-lock.json",
  "package.json",
  "tsconfig.json",
  "host.json",
  "local.settings.json",
];
/** Two at a time keep two cores busy, because the files of a suite run in sequence. */
const lanes = 2;
/** Far longer than any suite takes. A mutant that hangs is also killed. */
const longest = 10 * 60_000;

const programs = {
  tsc: join(root, "node_modules/typescript/bin/tsc"),
  vitest: join(root, "node_modules/vitest/vitest.mjs"),
  /** Bundles the dashboard's page in the copy. */
  page: "infra/package/bundle-page.ts",
} as const;

type Verdict = { mutant: string; verdict: string; by: string };
const killed = { byTest: "killed", byCampaign: "killed by a campaign" };

const { values, positionals: words } = parseArgs({
  options: { suite: { type: "string", default: "test" } },
  allowPositionals: true,
});
const { suite: size } = values;
if (size !== "test" && size !== "all") throw new Error(`--suite must be "test" or "all": ${size}`);
const chosen = mutants.filter(
  ({ breaks }) => words.length === 0 || words.some((word) => breaks.includes(word)),
);
const healthy: Mutant = {
  breaks: "nothing: the suites pass without a mutant",
  file: "src/main.ts",
  find: "",
  replace: "",
  suites: [...new Set(chosen.flatMap(({ suites }) => suites))],
};

console.log(`Runs the suites of ${chosen.length} mutants without one first`);
const sound = await inCopy(healthy, (directory) => firstFailure(directory, healthy.suites));
if (sound !== null) {
  console.error(`Cannot judge mutants because the suites fail without one: ${sound}`);
  process.exit(1);
}
const verdicts: Verdict[] = [];
const queue = [...chosen];
await Promise.all(Array.from({ length: lanes }, work));
const countOf = (kind: string) => verdicts.filter(({ verdict }) => verdict === kind).length;
const survivors = verdicts.length - countOf(killed.byTest) - countOf(killed.byCampaign);
const command = size === "all" ? "npm run test:all" : "npm test alone";
console.log(
  `The campaigns kill ${countOf(killed.byCampaign)} mutants that the other suites do not`,
);
console.log(`${command} kills ${countOf(killed.byTest)} of ${verdicts.length} mutants`);
process.exit(survivors === 0 && chosen.length > 0 ? 0 : 1);

async function work(): Promise<void> {
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    const verdict = await inCopy(mutant, judge);
    verdicts.push(verdict);
    console.log(`${verdict.verdict}: ${verdict.mutant} ${verdict.by}`);
  }
}

async function judge(directory: string, { breaks, suites }: Mutant): Promise<Verdict> {
  const built = await build(directory);
  if (!built.ok)
    return { mutant: breaks, verdict: "does not build", by: built.output.slice(0, 100) };
  const isCampaign = (suite: string) => size === "test" && campaigns.includes(suite);
  const others = suites.filter((suite) => !isCampaign(suite));
  const byTest = await firstFailure(directory, others, "--bail=1");
  if (byTest !== null) return { mutant: breaks, verdict: killed.byTest, by: byTest };
  const byCampaign = await firstFailure(directory, suites.filter(isCampaign), "--bail=1");
  return byCampaign === null
    ? { mutant: breaks, verdict: "SURVIVED", by: "" }
    : { mutant: breaks, verdict: killed.byCampaign, by: byCampaign };
}

/** The first test that fails, or null. */
async function firstFailure(
  directory: string,
  suites: readonly string[],
  ...options: readonly string[]
): Promise<string | null> {
  for (const suite of suites) {
    const mode = ["--mode", size === "all" ? "full" : "campaigns"];
    const config = ["run", "--config", "test/vitest.config.ts", "--maxWorkers=1", ...mode];
    const { ok, output } = await run(directory, "vitest", [...config, ...options, suite]);
    // The test's error shows whether it detected this mistake, or only timed out.
    if (!ok) return /FAIL {2}.*/.exec(stripVTControlCharacters(output))?.[0] ?? suite;
  }
  return null;
}

/** A copy of the project with this one text replaced; packages are those of the checkout. */
async function inCopy<T>(
  mutant: Mutant,
  use: (directory: string, mutant: Mutant) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "ferry-mutant-"));
  try {
    for (const part of parts) {
      await cp(join(root, part), join(directory, part), { recursive: true });
    }
    await symlink(join(root, "node_modules"), join(directory, "node_modules"));
    const file = join(directory, mutant.file);
    const text = await readFile(file, "utf8");
    await writeFile(
      file,
      text.replace(mutant.find, () => mutant.replace),
    );
    if (mutant === healthy) await build(directory);
    return await use(directory, mutant);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Does what `npm run build` does, except that code may be unused. */
async function build(directory: string): Promise<{ ok: boolean; output: string }> {
  // A mutant may leave an import or a parameter unused.
  const compiled = await run(directory, "tsc", [
    "--noUnusedLocals",
    "false",
    "--noUnusedParameters",
    "false",
  ]);
  return compiled.ok ? run(directory, "page", []) : compiled;
}

function run(
  directory: string,
  tool: keyof typeof programs,
  options: readonly string[],
): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    const environment = { ...process.env, FORCE_COLOR: "0" };
    execFile(
      process.execPath,
      [programs[tool], ...options],
      { cwd: directory, env: environment, timeout: longest, maxBuffer: 256 * 1024 * 1024 },
      (error, stdout, stderr) => resolve({ ok: error === null, output: stdout + stderr }),
    );
  });
}
