import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Names of Chromium in distributions, and of browsers that are built from it. */
const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** The reason for which a suite is skipped. */
export const noChromium = `there is no Chromium: none of ${names.join(", ")} is in the PATH, and CHROMIUM does not name one`;

/** Returns the path of a Chromium, or null. The environment's CHROMIUM comes first. */
export function findChromium(): string | null {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const named = process.env["CHROMIUM"] ?? "";
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return (named === "" ? paths : [named]).find(canRun) ?? null;
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Chromium's sandbox does not work for root, as in many containers. */
export const hasSandbox = process.getuid?.() !== 0;
