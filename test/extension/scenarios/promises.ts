import { expect } from "vitest";
import { ledgerContent } from "../support/ledger-content.ts";
import type { Json, Stack } from "../support/stack.ts";

/**
 * Checks what must hold for a copy of `source/<name>` onto `target/<name>`, regardless of the deaths of processes: one
 * final outcome, at most one started copy, nothing left behind, no lock held.
 */
export async function expectPromises(
  stack: Stack,
  ended: readonly Json[],
  target: string,
): Promise<void> {
  for (const copy of ended) {
    const about = JSON.stringify(copy);
    // A copy whose instance Durable failed before the start is not started by a repair.
    if (!isNotStarted(copy)) expect(copy.status, about).toMatch(/^(succeeded|aborted)$/);
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
  // A copy whose instance failed before it had its lock keeps no outcome.
  const open = records.filter((status) => status === "running").length;
  expect(open).toBeLessThanOrEqual(ended.filter(isNotStarted).length);
  const statuses = ended.map(({ status }) => status);
  for (const status of ["succeeded", "aborted"]) {
    expect(records.filter((each) => each === status)).toEqual(
      statuses.filter((each) => each === status),
    );
  }
}

function isNotStarted({ error, copyId }: Json): boolean {
  return error?.cause === "internal" && copyId === null;
}

function starts({ begunAt }: Stack, path: string): number {
  return begunAt.filter((url) => url.endsWith(path)).length;
}
