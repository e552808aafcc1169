import type { HostRequest, HostResponse } from "./http-server.ts";
import type { HttpCookie, HttpRequestBody, TypedData } from "../worker/typed-data.ts";

/** The server computes these itself; a function's own would break the framing of the message. */
const framingHeaders = new Set(["connection", "keep-alive", "transfer-encoding"]);

/**
 * A request as the function receives it (GrpcMessageConversionExtensions.cs): repeated query keys
 * are joined by ",", keys that differ only in case are one, empty values stay, and a body is passed
 * only if its Content-Length says that there is one.
 */
export function typedRequest(request: HostRequest, params: Record<string, string>): TypedData {
  const http: HttpRequestBody = {
    url: request.url.href,
    method: request.method,
    nullableHeaders: wrapped(request.headers),
    nullableQuery: wrapped(joinedQuery(request.url.searchParams)),
    nullableParams: wrapped(params),
  };
  if (!request.chunked && request.body.length > 0) http.body = { bytes: request.body };
  return { http };
}

/**
 * A function's return value as the HTTP answer; nothing returned is an empty 204. Throws where the
 * status is none that HTTP knows.
 */
export function responseOf(returned: TypedData | null | undefined): HostResponse {
  const http = returned?.http;
  if (http === undefined || !("statusCode" in http)) return { status: 204, headers: {}, body: "" };
  const status = Number(http.statusCode);
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new Error(`Cannot answer as the status is not between 200 and 599: ${http.statusCode}`);
  }
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(http.headers)) {
    // A body's length is known only here; HEAD answers state it for a body that is not sent.
    if (name === "content-length" && (http.body?.bytes?.length ?? 0) > 0) continue;
    if (!framingHeaders.has(name)) headers[name] = value;
  }
  if (http.cookies.length > 0) headers["set-cookie"] = http.cookies.map(cookieText);
  return { status, headers, body: http.body?.bytes ?? http.body?.string ?? "" };
}

function wrapped(values: Readonly<Record<string, string>>): Record<string, { value: string }> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value }]));
}

function joinedQuery(query: URLSearchParams): Record<string, string> {
  const joined = new Map<string, { key: string; values: string[] }>();
  for (const [key, value] of query) {
    const entry = joined.get(key.toLowerCase());
    if (entry === undefined) joined.set(key.toLowerCase(), { key, values: [value] });
    else entry.values.push(value);
  }
  return Object.fromEntries([...joined.values()].map(({ key, values }) => [key, values.join(",")]));
}

/** SetCookieHeaderValue.cs: attributes in this order and spelling; the path is "/" unless given. */
function cookieText(cookie: HttpCookie): string {
  const expires = cookie.expires && new Date(cookie.expires.value.seconds * 1000).toUTCString();
  const sameSite = cookie.sameSite === "explicitNone" ? "none" : cookie.sameSite;
  return [
    `${cookie.name}=${encodeURIComponent(cookie.value)}`,
    expires && `expires=${expires}`,
    cookie.maxAge && `max-age=${cookie.maxAge.value}`,
    cookie.domain && `domain=${cookie.domain.value}`,
    `path=${cookie.path?.value ?? "/"}`,
    cookie.secure?.value && "secure",
    // "none" in the protocol means that nothing was said; "explicitNone" is the attribute.
    cookie.sameSite !== undefined && cookie.sameSite !== "none" && `samesite=${sameSite}`,
    cookie.httpOnly?.value && "httponly",
  ]
    .filter((part) => typeof part === "string")
    .join("; ");
}
