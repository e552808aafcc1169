import { createHash } from "node:crypto";
import type { HttpResponseInit } from "@azure/functions";
import { parseTime } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import { second } from "../copy/durations.ts";
import type { CopyView } from "../instances/copy-view.ts";

/** The copy in each response, for `copyOf`, because a response's body has no type. */
const copies = new WeakMap<object, CopyView>();

/**
 * Builds the response that contains a copy; for a running copy, Retry-After is the time until Ferry polls next.
 */
export function copyResponse(
  status: 200 | 202,
  view: CopyView,
  { url, now }: { url: string; now: EpochMs },
): HttpResponseInit {
  const running = view.completedAt === null;
  const due = view.nextReadAt === null ? now : parseTime(view.nextReadAt);
  const seconds = Math.min(60, Math.max(1, Math.ceil((due - now) / second)));
  copies.set(view, view);
  return {
    status,
    jsonBody: view,
    headers: {
      "cache-control": "no-store",
      vary: "Prefer",
      ...(status === 202 ? { location: new URL(view.links.self, url).href } : {}),
      ...(running ? { "retry-after": String(seconds) } : {}),
    },
  };
}

/** The copy that a response contains; null if it contains a different body. */
export function copyOf({ jsonBody }: HttpResponseInit): CopyView | null {
  return copies.get(Object(jsonBody)) ?? null;
}

/**
 * Adds the ETag of the copy to a response to GET or HEAD, or responds with 304 if `If-None-Match` contains it (RFC
 * 9110, 13.1.2 and 15.4.5). Returns other responses unchanged.
 */
export function withEtag(response: HttpResponseInit, ifNoneMatch: string | null): HttpResponseInit {
  const copy = copyOf(response);
  if (copy === null) return response;
  // A strong ETag (RFC 9110, 8.8.3): the same view results in the same bytes.
  const digest = createHash("sha256").update(JSON.stringify(copy)).digest("base64url");
  const etag = `"${digest.slice(0, 22)}"`;
  // A cache may store it for its caller, but must revalidate it each time.
  const tagged = withHeaders(response, { "cache-control": "private, no-cache", etag });
  const { headers = {} } = tagged;
  return ifNoneMatch !== null && matches(ifNoneMatch, etag) ? { status: 304, headers } : tagged;
}

/** Adds headers to a response of this app, whose headers are an object. */
export function withHeaders(
  response: HttpResponseInit,
  added: Record<string, string>,
): HttpResponseInit {
  const headers = new Headers(Object.entries(response.headers ?? {}));
  for (const [name, value] of Object.entries(added)) headers.set(name, value);
  return { ...response, headers: Object.fromEntries(headers) };
}

/** Weak comparison: "W/" is ignored. */
function matches(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch.trim() === "*") return true;
  const etags: readonly string[] = ifNoneMatch.match(/"[^"]*"/g) ?? [];
  return etags.includes(etag);
}
