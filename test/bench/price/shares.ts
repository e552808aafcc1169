import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { count, type Table } from "../table.ts";
import { ferry, prepareBlobs, storageOf } from "./contestants.ts";
import { groups, readProfile, sumByGroup, type Group } from "./cpu-profile.ts";
import type { PriceOptions } from "./options.ts";
import { openPriceStack } from "./stack.ts";

const copies = 1_000;
const warmUpCopies = 500;
const atATime = 32;
/** The minimum per copy; smaller groups are not shown. */
const minMs = 0.05;

const processes = ["app", "emulator"] as const;
type Process = (typeof processes)[number];
/** Milliseconds per copy. */
type Measured = Record<Process, ReadonlyMap<Group, number>>;

/** Where the processor time of a copy goes, by the part of Ferry that uses it. */
export async function measureShares(options: PriceOptions): Promise<Table> {
  const folder = join(options.build, "node_modules/.cache/ferry-bench");
  mkdirSync(folder, { recursive: true });
  const builds = [
    ...(options.otherBuild === null ? [] : [["other build", options.otherBuild] as const]),
    ["Ferry", options.build] as const,
  ];
  const measured: Measured[] = [];
  for (const [name, build] of builds) {
    measured.push(await measure(build, join(folder, name.replace(" ", "-"))));
  }
  const rows = processes.flatMap((name) => {
    const sums = measured.map((each) => each[name]);
    const cells = (value: (sum: ReadonlyMap<Group, number>) => number) =>
      sums.flatMap((sum) => [
        `${count(value(sum))} ms`,
        `${Math.round((100 * value(sum)) / total(sum))} %`,
      ]);
    const present = groups.filter((group) => sums.some((sum) => (sum.get(group) ?? 0) > minMs));
    return [
      [`process of the ${name}`, ...cells(total)],
      ...present.map((group) => [`  ${group}`, ...cells((sum) => sum.get(group) ?? 0)]),
    ];
  });
  return {
    title: `Processor time of a copy, ${count(copies)} copies, ${atATime} at a time`,
    columns: ["", ...builds.flatMap(([name]) => [name, "share"])],
    rows,
    notes: [
      `Per copy: the processor time of each process, divided by the samples of Node's profiler. SQLite, streams and other functions of Node count for the file that called them. Chrome DevTools can open the profiles in ${folder}.`,
    ],
  };
}

function total(sum: ReadonlyMap<Group, number>): number {
  return [...sum.values()].reduce((all, each) => all + each, 0);
}

/** Profiles both processes while they copy. Writes the profiles to `<path>-app.cpuprofile` and `-emulator.cpuprofile`. */
async function measure(build: string, path: string): Promise<Measured> {
  const stack = await openPriceStack(build);
  try {
    await prepareBlobs(storageOf(stack.emulator.ready), ["shares"], copies);
    const copy = ferry(stack);
    const load = { folder: "shares", atATime };
    await copy({ ...load, copies: warmUpCopies, target: "ferry/warm-up" });
    const file = (name: Process) => `${path}-${name}.cpuprofile`;
    const used = { app: 0, emulator: 0 };
    await stack.app.profile(file("app"), () =>
      stack.emulator.profile(file("emulator"), async () => {
        for (const name of processes) used[name] -= await stack[name].processorMs();
        await copy({ ...load, copies, target: "ferry/measured" });
        for (const name of processes) used[name] += await stack[name].processorMs();
      }),
    );
    // Sample times also grow while another process uses the core, so only their shares are used.
    const perCopy = (name: Process) => {
      const sampled = sumByGroup(readProfile(file(name)));
      const scale = used[name] / total(sampled) / copies;
      return new Map([...sampled].map(([group, ms]) => [group, ms * scale]));
    };
    return { app: perCopy("app"), emulator: perCopy("emulator") };
  } finally {
    await stack.close();
  }
}
