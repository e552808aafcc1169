import { expect, test } from "vitest";
import { causes, failure } from "../../src/copy/contract/failure.ts";
import type { Cause } from "../../src/copy/contract/failure.ts";
import { toCopyId } from "../../src/copy/contract/ids.ts";
import type { Outcome } from "../../src/copy/contract/outcome.ts";
import { epochMs } from "../../src/copy/time.ts";
import { emptyRecord, summary, withDeletion } from "../../src/ledger/record.ts";

/* The data that the record of a deleted copy keeps. Each text of a record that could contain a URL has the canary. */

const canary = "https://acct1.blob.core.windows.net/inbox/canary";
const at = "2026-11-20T12:00:00.000Z";

const common = {
  copyId: toCopyId("canary"),
  copyStatus: "success",
  progress: { bytesCopied: 4711, totalBytes: 4711 },
  abortRequested: false,
  startedAt: at,
  statusReads: 4711,
  completedAt: at,
  copyCompletedAt: at,
  settledAt: at,
  residue: [`Cannot remove ${canary}`],
} as const;

const outcomes: Outcome[] = [
  { status: "succeeded", ...common, residue: [...common.residue] },
  { status: "aborted", ...common, residue: [...common.residue] },
  { status: "skipped", reason: `${canary} exists`, ...common, residue: [...common.residue] },
  ...(Object.keys(causes) as Cause[]).map((cause): Outcome => {
    const storage = { status: 409, code: "canary" };
    const refused = failure(cause, `Cannot read ${canary}`, storage);
    return { status: "failed", failure: refused, ...common, residue: [...common.residue] };
  }),
];

test.each(outcomes)(
  "the outcome $status $failure.cause keeps its status, cause and times",
  (outcome) => {
    const record = withDeletion(
      {
        ...emptyRecord,
        source: canary,
        destination: canary,
        createdAt: at,
        lock: "locks/canary",
        outcome,
        plan: { source: { etag: "canary", length: 4711 }, destinationEtag: "canary" },
        copyId: toCopyId("canary"),
      },
      epochMs(0),
    );
    const text = JSON.stringify([record, summary(record)]);
    expect(text).not.toMatch(/canary|4711/);
    const cause = outcome.status === "failed" ? outcome.failure.cause : null;
    expect(record.outcome).toMatchObject({
      status: outcome.status,
      ...(cause === null ? {} : { failure: { cause } }),
      abortRequested: false,
      startedAt: at,
      completedAt: at,
      settledAt: at,
    });
    expect(record).toMatchObject({ createdAt: at, deletedAt: "1970-01-01T00:00:00.000Z" });
  },
);
