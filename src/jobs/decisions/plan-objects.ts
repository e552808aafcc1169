import type { PlannedObject } from "../contract/page.ts";
import type { ListedBlob } from "../contract/storage.ts";
import { maxStepsAtOnce } from "../request/select.ts";
import { planObject } from "./plan-object.ts";
import type { PlannedJob } from "./plan-object.ts";

/** The steps for an object, and for each character of the two names that are checked. */
const stepsPerObject = 1_000;
const stepsPerCharacter = 10;

/**
 * Plans the objects of a page. `selected` and `existing`: the blobs of the source and the destination, by their names
 * below these places. `pause` lets the process do other work, and returns false if the planning must stop; the result
 * is then null.
 */
export async function planObjects(
  job: PlannedJob,
  selected: ReadonlyMap<string, ListedBlob>,
  { existing, pause }: { existing: ReadonlyMap<string, ListedBlob>; pause(): Promise<boolean> },
): Promise<PlannedObject[] | null> {
  const prefixes = job.source.prefix.length + job.destination.prefix.length;
  const objects: PlannedObject[] = [];
  let steps = 0;
  for (const [name, blob] of selected) {
    steps += stepsPerObject + stepsPerCharacter * (prefixes + 2 * name.length);
    if (steps > maxStepsAtOnce) {
      if (!(await pause())) return null;
      steps = 0;
    }
    objects.push(planObject(job, name, blob, existing.get(name) ?? null));
  }
  return objects;
}
