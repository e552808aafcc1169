import { matches, parseGlob } from "../../copy/routing/glob.ts";
import type { Glob } from "../../copy/routing/glob.ts";
import { parseTime } from "../../copy/time.ts";
import type { JobSelect } from "../contract/job-input.ts";
import type { ListedBlob } from "../contract/storage.ts";

type Selectable = Pick<ListedBlob, "length" | "lastModified" | "blobType" | "isFolder">;

/** Builds the test of a job's blobs. `name` is the name below the source. */
export function createSelector(select: JobSelect): (name: string, blob: Selectable) => boolean {
  const include = select.include.flatMap(toGlob);
  const exclude = select.exclude.flatMap(toGlob);
  const from = select.modifiedFrom === null ? -Infinity : parseTime(select.modifiedFrom);
  const to = select.modifiedTo === null ? Infinity : parseTime(select.modifiedTo);
  const types: readonly string[] = select.types;
  return (name, blob) =>
    !blob.isFolder &&
    (include.length === 0 || include.some((glob) => matches(glob, name))) &&
    !exclude.some((glob) => matches(glob, name)) &&
    blob.lastModified >= from &&
    blob.lastModified < to &&
    blob.length >= (select.minSize ?? 0) &&
    blob.length <= (select.maxSize ?? Infinity) &&
    (types.length === 0 || types.includes(blob.blobType));
}

/** The request has been parsed with the same function, so every glob can be parsed. */
function toGlob(text: string): Glob[] {
  const parsed = parseGlob(text);
  return parsed.ok ? [parsed.glob] : [];
}
