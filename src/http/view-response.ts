import { createHash } from "node:crypto";
import type { HttpResponseInit } from "@azure/functions";

/** The bodies that get an ETag: views of copies and jobs. */
const views = new WeakSet<object>();

/** Builds the response that contains a copy or a job; `retryAfterSeconds` is null if it has ended. */
export function viewResponse(
  status: 200 | 202,
  view: { links: { self: string } },
  { url, retryAfterSeconds }: { url: string; retryAfterSeconds: number | null },
): HttpResponseInit {
  views.add(view);
  return {
    status,
    jsonBody: view,
    headers: {
      "cache-control": "no-store",
      vary: "Prefer",
      ...(status === 202 ? { location: new URL(view.links.self, url).href } : {}),
      ...(retryAfterSeconds === null ? {} : { "retry-after": String(retryAfterSeconds) }),
    },
  };
}

/**
 * Adds the ETag of the copy or job to a response to GET or HEAD, or responds with 304 if `If-None-Match` has it (RFC
 * 9110, 13.1.2 and 15.4.5). Other responses are returned unchanged.
 */
export function withEtag(response: HttpResponseInit, ifNoneMatch: string | null): HttpResponseInit {
  const body: object = Object(response.jsonBody);
  if (!views.has(body)) return response;
  // A strong ETag (RFC 9110, 8.8.3): the same view gives the same bytes.
  const digest = createHash("sha256").update(JSON.stringify(body)).digest("base64url");
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

/** Compares weakly: "W/" does not count. */
function matches(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch.trim() === "*") return true;
  const etags: readonly string[] = ifNoneMatch.match(/"[^"]*"/g) ?? [];
  return etags.includes(etag);
}
