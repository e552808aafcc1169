import type { Copy } from "../../../client/ferry.ts";
import type { Rows } from "./rows.ts";

/** The failed copies with one cause. */
export type FailureGroup = { cause: string; ids: readonly string[] };

/** The details of a cause, from a failed copy. */
export type Fix = { text: string; retryable: boolean };

/** Groups the failed copies among these by cause, the largest group first. */
export function groupFailures(ids: readonly string[], rows: Rows): FailureGroup[] {
  const groups = new Map<string, string[]>();
  for (const id of ids) {
    const item = rows.get(id)?.item;
    if (item?.status !== "failed") continue;
    const cause = item.cause ?? "internal";
    const group = groups.get(cause);
    if (group === undefined) groups.set(cause, [id]);
    else group.push(id);
  }
  return [...groups]
    .map(([cause, members]) => ({ cause, ids: members }))
    .toSorted((one, other) => other.ids.length - one.ids.length);
}

export function fixOf({ error }: Copy): Fix | null {
  return error === null ? null : { text: error.fix, retryable: error.retryable };
}
