import type { ManagementRequest } from "../api/engine-api.ts";
import type { InstanceFilter } from "../hub/hub-instances.ts";

/**
 * Decodes a path twice, as the extension does (WebUtility.UrlDecode, then its route templates): `%2F` separates
 * segments, and a plus sign is a space. Invalid escapes stay as they are.
 */
export function parsePath(path: string): readonly string[] {
  return urlDecode(path).split("/").map(urlDecode);
}

function urlDecode(text: string): string {
  return text.replaceAll("+", " ").replace(/(?:%[\da-f]{2})+/gi, (escapes) => {
    return Buffer.from(escapes.replaceAll("%", ""), "hex").toString();
  });
}

/** Encodes like WebUtility.UrlEncode of .NET: a space becomes a plus sign. */
export function urlEncode(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("%20", "+")
    .replaceAll("~", "%7E")
    .replaceAll("'", "%27");
}

const defaultPageSize = 100;

/** The statuses that a list can be filtered by; the extension ignores other texts, and is case-sensitive. */
const listedStatuses = new Set([
  "Running",
  "Completed",
  "ContinuedAsNew",
  "Failed",
  "Canceled",
  "Terminated",
  "Pending",
  "Suspended",
]);

/** A purge ignores the other statuses: with those alone it removes instances of every status. */
const purgedStatuses = new Set(["Completed", "Failed", "Canceled", "Terminated"]);

export type ListRequest = Omit<InstanceFilter, "after"> & { token: string };

/** Parses the query of a list. Like the extension, ignores statuses, dates and a `top` that it cannot read. */
export function parseList(request: ManagementRequest): ListRequest {
  const top = query(request, "top") ?? "";
  return {
    ...parseFilter(request, listedStatuses),
    idPrefix: query(request, "instanceIdPrefix") ?? "",
    limit: /^-?\d+$/.test(top) ? Number(top) : defaultPageSize,
    token: request.headers["x-ms-continuation-token"]?.trim() ?? "",
  };
}

/** Parses the query of a purge; undefined if `createdTimeFrom` is missing or unreadable. */
export function parsePurge(request: ManagementRequest): Omit<InstanceFilter, "after"> | undefined {
  if (parseInstant(request, "createdTimeFrom") === undefined) return undefined;
  // -1: no limit in SQLite
  return { ...parseFilter(request, purgedStatuses), idPrefix: "", limit: -1 };
}

function parseFilter(request: ManagementRequest, known: ReadonlySet<string>) {
  const statuses = (query(request, "runtimeStatus") ?? "").split(",");
  return {
    statuses: statuses.filter((status) => known.has(status)),
    createdFrom: parseInstant(request, "createdTimeFrom") ?? 0,
    createdTo: parseInstant(request, "createdTimeTo") ?? Number.MAX_SAFE_INTEGER,
  };
}

function parseInstant(request: ManagementRequest, name: string): number | undefined {
  const at = Date.parse(query(request, name) ?? "");
  return Number.isNaN(at) ? undefined : at;
}

export function parseStatusParts(request: ManagementRequest) {
  return {
    history: isTrue(request, "showHistory", false),
    historyOutput: isTrue(request, "showHistoryOutput", false),
    input: isTrue(request, "showInput", true),
  };
}

/** Returns true if a query parameter is "true"; `absent` if it is missing. */
export function isTrue(request: ManagementRequest, name: string, absent: boolean): boolean {
  const text = query(request, name);
  return text === null ? absent : text.toLowerCase() === "true";
}

/** Returns a query parameter's value; names are case-insensitive. */
export function query(request: ManagementRequest, name: string): string | null {
  for (const [key, value] of request.query) {
    if (key.toLowerCase() === name.toLowerCase()) return value;
  }
  return null;
}

/** Parses a body to compact JSON text; null if it is empty. Returns the parser's message if it is not JSON. */
export function parseBody(body: string): { json: string | null } | { error: string } {
  if (body.trim() === "") return { json: null };
  try {
    return { json: JSON.stringify(JSON.parse(body)) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
