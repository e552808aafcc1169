import { randomInt } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SeedName } from "../support/seeds.ts";
import { runVitest } from "../support/vitest.ts";

/*
 * `npm run soak`: runs the campaigns and properties at full size with fresh seeds, once.
 * `npm run soak -- 5` does so five times, `npm run soak -- 90m` or `-- 8h` until the time is over.
 * Prints each seed before its run. For each failure it prints the line to commit and the command that
 * repeats it, and exits with 1 at the end.
 */

const root = new URL("../..", import.meta.url).pathname;
const [minute, hour] = [60_000, 3_600_000];

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

/** Returns true if another round may start. */
function parseLimit(text = "1"): (round: number) => boolean {
  const { amount, unit } = /^(?<amount>[1-9]\d*)(?<unit>[mh]?)$/.exec(text)?.groups ?? {};
  if (amount === undefined) {
    throw new Error(
      `Cannot read the limit: ${text}. Give a number of rounds, or a time such as 90m or 8h.`,
    );
  }
  if (unit === "") return (round) => round <= Number(amount);
  const endsAt = Date.now() + Number(amount) * (unit === "h" ? hour : minute);
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

const mayStart = parseLimit(process.argv[2]);
const failures: string[] = [];
let rounds = 0;
while (mayStart(rounds + 1)) {
  rounds++;
  for (const campaign of campaigns) {
    const seed = randomInt(2 ** 31);
    console.log(`Round ${rounds}: ${campaign.seedName}=${seed} ${campaign.files.join(" ")}`);
    const failure = runCampaign(campaign, seed);
    if (failure === null) continue;
    console.error(failure);
    failures.push(failure);
  }
}
console.log(`${rounds} rounds, ${failures.length} failures`);
for (const failure of failures) console.error(failure);
process.exit(failures.length === 0 ? 0 : 1);
