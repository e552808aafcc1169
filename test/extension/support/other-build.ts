import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { otherBuildFolder, root } from "./processes/paths.ts";

/** Code that a new release may change without stranding running copies: the times of polls. */
const policy = "dist/copy/polling/poll-policy.js";
const firstReads = /pollsBeforeProgressMs = \[/;

/** Copies the build of the app to a new folder, with another polling policy. Returns the folder. */
export async function otherBuild(name: string): Promise<string> {
  const folder = otherBuildFolder(name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const part of ["dist", "host.json", "package.json"]) {
    await cp(join(root, part), join(folder, part), { recursive: true });
  }
  const file = join(folder, policy);
  const text = await readFile(file, "utf8");
  if (!firstReads.test(text))
    throw new Error(`Cannot change ${policy} because ${firstReads} is gone`);
  await writeFile(file, text.replace(firstReads, "pollsBeforeProgressMs = [1_500, "));
  const main = join(folder, "dist/main.js");
  await writeFile(main, `console.log("other build");\n${await readFile(main, "utf8")}`);
  return folder;
}
