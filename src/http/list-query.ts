import { hasSignature } from "../copy/location/storage-names.ts";
import type { Problem } from "../copy/request/request-problem.ts";
import { readCursor, writeCursor } from "./cursor.ts";

export const listedStatuses = ["running", "succeeded", "skipped", "failed", "aborted"] as const;
export type ListedStatus = (typeof listedStatuses)[number];

/** The filters of a list. `source` and `destination` are prefixes of URLs. */
export type ListFilters = {
  status: ListedStatus | null;
  source: string | null;
  destination: string | null;
};

/** `startFrom`: the position after which the list continues; null at its beginning. */
export type ListQuery = ListFilters & { limit: number; startFrom: string | null };

export const maxPageSize = 50;

/** A column of the ledger stores at most this many characters of a URL. */
const maxPrefixLength = 2_048;

const parameters = ["status", "source", "destination", "limit", "cursor"] as const;
type Parameter = (typeof parameters)[number];

/** Parameters that the host and its proxies read, and not the app ("Work with access keys in Azure Functions"). */
const ofTheHost = new Set(["code", "clientid"]);

/** Parses the query of `GET /copies`; returns all problems. `isPosition` checks the form of a position. */
export function parseListQuery(
  query: URLSearchParams,
  isPosition: (text: string) => boolean,
): { ok: true; query: ListQuery } | { ok: false; problems: Problem[] } {
  const problems = reportParameters(query, parameters);
  const report = (message: string) => problems.push({ pointer: "", message });
  const read = (name: Parameter) => query.get(name);

  const text = read("status");
  const status = listedStatuses.find((each) => each === text) ?? null;
  if (text !== null && status === null) {
    report(`status must be one of ${listedStatuses.join(", ")}`);
  }
  const readPrefix = (name: "source" | "destination") => {
    const prefix = read(name);
    const problem = prefix === null ? null : prefixProblem(prefix);
    if (problem !== null) report(`${name} ${problem}`);
    return prefix === null ? null : toCanonical(prefix);
  };
  const filters = { status, source: readPrefix("source"), destination: readPrefix("destination") };
  const limit = read("limit");
  if (limit !== null && !/^(?:[1-9]|[1-4]\d|50)$/.test(limit)) {
    report(`limit must be a number from 1 to ${maxPageSize}`);
  }
  const cursor = read("cursor");
  const found = cursor === null ? null : readCursor(cursor, values(filters));
  if (found?.kind === "other-filters") {
    report("cursor belongs to a list with other filters; start again without it");
  } else if (found?.kind === "malformed" || (found !== null && !isPosition(found.position))) {
    report("cursor must be a nextCursor that this app returned");
  }
  if (problems.length > 0) return { ok: false, problems };
  const startFrom = found?.kind === "position" ? found.position : null;
  return { ok: true, query: { ...filters, limit: Number(limit ?? maxPageSize), startFrom } };
}

/** Writes the cursor with which a list with these filters continues after a position. */
export function writeListCursor(position: string, filters: ListFilters): string {
  return writeCursor(position, values(filters));
}

function values({ status, source, destination }: ListFilters): (string | null)[] {
  return [status, source, destination];
}

/** Reports parameters that the request does not have, and those that are sent more than once. */
export function reportParameters(query: URLSearchParams, known: readonly string[]): Problem[] {
  const messages: string[] = [];
  for (const name of new Set(query.keys())) {
    if (ofTheHost.has(name.toLowerCase())) continue;
    if (!known.includes(name)) messages.push(`${show(name)} is not a parameter of this request`);
    else if (query.getAll(name).length > 1) messages.push(`${name} must be sent once`);
  }
  return messages.map((message) => ({ pointer: "", message }));
}

/** Does not quote long or unusual names, because they may be pasted secrets. */
function show(name: string): string {
  return /^[\w-]{1,40}$/.test(name) ? name : "(name not shown)";
}

function prefixProblem(prefix: string): string | null {
  if (!/^https?:\/\/./i.test(prefix)) return "must begin with https:// or http://";
  if (prefix.length > maxPrefixLength) return `must have at most ${maxPrefixLength} characters`;
  // A filter is part of the request's URL, which is logged.
  return hasSignature(prefix) ? "must not contain a SAS" : null;
}

/** Ferry stores scheme and host in lower case. */
function toCanonical(prefix: string): string {
  return prefix.replace(/^[^/]+\/\/[^/]*/, (origin) => origin.toLowerCase());
}
