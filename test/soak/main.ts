import { randomInt } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SeedName } from "../support/seeds.ts";
import { runVitest } from "../support/vitest.ts";
import { tableText } from "../bench/table.ts";
import { jobObjects, parseArguments, type SoakPlan } from "./arguments.ts";
import { soakJob } from "./jobs/big-job.ts";

/*
 * `npm run soak`: runs the campaigns and properties at full size with fresh seeds, and a job of 100,000 objects, once.
 * `npm run soak -- 5` does so five times, `npm run soak -- 90m` or `-- 8h` until the time is over.
 * `npm run soak -- job 1000000` runs only a job of that size. Prints each seed before its run. For each failure it
 * prints the line to commit and the command that repeats it, and exits with 1 at the end.
 */

const root = new URL("../..", import.meta.url).pathname;

type Campaign = { seedName: SeedName; files: readonly string[] };

const campaigns: readonly Campaign[] = [
  {
    seedName: "CHAOS_SEED",
    files: ["test/chaos/chaos.test.ts", "test/chaos/chaos-deaths.test.ts"],
  },
  { seedName: "CRASH_SEED", files: ["test/e2e/recovery/crash-random.test.ts"] },
  { seedName: "FLOOD_SEED", files: ["test/e2e/events/events-flood.test.ts"] },
  { seedName: "HOSTILE_SEED", files: ["test/e2e/requests/hostile-requests.test.ts"] },
  {
    seedName: "BENCH_SEED",
    files: [
      "test/unit/copy/polling/poll-policy-simulation.test.ts",
      "test/e2e/copies/poll-policy.test.ts",
    ],
  },
  { seedName: "PROPERTY_SEED", files: propertyFiles() },
];

/** Test files with properties that do not set a seed. */
function propertyFiles(): readonly string[] {
  const files = globSync("test/{unit,replay,contract,e2e}/**/*.test.ts", { cwd: root });
  return files.toSorted().filter((file) => {
    const text = readFileSync(join(root, file), "utf8");
    return text.includes('from "fast-check"') && !text.includes("seedFor(");
  });
}

/** Returns a function that returns true if the round with this number may start. */
function limitRounds(plan: Exclude<SoakPlan, { kind: "job" }>): (round: number) => boolean {
  if (plan.kind === "rounds") return (round) => round <= plan.count;
  const endsAt = Date.now() + plan.ms;
  return () => Date.now() < endsAt;
}

/** Returns null when the campaign passed, otherwise instructions for its failure. */
function runCampaign({ seedName, files }: Campaign, seed: number): string | null {
  const environment = { [seedName]: String(seed) };
  const status = runVitest(["--mode=full", ...files], { environment });
  if (status === 0) return null;
  return [
    `${seedName}=${seed} failed. Commit this line in test/support/seeds.ts: ${seedName}: ${seed},`,
    `Repeat with: ${seedName}=${seed} npm run test:all -- ${files.join(" ")}`,
  ].join("\n");
}

/** Prints the figures of a job. Returns null when it passed, otherwise what is wrong and how to repeat it. */
async function runJob(objects: number): Promise<string | null> {
  const problems: string[] = [];
  try {
    const { tables, failures } = await soakJob(objects);
    for (const table of tables) console.log(tableText(table));
    problems.push(...failures);
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  if (problems.length === 0) return null;
  return [...problems, `Repeat with: npm run soak -- job ${objects}`].join("\n");
}

const failures: string[] = [];
const keep = (failure: string | null) => {
  if (failure === null) return;
  console.error(failure);
  failures.push(failure);
};

const plan = parseArguments(process.argv.slice(2));
if (plan.kind === "job") {
  keep(await runJob(plan.objects));
} else {
  const mayStart = limitRounds(plan);
  let rounds = 0;
  while (mayStart(rounds + 1)) {
    rounds++;
    for (const campaign of campaigns) {
      const seed = randomInt(2 ** 31);
      console.log(`Round ${rounds}: ${campaign.seedName}=${seed} ${campaign.files.join(" ")}`);
      keep(runCampaign(campaign, seed));
    }
    console.log(`Round ${rounds}: a job of ${jobObjects} objects`);
    keep(await runJob(jobObjects));
  }
  console.log(`${rounds} rounds, ${failures.length} failures`);
  for (const failure of failures) console.error(failure);
}
process.exit(failures.length === 0 ? 0 : 1);
