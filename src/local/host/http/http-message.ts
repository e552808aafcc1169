import type { HostRequest, HostResponse } from "./http-server.ts";
import { second } from "../../durations.ts";
import type { HttpCookie, HttpRequestBody, TypedData } from "../worker/typed-data.ts";

/** The server sets these itself; a function's own values would break the framing of the message. */
const framingHeaders = new Set(["connection", "keep-alive", "transfer-encoding"]);

/**
 * Builds a request as the function receives it (GrpcMessageConversionExtensions.cs): values of repeated query keys are
 * joined by ",", keys are case-insensitive, and empty values stay. The body is passed on only if the request had a
 * Content-Length.
 */
export function buildRequestData(request: HostRequest, params: Record<string, string>): TypedData {
  const http: HttpRequestBody = {
    url: request.url.href,
    method: request.method,
    nullableHeaders: wrapValues(request.headers),
    nullableQuery: wrapValues(joinQuery(request.url.searchParams)),
    nullableParams: wrapValues(params),
  };
  if (!request.chunked && request.body.length > 0) http.body = { bytes: request.body };
  return { http };
}

/**
 * Builds the HTTP response from a function's return value; without one, an empty 204. Throws if the status is not
 * between 200 and 599.
 */
export function buildResponse(returned: TypedData | null | undefined): HostResponse {
  const http = returned?.http;
  if (http === undefined || !("statusCode" in http)) return { status: 204, headers: {}, body: "" };
  const status = Number(http.statusCode);
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new Error(
      `Cannot respond because the status is not between 200 and 599: ${http.statusCode}`,
    );
  }
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(http.headers)) {
    // The server knows the length of the body that it sends. HEAD responses state it for a body that is not sent.
    if (name === "content-length" && (http.body?.bytes?.length ?? 0) > 0) continue;
    if (!framingHeaders.has(name)) headers[name] = value;
  }
  if (http.cookies.length > 0) headers["set-cookie"] = http.cookies.map(formatCookie);
  return { status, headers, body: http.body?.bytes ?? http.body?.string ?? "" };
}

function wrapValues(values: Readonly<Record<string, string>>): Record<string, { value: string }> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value }]));
}

function joinQuery(query: URLSearchParams): Record<string, string> {
  const joined = new Map<string, { key: string; values: string[] }>();
  for (const [key, value] of query) {
    const entry = joined.get(key.toLowerCase());
    if (entry === undefined) joined.set(key.toLowerCase(), { key, values: [value] });
    else entry.values.push(value);
  }
  return Object.fromEntries([...joined.values()].map(({ key, values }) => [key, values.join(",")]));
}

/** SetCookieHeaderValue.cs: attributes in this order and spelling; the default path is "/". */
function formatCookie(cookie: HttpCookie): string {
  const expires = cookie.expires && new Date(cookie.expires.value.seconds * second).toUTCString();
  const sameSite = cookie.sameSite === "explicitNone" ? "none" : cookie.sameSite;
  return [
    `${cookie.name}=${encodeURIComponent(cookie.value)}`,
    expires && `expires=${expires}`,
    cookie.maxAge && `max-age=${cookie.maxAge.value}`,
    cookie.domain && `domain=${cookie.domain.value}`,
    `path=${cookie.path?.value ?? "/"}`,
    cookie.secure?.value && "secure",
    // In the protocol "none" means unset; "explicitNone" is the attribute's value.
    cookie.sameSite !== undefined && cookie.sameSite !== "none" && `samesite=${sameSite}`,
    cookie.httpOnly?.value && "httponly",
  ]
    .filter((part) => typeof part === "string")
    .join("; ");
}
