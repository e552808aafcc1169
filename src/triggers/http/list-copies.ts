import type { HttpRequest } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { second } from "../../copy/durations.ts";
import { plusMs } from "../../copy/time.ts";
import { parseListQuery, writeListCursor } from "../../http/list-query.ts";
import type { ListFilters, ListQuery } from "../../http/list-query.ts";
import { invalidRequest } from "../../http/problem.ts";
import { itemOfColumns, itemOfView } from "../../instances/copy-item.ts";
import type { CopyItem } from "../../instances/copy-item.ts";
import { copyView, recordedView } from "../../instances/copy-view.ts";
import { findInstance } from "../../instances/find-instance.ts";
import { isPosition } from "../../ledger/instance-id.ts";
import { DamagedBlobError } from "../../ledger/ledger-error.ts";
import { isTruncated } from "../../ledger/record.ts";
import type { ListedCopy } from "../../ledger/record.ts";
import type { CopyDependencies } from "./get-copy.ts";
import { copiesPath } from "./method-router.ts";
import type { HttpHandler } from "./http-handler.ts";
import { mayUse, mayUseAll, mayUseRecord } from "./principals.ts";

/** The maximum number of calls of List Blobs for one request, regardless of the number of copies. */
const maxCalls = 5;
/** After this time in ms, a request makes no more calls, so that it responds in time even if Storage is slow. */
const maxScanMs = 3 * second;
/** The number of records in the first call, and in each further call, of a list with filters. */
const firstCall = 200;
const furtherCall = 1_000;
/** The number of running copies that are read from Durable at the same time. */
const maxConcurrent = 10;
/** Sorts before every position. */
const beginning = "00000/000000000000-";

/**
 * GET /copies: the copies that the caller may use, newest first. A page can be short or empty even if others follow,
 * because a request scans a limited number of copies.
 */
export function listCopies(deps: CopyDependencies): HttpHandler {
  return async (request, client, context) => {
    const parsed = parseListQuery(request.query, isPosition);
    if (!parsed.ok) return invalidRequest(parsed.problems);
    const { query } = parsed;
    const { found, next } = await scan(deps, query, chooseFilter(deps, request));
    const items: CopyItem[] = [];
    for (let at = 0; at < found.length; at += maxConcurrent) {
      const some = found.slice(at, at + maxConcurrent);
      const read = some.map((listed) =>
        readItem(deps, { request, client }, listed).catch((error: unknown) => {
          // One damaged record must not hide the other copies. GET of this copy returns the same sentence.
          if (!(error instanceof DamagedBlobError)) throw error;
          context.error(`Cannot list copy ${listed.instanceId}: ${error.message}`);
          return null;
        }),
      );
      items.push(...(await Promise.all(read)).filter((item) => item !== null));
    }
    return {
      jsonBody: {
        // A copy may have ended since it was listed.
        items: items.filter((item) => hasStatus(item, query)),
        nextCursor: next === null ? null : writeListCursor(next, query),
      },
      headers: { "cache-control": "no-store" },
    };
  };
}

type Filter = { keepsAll: boolean; keeps(copy: ListedCopy, filters: ListFilters): boolean };

function chooseFilter({ principals }: CopyDependencies, request: HttpRequest): Filter {
  const keepsAll = mayUseAll(request, principals);
  return {
    keepsAll,
    keeps: (copy, { status, source, destination }) =>
      !copy.isDeleted &&
      // The record of a copy that was terminated while it waited has no outcome yet, so Durable is read.
      (status === null || copy.status === status || copy.status === "running") &&
      (source === null || copy.source?.startsWith(source) === true) &&
      (destination === null || copy.destination?.startsWith(destination) === true) &&
      (keepsAll || mayUseRecord(request, copy, principals)),
  };
}

/** Scans the ledger for a page; `next`: the position after which the next page begins, null at the end. */
async function scan(
  { ledger: { records }, now }: CopyDependencies,
  query: ListQuery,
  { keepsAll, keeps }: Filter,
): Promise<{ found: ListedCopy[]; next: string | null }> {
  const { limit, startFrom } = query;
  const isPlain = keepsAll && query.status === null && query.source === null;
  // One more than a page, to see whether others follow, and one for the copy at which the previous page ended.
  const firstLimit = isPlain && query.destination === null ? limit + 2 : firstCall;
  const found: ListedCopy[] = [];
  const until = plusMs(now(), maxScanMs);
  let scanned = startFrom ?? beginning;
  let marker: string | null = null;
  for (let calls = 0; calls < maxCalls && (calls === 0 || now() < until); calls++) {
    const order = { marker, limit: calls === 0 ? firstLimit : furtherCall, startFrom };
    const page = await records.list(order);
    for (const copy of page.copies) {
      if (copy.position === startFrom) continue;
      if (found.length === limit) return { found, next: found.at(-1)?.position ?? null };
      if (keeps(copy, query)) found.push(copy);
      scanned = copy.time;
    }
    ({ marker } = page);
    if (marker === null) return { found, next: null };
  }
  // Not the position of the last copy, which may be another caller's: the cursor would show its id.
  const last = found.at(-1)?.position ?? "";
  return { found, next: last > scanned ? last : scanned };
}

/**
 * Reads a running copy from Durable; an ended one is known from the listing. Null if the copy no longer exists in
 * either.
 */
async function readItem(
  { ledger, principals }: CopyDependencies,
  { request, client }: { request: HttpRequest; client: DurableClient },
  listed: ListedCopy,
): Promise<CopyItem | null> {
  const path = copiesPath(request);
  const item = itemOfColumns(listed, path);
  if (item === null) {
    const { instanceId } = listed;
    const instance = await findInstance(client, ledger, instanceId);
    if (instance !== null) {
      // A record that was written before the input was known has no owner.
      const isOwn = mayUse(request, instance.copy, principals);
      return isOwn ? itemOfView(copyView(instance, path)) : null;
    }
    const record = await ledger.records.read(instanceId);
    const view = record === null ? null : recordedView(instanceId, record, path);
    return view === null ? null : itemOfView(view);
  }
  if (!isTruncated(item.source) && !isTruncated(item.destination)) return item;
  const record = await ledger.records.read(listed.instanceId);
  const { source, destination } = item;
  return {
    ...item,
    source: record?.source ?? source,
    destination: record?.destination ?? destination,
  };
}

function hasStatus(item: CopyItem, { status }: ListFilters): boolean {
  if (status === null) return true;
  return status === "running" ? item.completedAt === null : item.status === status;
}
