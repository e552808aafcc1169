import { expect } from "vitest";
import { ledgerContent } from "../support/ledger-content.ts";
import type { Json, Stack } from "../support/stack.ts";

/**
 * What holds for a copy of `source/<name>` onto `target/<name>` whatever happened to the processes: one end that
 * stays, at most one copy begun, nothing left behind, no lock held.
 */
export async function expectPromises(
  stack: Stack,
  ended: readonly Json[],
  target: string,
): Promise<void> {
  for (const copy of ended) {
    const about = JSON.stringify(copy);
    // A copy whose instance Durable failed before the start is not started by a repair.
    const isNotStarted = copy.error?.cause === "internal" && copy.copyId === null;
    if (!isNotStarted) expect(copy.status, about).toMatch(/^(succeeded|aborted)$/);
    expect(copy.residue, about).toEqual([]);
    const name = new URL(copy.destination).pathname.split("/").at(-1) ?? "";
    const exists = await stack.blob(`${target}/${name}`).exists();
    expect(exists, about).toBe(copy.status === "succeeded");
    expect((await stack.get(copy.id)).status, about).toBe(copy.status);
    expect(starts(stack, `/${target}/${name}`), `copies begun, ${about}`).toBeLessThanOrEqual(1);
  }
  const ids = ended.map(({ id }) => String(id));
  const { locks, records } = await ledgerContent(stack, ids);
  expect(locks).toBe(0);
  expect(records).toEqual(ended.map(({ status }) => status).toSorted());
}

function starts({ begunAt }: Stack, path: string): number {
  return begunAt.filter((url) => url.endsWith(path)).length;
}
