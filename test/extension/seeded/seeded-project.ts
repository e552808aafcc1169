import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../support/processes/paths.ts";
import type { SeededDifference } from "./seeded-differences.ts";

const parts = [
  "package.json",
  "src/local",
  "test/extension/parity/app",
  "test/extension/support/processes/end-with-stdin.ts",
  "test/extension/support/processes/local-parity-host.ts",
];

/** Runs `use` with a copy of the local engine that has the difference. */
export async function withDifference<T>(
  { file, find, replace }: SeededDifference,
  use: (project: string) => Promise<T>,
): Promise<T> {
  const project = await mkdtemp(join(tmpdir(), "ferry-seeded-"));
  try {
    for (const part of parts) await cp(join(root, part), join(project, part), { recursive: true });
    await symlink(join(root, "node_modules"), join(project, "node_modules"));
    const path = join(project, "src/local", file);
    const pieces = (await readFile(path, "utf8")).split(find);
    if (pieces.length !== 2) {
      throw new Error(
        `Cannot make the difference because ${file} has this text ${pieces.length - 1} times: ${find}`,
      );
    }
    await writeFile(path, pieces.join(replace));
    return await use(project);
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}
