import { createMatcher } from "../../copy/routing/glob-matcher.ts";
import { parseGlob } from "../../copy/routing/glob.ts";
import type { Glob } from "../../copy/routing/glob.ts";
import { parseTime } from "../../copy/time.ts";
import type { JobSelect } from "../contract/job-input.ts";
import type { ListedBlob } from "../contract/storage.ts";

type Selectable = Pick<ListedBlob, "length" | "lastModified" | "blobType" | "isFolder">;

/** The compiled test of a job's blobs. */
export type Selector = {
  /** `name`: below the source. */
  selects(name: string, blob: Selectable): boolean;
  /** The maximum number of steps for each character of a name. */
  stepsPerCharacter: number;
};

/** Builds the test of a job's blobs; the globs are compiled once. */
export function createSelector(select: JobSelect): Selector {
  const include = createMatcher(select.include.flatMap(toGlob));
  const exclude = createMatcher(select.exclude.flatMap(toGlob));
  const includesAll = select.include.length === 0;
  const from = select.modifiedFrom === null ? -Infinity : parseTime(select.modifiedFrom);
  const to = select.modifiedTo === null ? Infinity : parseTime(select.modifiedTo);
  const types: readonly string[] = select.types;
  return {
    stepsPerCharacter: include.stepsPerCharacter + exclude.stepsPerCharacter,
    selects: (name, blob) =>
      !blob.isFolder &&
      blob.lastModified >= from &&
      blob.lastModified < to &&
      blob.length >= (select.minSize ?? 0) &&
      blob.length <= (select.maxSize ?? Infinity) &&
      (types.length === 0 || types.includes(blob.blobType)) &&
      (includesAll || include.matches(name)) &&
      !exclude.matches(name),
  };
}

/** The request has been parsed with the same function, so every glob can be parsed. */
function toGlob(text: string): Glob[] {
  const parsed = parseGlob(text);
  return parsed.ok ? [parsed.glob] : [];
}

/** After this number of steps (a few milliseconds), the process continues its other work. */
export const maxStepsAtOnce = 1_000_000;

export type SelectedBlobs = { selected: [name: string, blob: ListedBlob][]; leftOut: number };

/**
 * Selects blobs of a listing. `prefix`: the prefix of the source. `pause` lets the process do other work, and returns
 * false if the selection must stop; the result is then null.
 */
export async function selectBlobs(
  { selects, stepsPerCharacter }: Selector,
  blobs: readonly ListedBlob[],
  { prefix, pause }: { prefix: string; pause(): Promise<boolean> },
): Promise<SelectedBlobs | null> {
  const selected: SelectedBlobs["selected"] = [];
  let steps = 0;
  for (const blob of blobs) {
    const name = blob.name.slice(prefix.length);
    steps += name.length * stepsPerCharacter;
    if (steps > maxStepsAtOnce) {
      if (!(await pause())) return null;
      steps = 0;
    }
    // Some clients create a blob for the folder itself, which has no name below it.
    if (name !== "" && selects(name, blob)) selected.push([name, blob]);
  }
  return { selected, leftOut: blobs.length - selected.length };
}
