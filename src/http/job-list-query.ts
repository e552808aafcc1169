import type { Problem } from "../copy/request/request-problem.ts";
import { jobStatuses } from "../jobs/decisions/job-status.ts";
import type { JobStatus } from "../jobs/decisions/job-status.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { maxPageSize, reportParameters } from "./list-query.ts";

/** `startFrom`: the position after which the list continues; null at its beginning. */
export type JobListQuery = { status: JobStatus | null; limit: number; startFrom: string | null };

const parameters = ["status", "limit", "cursor"] as const;

/** Parses the query of `GET /jobs`; returns all problems. `isPosition` checks the form of a position. */
export function parseJobListQuery(
  query: URLSearchParams,
  isPosition: (text: string) => boolean,
): { ok: true; query: JobListQuery } | { ok: false; problems: Problem[] } {
  const problems: Problem[] = reportParameters(query, parameters);
  const report = (message: string) => problems.push({ pointer: "", message });
  const text = query.get("status");
  const status = jobStatuses.find((each) => each === text) ?? null;
  if (text !== null && status === null) {
    report(`status must be one of ${jobStatuses.join(", ")}`);
  }
  const limit = query.get("limit");
  if (limit !== null && !/^(?:[1-9]|[1-4]\d|50)$/.test(limit)) {
    report(`limit must be a number from 1 to ${maxPageSize}`);
  }
  const cursor = query.get("cursor");
  const found = cursor === null ? null : readCursor(cursor, filtersOf(status));
  if (found?.kind === "other-filters") {
    report("cursor belongs to a list with other filters; start again without it");
  } else if (found?.kind === "malformed" || (found !== null && !isPosition(found.position))) {
    report("cursor must be a nextCursor that this app returned");
  }
  if (problems.length > 0) return { ok: false, problems };
  const startFrom = found?.kind === "position" ? found.position : null;
  return { ok: true, query: { status, limit: Number(limit ?? maxPageSize), startFrom } };
}

/** Writes the cursor with which a list continues after a position. */
export function writeJobCursor(position: string, status: JobStatus | null): string {
  return writeCursor(position, filtersOf(status));
}

/** "jobs" distinguishes these cursors from those of the list of copies. */
function filtersOf(status: JobStatus | null): (string | null)[] {
  return ["jobs", status];
}
